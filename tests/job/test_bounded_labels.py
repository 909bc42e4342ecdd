"""Bounded mode with labels, over each kind of file: labels become visible as in the reference."""

import base64
import gzip
import json
import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fraudstream.domain.catalogue import BUILT_IN_WITH_LABELS, Catalogue, Feature, WindowFeature
from fraudstream.domain.duration import DAY_MS, HOUR_MS, MINUTE_MS
from fraudstream.domain.features import Entity
from fraudstream.domain.reference import Evaluated, evaluate, merge_labels
from fraudstream.domain.transaction import FIELD_NAMES, Label, Transaction, from_time_ms
from tests.job.comparison import wrong_values
from tests.job.job_helpers import run_feature_job
from tests.job.random_stream import labels, transactions, with_copies, with_late_ones

SEED = 5
TRANSACTIONS = transactions(SEED, 1_200)
LABELS = labels(TRANSACTIONS, SEED)
LATENESS_MS = 6 * HOUR_MS


def short_rate(entity: Entity, window_ms: int) -> WindowFeature:
    """Return a fraud rate whose window includes the current transaction: each label's position matters."""
    name = f"{entity}_{window_ms}"
    return WindowFeature(name=name, entity=entity, statistic="fraud_rate", window_ms=window_ms)


LAST: Feature = WindowFeature(
    name="last_fees",
    entity="device_id",
    statistic="last_n",
    column="transaction_fees_vnd",
    window_ms=HOUR_MS,
    n=3,
)
CATALOGUE = Catalogue(
    (
        *BUILT_IN_WITH_LABELS.features,
        short_rate("account_id", MINUTE_MS),
        short_rate("account_id", DAY_MS),
        short_rate("device_id", 1),
        short_rate("merchant_id", 2 * DAY_MS),
        LAST,
    )
)
RATES = Catalogue(tuple(each for each in CATALOGUE.windows if each.statistic == "fraud_rate"))
KNOWN = b'{"transaction_id": "t9", "account_id": "A1", "event_time": "2026-01-05T01:00:00Z", '
BROKEN_LABELS = {
    b"null": "malformed_json",
    b"{": "malformed_json",
    b"[]": "malformed_json",
    b'{"note": "\xff"}': "malformed_json",
    b'{"transaction_id": "t9"}': "missing_field",
    KNOWN + b'"available_at": "2026-01-05T02:00:00Z"}': "missing_field",
    KNOWN + b'"available_at": "2026-01-05T02:00:00Z", "is_fraud": "yes"}': "wrong_type",
    KNOWN + b'"available_at": "soon", "is_fraud": true}': "invalid_time",
    KNOWN + b'"available_at": "2026-01-05T00:59:59.999Z", "is_fraud": true}': "invalid_time",
    KNOWN + b'"note": "' + b"x" * 70_000 + b'"}': "oversize",
}
BROKEN_TRANSACTIONS = {b'{"transaction_id": 7}': "wrong_type", b"\xfe": "malformed_json"}


@dataclass(frozen=True)
class Inputs:
    """Files of one stream, in each format, and the reference's result for it."""

    folder: Path
    expected: Sequence[Evaluated]

    def new(self) -> list[Evaluated]:
        return [each for each in self.expected if each.outcome == "new"]

    def run(self, source: str, labels_file: str, *outputs: str) -> subprocess.CompletedProcess[str]:
        (self.folder / "catalogue.json").write_text(CATALOGUE.to_json())
        files = {"--source": source, "--labels": labels_file, "--catalogue": "catalogue.json"}
        files |= dict(zip(outputs[::2], outputs[1::2], strict=True))
        arguments = [part for option, name in files.items() for part in (option, self.folder / name)]
        return run_feature_job(*arguments, "--parallelism", "1", "--allowed-lateness", "6h")


def joined(lines: Sequence[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def spread(lines: Sequence[bytes], among: Sequence[bytes]) -> list[bytes]:
    """Insert lines among others, at positions throughout the list."""
    mixed = list(among)
    for place, line in enumerate(lines):
        mixed.insert(place * len(mixed) // len(lines), line)
    return mixed


def columns(records: Sequence[Transaction]) -> pa.Table:
    """Return transactions as a bank's warehouse stores them: with timestamp columns."""
    rows = {name: [getattr(record, name) for record in records] for name in FIELD_NAMES}
    times = [from_time_ms(time_ms) for time_ms in rows.pop("event_time_ms")]
    return pa.table(rows | {"event_time": pa.array(times, pa.timestamp("ms", tz="UTC"))})


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    folder = tmp_path_factory.mktemp("labelled")
    stream = with_copies(TRANSACTIONS, SEED)
    stream = with_late_ones(stream, SEED, late_ms=LATENESS_MS + 5 * HOUR_MS)
    lines = [each.to_json() for each in stream]
    label_lines = spread(list(BROKEN_LABELS), [each.to_json() for each in LABELS])
    (folder / "in.jsonl").write_bytes(joined(spread(list(BROKEN_TRANSACTIONS), lines)))
    unused = LABELS[0].to_json().replace(LABELS[0].transaction_id.encode(), b"of-no-transaction")
    label_lines.append(unused)
    (folder / "labels.jsonl").write_bytes(joined(label_lines) + b"\n \n")
    (folder / "labels.jsonl.gz").write_bytes(gzip.compress(joined(label_lines)))
    pq.write_table(columns(stream), folder / "in.parquet")
    expected = evaluate(CATALOGUE, merge_labels(stream, LABELS), allowed_lateness_ms=LATENESS_MS)
    return Inputs(folder, list(expected))


@pytest.fixture(scope="module")
def rows(inputs: Inputs) -> list[dict[str, Any]]:
    """Run the job over JSON lines; return the features."""
    process = inputs.run(
        *("in.jsonl", "labels.jsonl"),
        *("--features-out", "features.jsonl", "--dead-letters-out", "dead.jsonl"),
    )
    assert process.returncode == 0, process.stderr
    (inputs.folder / "stderr").write_text(process.stderr)
    return [json.loads(line) for line in (inputs.folder / "features.jsonl").read_bytes().splitlines()]


def test_the_stream_covers_every_outcome_and_labels_change_rates(inputs: Inputs) -> None:
    counts = Counter(each.outcome for each in inputs.expected)
    assert counts["new"] >= 1_000
    assert counts["duplicate"] >= 50
    assert counts["late"] >= 20
    for name in RATES.names:
        values = [each.features[name] for each in inputs.new()]
        assert sum(value == 0 for value in values) >= 5, name
        assert sum(bool(value) for value in values) >= 5, name


def test_every_feature_uses_only_the_labels_available_at_its_time(
    inputs: Inputs, rows: list[dict[str, Any]]
) -> None:
    assert wrong_values(CATALOGUE, inputs.new(), rows) == []


def test_labels_in_other_positions_would_give_other_rates(inputs: Inputs, rows: list[dict[str, Any]]) -> None:
    stream = [each.transaction for each in inputs.expected]
    orders: list[list[Transaction | Label]] = [[*LABELS, *stream], [*stream, *LABELS]]
    for order in orders:
        evaluated = evaluate(RATES, order, allowed_lateness_ms=LATENESS_MS)
        assert wrong_values(RATES, [each for each in evaluated if each.outcome == "new"], rows) != []


def test_the_summary_counts_what_the_reference_counts(inputs: Inputs, rows: list[dict[str, Any]]) -> None:
    assert rows
    said = (inputs.folder / "stderr").read_text()
    outcomes = Counter(each.outcome for each in inputs.expected)
    reasons = Counter(BROKEN_TRANSACTIONS.values()) + Counter(late=outcomes["late"])
    read = outcomes.total() + len(BROKEN_TRANSACTIONS)
    assert f"transactions: {read:,} read, {outcomes['new']:,} accepted, {reasons.total():,} refused (" in said
    assert all(f"{count:,} {reason}" in said for reason, count in reasons.items())
    assert f"{outcomes['duplicate']:,} duplicates" in said
    labels = f"labels: {len(LABELS) + 1 + len(BROKEN_LABELS):,} read, {len(LABELS) + 1:,} accepted"
    assert labels in said


def test_every_invalid_line_becomes_a_dead_letter_with_its_own_bytes(
    inputs: Inputs, rows: list[dict[str, Any]]
) -> None:
    assert rows
    letters = [json.loads(line) for line in (inputs.folder / "dead.jsonl").read_bytes().splitlines()]
    refused = {raw(letter): letter["reason"] for letter in letters if letter["reason"] != "late"}
    assert refused == BROKEN_LABELS | BROKEN_TRANSACTIONS
    late = sorted(
        json.loads(raw(letter))["transaction_id"] for letter in letters if letter["reason"] == "late"
    )
    assert late == sorted(
        each.transaction.transaction_id for each in inputs.expected if each.outcome == "late"
    )


def raw(letter: dict[str, Any]) -> bytes:
    text: str = letter["raw"]
    return base64.b64decode(text) if letter["encoding"] == "base64" else text.encode()


@pytest.fixture(scope="module")
def without_model(inputs: Inputs) -> subprocess.CompletedProcess[str]:
    """Run the job from Parquet to Parquet with compressed labels and without a model file."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("FRAUDSTREAM_MODEL", "/no/such/model")
        return inputs.run("in.parquet", "labels.jsonl.gz", "--features-out", "features.parquet")


def test_without_scoring_no_model_is_loaded(without_model: subprocess.CompletedProcess[str]) -> None:
    assert without_model.returncode == 0, without_model.stderr
    assert "model = /no/such/model" in without_model.stderr


@pytest.fixture(scope="module")
def table(inputs: Inputs, without_model: subprocess.CompletedProcess[str]) -> pa.Table:
    """Return the features in Parquet."""
    assert without_model.returncode == 0, without_model.stderr
    return pq.read_table(inputs.folder / "features.parquet")


def test_parquet_input_and_output_keep_values_order_and_nulls(
    table: pa.Table, rows: list[dict[str, Any]]
) -> None:
    assert table.to_pylist() == [row | {"out_of_reach": None} for row in rows]


def test_parquet_numbers_are_doubles_and_last_n_is_a_list_of_lists(table: pa.Table) -> None:
    types = {name: str(table.schema.field(name).type) for name in table.column_names}
    assert types.pop("transaction_id") == types.pop("account_id") == "string"
    assert types.pop(LAST.name) == "list<item: list<item: double>>"
    assert types.pop("out_of_reach") == "list<item: string>"
    assert set(types.values()) == {"double"}
    assert table.column_names == ["transaction_id", "account_id", *CATALOGUE.names, "out_of_reach"]

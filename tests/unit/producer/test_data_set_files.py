"""A data set in files: reproducible, complete, and with a card of correct counts."""

from dataclasses import asdict
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import csv
from pyarrow import parquet as pq
from typer.testing import CliRunner

from fraudstream.domain.patterns import FRAUD_TYPES
from fraudstream.domain.transaction import format_time
from producer import dataset
from producer.__main__ import app
from producer.dataset import TRANSACTION_SCHEMA, TRUTH_SCHEMA, Kind, write_dataset
from producer.simulation import TrafficOptions, generate

OPTIONS = TrafficOptions(seed=3, accounts=200, start_ms=1_767_571_200_000, fraud_share=0.2)
COUNT = 5_000


def written(folder: Path, kind: Kind) -> Path:
    out = folder / f"data.{kind}"
    assert list(write_dataset(OPTIONS, COUNT, out, kind))[-1] == COUNT
    return out


@pytest.fixture(name="files", scope="module")
def fixture_files(tmp_path_factory: pytest.TempPathFactory) -> dict[Kind, Path]:
    folder = tmp_path_factory.mktemp("files")
    return {kind: written(folder / kind, kind) for kind in ("csv", "parquet")}


def read(path: Path, schema: pa.Schema) -> pa.Table:
    if path.suffix == ".parquet":
        return pq.read_table(path)
    types = csv.ConvertOptions(column_types=schema, strings_can_be_null=True)
    return csv.read_csv(path, convert_options=types)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_the_files_contain_the_transactions_and_their_labels(files: dict[Kind, Path], kind: Kind) -> None:
    out = files[kind]
    transactions = read(out, TRANSACTION_SCHEMA).to_pylist()
    truth = read(out.with_suffix(f".truth.{kind}"), TRUTH_SCHEMA).to_pylist()
    assert len(transactions) == len(truth) == COUNT
    for row, label_row, (transaction, label) in zip(transactions, truth, generate(OPTIONS), strict=False):
        assert row["transaction_id"] == label_row["transaction_id"] == transaction.transaction_id
        assert row["transaction_amount_vnd"] == transaction.transaction_amount_vnd
        assert round(row["event_time"].timestamp() * 1000) == transaction.event_time_ms
        assert (row["city"], row["npl_flag"]) == (transaction.city, transaction.npl_flag)
        assert (label_row["is_fraud"], label_row["fraud_type"]) == (label.is_fraud, label.fraud_type)
        assert round(label_row["available_at"].timestamp() * 1000) == label.available_at_ms
        told = {name: value for name, value in asdict(label).items() if not name.endswith("_ms")}
        assert {name: label_row[name] for name in told} == told


def test_a_parquet_files_times_have_a_time_zone(files: dict[Kind, Path]) -> None:
    out = files["parquet"]
    in_utc = pa.timestamp("ms", tz="UTC")
    assert pq.read_schema(out).field("event_time").type == in_utc
    truth = pq.read_schema(out.with_suffix(".truth.parquet"))
    assert [truth.field(name).type for name in ("event_time", "available_at")] == [in_utc] * 2


def test_the_label_is_in_no_column_of_the_transactions() -> None:
    assert not {"is_fraud", "fraud_type", "available_at"} & set(TRANSACTION_SCHEMA.names)


def test_the_same_seed_writes_the_same_bytes(files: dict[Kind, Path], tmp_path: Path) -> None:
    both = [sorted(path.parent.glob("*")) for path in (files["csv"], written(tmp_path, "csv"))]
    assert [path.name for path in both[0]] == [
        "data.card.md",
        "data.card.svg",
        "data.csv",
        "data.truth.csv",
    ]
    for one, other in zip(*both, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name


def test_the_card_counts_the_content_of_the_files(files: dict[Kind, Path]) -> None:
    out = files["parquet"]
    card = out.with_suffix(".card.md").read_text()
    kinds = pq.read_table(out.with_suffix(".truth.parquet"))["fraud_type"].to_pylist()
    cells = {
        line.split("|")[1].strip(): line.split("|")[2].strip()
        for line in card.splitlines()
        if line.startswith("| ")
    }
    assert cells["honest"] == f"{kinds.count(None):,}"
    for fraud_type in FRAUD_TYPES:
        assert cells[fraud_type] == f"{kinds.count(fraud_type):,}"
    times_ms = [
        transaction.event_time_ms
        for (transaction, _), _ in zip(generate(OPTIONS), range(COUNT), strict=False)
    ]
    assert f"from {format_time(times_ms[0])} to {format_time(times_ms[-1])}" in card


def test_the_median_of_the_card_is_near_the_true_median(files: dict[Kind, Path]) -> None:
    out = files["parquet"]
    table = pq.read_table(out)
    kinds = pq.read_table(out.with_suffix(".truth.parquet"))["fraud_type"].to_pylist()
    amounts = [
        amount
        for amount, kind in zip(table["transaction_amount_vnd"].to_pylist(), kinds, strict=True)
        if kind is None
    ]
    (row,) = [
        line for line in out.with_suffix(".card.md").read_text().splitlines() if line.startswith("| honest")
    ]
    shown = int(row.split("|")[4].replace(",", ""))
    assert shown <= sorted(amounts)[len(amounts) // 2] <= shown * 1.13


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_the_command_writes_the_data_set(tmp_path: Path, kind: str) -> None:
    out = tmp_path / f"some.{kind}"
    said = CliRunner().invoke(app, [kind, "--count", "300", "--seed", "5", "--out", str(out)])
    assert said.exit_code == 0, said.output
    assert read(out, TRANSACTION_SCHEMA).num_rows == 300


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_every_option_of_the_command_takes_effect(tmp_path: Path, kind: Kind) -> None:
    out = tmp_path / f"some.{kind}"
    given = ["--count", "400", "--seed", "5", "--accounts", "60", "--fraud-share", "0.3"]
    for start, start_ms in ((None, 1_767_571_200_000), ("2026-02-01T00:00:00Z", 1_769_904_000_000)):
        said = CliRunner().invoke(
            app, [kind, *given, "--out", str(out), *(["--start", start] if start else [])]
        )
        assert said.exit_code == 0, said.output
        options = TrafficOptions(seed=5, accounts=60, fraud_share=0.3, start_ms=start_ms)
        ids = read(out, TRANSACTION_SCHEMA)["account_id"].to_pylist()
        assert ids == [transaction.account_id for transaction, _ in islice(generate(options), 400)]
        assert "seed 5" in out.with_suffix(".card.md").read_text()


def test_a_missing_chart_package_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset, "find_spec", lambda _name: None)
    said = CliRunner().invoke(app, ["csv", "--count", "10", "--out", str(tmp_path / "a.csv")])
    assert said.exit_code == 2
    assert "matplotlib is not installed" in " ".join(said.output.replace("│", " ").split())


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--out", "nothing"], "no file extension; give a name like"),
        (["--start", "yesterday", "--out", "a.csv"], "not an RFC 3339 time"),
        (["--fraud-share", "1.5", "--out", "a.csv"], "fraud_share=1.5"),
    ],
)
def test_invalid_options_are_rejected(arguments: list[str], says: str) -> None:
    said = CliRunner().invoke(app, ["csv", *arguments])
    assert said.exit_code == 2
    assert says in " ".join(said.output.replace("│", " ").split())

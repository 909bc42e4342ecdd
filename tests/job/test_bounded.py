"""The whole job over a file: its output equals the naive reference, record for record."""

import base64
import json
import math
import random
import subprocess
from collections import Counter
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from fraudstream.domain.catalogue import BUILT_IN, Catalogue
from fraudstream.domain.duration import DAY_MS, HOUR_MS
from fraudstream.domain.reference import Evaluated, Value, evaluate
from fraudstream.domain.transaction import Transaction
from fraudstream.runtime.project_root import ROOT
from fraudstream.scoring.manifest import Manifest
from producer.simulation import TrafficOptions, generate
from tests.job.job_helpers import run_feature_job

SEED = 11
START_MS = 1_767_571_200_000
LATENESS_MS = 6 * HOUR_MS
BROKEN = {
    b"{": "malformed_json",
    b'\xff{"transaction_id": "x"}': "malformed_json",
    b'{"transaction_id": 7}': "wrong_type",
    b'{"transaction_id": "x"}': "missing_field",
    b'{"transaction_id": "x", "event_time": "soon"}': "invalid_time",
    b'{"transaction_id": "x", "event_time": "2026-01-05T00:00:00Z", "account_id": "a",'
    b' "transaction_amount_vnd": 0}': "invalid_amount",
    b'{"transaction_id": "x", "event_time": "2026-01-05T00:00:00Z", "account_id": "",'
    b' "transaction_amount_vnd": 1}': "invalid_value",
    b'{"transaction_id": "' + b"x" * 70_000 + b'"}': "oversize",
}


def arrivals() -> list[Transaction]:
    """Return 5,000 transactions of few accounts: up to hours out of order, some duplicated, some late."""
    rng = random.Random(SEED)
    options = TrafficOptions(seed=SEED, accounts=150, start_ms=START_MS)
    transactions = [labelled.transaction for labelled in islice(generate(options), 5_000)]
    delays_ms = [rng.choice((0, 0, 0, rng.randrange(HOUR_MS), rng.randrange(DAY_MS))) for _ in transactions]
    order = sorted(range(5_000), key=lambda i: transactions[i].event_time_ms + delays_ms[i])
    shuffled = [transactions[i] for i in order]
    for place in rng.sample(range(5_000), 50):
        shuffled.insert(place + rng.randrange(40), shuffled[place])
    # On the same millisecond as the previous transaction of the same account.
    for place in rng.sample(range(100, 5_000), 50):
        twin = shuffled[place]
        shuffled.insert(place + 1, replace(twin, transaction_id=f"{twin.transaction_id}-twin"))
    return shuffled


@dataclass(frozen=True)
class Run:
    process: subprocess.CompletedProcess[str]
    folder: Path
    expected: list[Evaluated]

    def lines(self, name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / name).read_bytes().splitlines()]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("bounded")
    transactions = arrivals()
    # Its fee fits a double but not the model's floats; the account's other transactions are scored.
    too_large = replace(transactions[2_500], transaction_id="too-large", transaction_fees_vnd=1e300)
    transactions.insert(2_500, too_large)
    lines = [transaction.to_json() for transaction in transactions]
    for place, record in enumerate(BROKEN):
        lines.insert(100 * place, record)
    (folder / "in.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
    process = run_feature_job(
        *("--source", folder / "in.jsonl", "--parallelism", "1", "--allowed-lateness", "6h"),
        *("--features-out", folder / "features.jsonl", "--scores-out", folder / "scores.jsonl"),
        *("--alerts-out", folder / "alerts.jsonl", "--dead-letters-out", folder / "dead.jsonl"),
    )
    expected = list(evaluate(BUILT_IN, transactions, allowed_lateness_ms=LATENESS_MS))
    return Run(process, folder, expected)


def of_outcome(run: Run, outcome: str) -> list[Evaluated]:
    return [evaluated for evaluated in run.expected if evaluated.outcome == outcome]


def test_the_job_succeeds_and_leaves_no_part_files(run: Run) -> None:
    assert run.process.returncode == 0, run.process.stderr
    files = {"in.jsonl", "features.jsonl", "scores.jsonl", "alerts.jsonl", "dead.jsonl"}
    assert {path.name for path in run.folder.iterdir()} == files


def test_the_input_covers_every_outcome(run: Run) -> None:
    counts = Counter(evaluated.outcome for evaluated in run.expected)
    assert counts["duplicate"] >= 30
    assert counts["late"] >= 30
    assert counts["new"] >= 4_000


def test_every_feature_equals_the_reference_in_file_order(run: Run) -> None:
    rows = run.lines("features.jsonl")
    expected = of_outcome(run, "new")
    assert [row.pop("transaction_id") for row in rows] == [e.transaction.transaction_id for e in expected]
    wrong = [
        (evaluated.transaction.transaction_id, name, row[name], value)
        for evaluated, row in zip(expected, rows, strict=True)
        for name, value in evaluated.features.items()
        if not equal(row[name], value)
    ]
    assert wrong == []
    assert all(tuple(row) == BUILT_IN.names for row in rows)


def equal(value: float | None, expected: Value) -> bool:
    if value is None or expected is None or isinstance(expected, list):
        return value is expected
    return math.isclose(value, expected, rel_tol=1e-9)


def test_every_accepted_transaction_has_one_scored_record_and_duplicates_are_marked(run: Run) -> None:
    records = run.lines("scores.jsonl")
    scored = [record for record in records if record["outcome"] == "new"]
    duplicates = [record for record in records if record["outcome"] == "duplicate"]
    accepted = ids(of_outcome(run, "new"))
    accepted.remove("too-large")
    assert sorted(record["transaction_id"] for record in scored) == accepted
    assert sorted(record["transaction_id"] for record in duplicates) == ids(of_outcome(run, "duplicate"))
    assert all(0 <= record["score"] <= 1 for record in scored)
    assert all(record["score"] is None and record["features"] is None for record in duplicates)


def ids(evaluated: list[Evaluated]) -> list[str]:
    return sorted(each.transaction.transaction_id for each in evaluated)


def test_an_alert_is_sent_only_for_scores_at_or_above_the_threshold(run: Run) -> None:
    threshold = Manifest.load(ROOT / "models" / "v1").threshold
    records = [record for record in run.lines("scores.jsonl") if record["outcome"] == "new"]
    above = sorted(record["transaction_id"] for record in records if record["score"] >= threshold)
    alerts = run.lines("alerts.jsonl")
    assert above
    assert sorted(alert["transaction_id"] for alert in alerts) == above
    assert len({alert["alert_id"] for alert in alerts}) == len(alerts)


def test_every_invalid_record_becomes_a_dead_letter_with_its_reason_and_bytes(run: Run) -> None:
    letters = [letter for letter in run.lines("dead.jsonl") if letter["reason"] not in ("late", "scoring")]
    found = {raw_bytes(letter): letter["reason"] for letter in letters}
    assert found == BROKEN
    assert len(letters) == len(BROKEN)


def raw_bytes(letter: dict[str, Any]) -> bytes:
    raw: str = letter["raw"]
    return base64.b64decode(raw) if letter["encoding"] == "base64" else raw.encode()


def test_every_late_transaction_becomes_a_dead_letter(run: Run) -> None:
    letters = [letter for letter in run.lines("dead.jsonl") if letter["reason"] == "late"]
    late = sorted(json.loads(letter["raw"])["transaction_id"] for letter in letters)
    assert late == ids(of_outcome(run, "late"))


def test_a_transaction_that_cannot_be_scored_becomes_a_dead_letter_and_others_are_scored(run: Run) -> None:
    letters = [letter for letter in run.lines("dead.jsonl") if letter["reason"] == "scoring"]
    assert [json.loads(letter["raw"])["transaction_id"] for letter in letters] == ["too-large"]
    assert "too large" in letters[0]["detail"]
    assert "too-large" not in {record["transaction_id"] for record in run.lines("scores.jsonl")}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--parallelism", "none"], "parallelism: 'none' can't be used"),
        (["--source", "no-such-file.jsonl"], "source: 'no-such-file.jsonl' can't be used"),
        (["--model", "no-such-folder"], "no-such-folder/manifest.json does not exist"),
        (["--source", "pyproject.toml"], "--features-out"),
        (["--features-out", "x.jsonl"], "--source"),
    ],
)
def test_invalid_options_stop_the_job_at_startup_with_the_fix(arguments: list[str], says: str) -> None:
    process = run_feature_job(*arguments)
    assert process.returncode == 2
    assert says in process.stderr
    assert "Traceback" not in process.stderr


def test_a_catalogue_that_redefines_a_feature_of_the_model_is_rejected(tmp_path: Path) -> None:
    first, *rest = BUILT_IN.features
    other = first.model_copy(update={"window_ms": 60_000})
    catalogue = tmp_path / "catalogue.json"
    catalogue.write_text(Catalogue((other, *rest)).to_json())
    process = run_feature_job("--catalogue", catalogue)
    assert process.returncode == 2
    assert "account_count_5m: trained as" in process.stderr

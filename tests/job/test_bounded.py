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

from fraudstream.archives.record_escape import as_line
from fraudstream.domain.alert import Alert
from fraudstream.domain.catalogue import BUILT_IN, Catalogue
from fraudstream.domain.duration import DAY_MS, HOUR_MS
from fraudstream.domain.number_ranges import NUMBER_RANGES
from fraudstream.domain.reference import Evaluated, Value, evaluate
from fraudstream.domain.transaction import Transaction, TransactionKey
from fraudstream.runtime.project_root import ROOT
from fraudstream.scoring.manifest import Manifest
from producer.simulation import TrafficOptions, generate
from tests.job.job_helpers import run_feature_job
from tests.kpl_records import aggregated

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
    b'{"transaction_id": "b", "account_id": "big", "note": "' + b"x" * 70_000 + b'"}': "oversize",
    aggregated((b'{"account_id": "a"}', "a")): "aggregation",
    aggregated((b"x" * 70_000 + b"\n{}", "a"))[:-1]: "aggregation",
}
REFUSED_TOGETHER = 8
BROKEN |= {
    f'{{"transaction_id": "m{number}", "event_time": "2026-01-05T00:00:0{number}Z", "account_id": "many",'
    ' "transaction_amount_vnd": 0}'.encode(): "invalid_amount"
    for number in range(REFUSED_TOGETHER)
}
REVIEWS_PER_MINUTE = 5
REVIEWED = {
    ("a", "x", "invalid_amount"),
    ("big", "b", "oversize"),
    *(("many", f"m{number}", "invalid_amount") for number in range(REVIEWS_PER_MINUTE)),
}
"""The invalid records that have an account id and a transaction id, up to the limit, with the reason."""
ABSURD_VALUES = (-1e6, 1e16, 1e39, -1e39, 1.7976931348623157e308)
"""Values that no field has. In a window each would hide what its account does for as long as it lasts."""


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


def with_absurd_ones(transactions: list[Transaction]) -> list[Transaction]:
    """Return the transactions with 35 more, each before one of its account, with one number absurd."""
    mixed = list(transactions)
    pairs = [(name, value) for name in NUMBER_RANGES for value in ABSURD_VALUES]
    for number, (name, value) in enumerate(pairs):
        changes: dict[str, Any] = {"transaction_id": f"absurd {name} {value}", name: value}
        place = mixed.index(transactions[1_000 + 60 * number])
        mixed.insert(place, replace(mixed[place], **changes))
    return mixed


def is_absurd(transaction_id: str) -> bool:
    return transaction_id.startswith("absurd")


def reason_of(transaction_id: str) -> str:
    return "invalid_amount" if "transaction_amount_vnd" in transaction_id else "invalid_value"


@dataclass(frozen=True)
class Run:
    process: subprocess.CompletedProcess[str]
    folder: Path
    expected: list[Evaluated]
    absurd: list[Transaction]

    def lines(self, name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / name).read_bytes().splitlines()]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("bounded")
    transactions = arrivals()
    # The ratio of its fee to its amount exceeds the model's floats.
    too_large = replace(
        transactions[2_500],
        transaction_id="too-large",
        transaction_fees_vnd=1e15,
        transaction_amount_vnd=1e-30,
    )
    transactions.insert(2_500, too_large)
    mixed = with_absurd_ones(transactions)
    lines = [transaction.to_json() for transaction in mixed]
    for place, record in enumerate(BROKEN):
        lines.insert(100 * place, as_line(record) if b"\n" in record else record)
    (folder / "in.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
    process = run_feature_job(
        *("--source", folder / "in.jsonl", "--parallelism", "1", "--allowed-lateness", "6h"),
        *("--features-out", folder / "features.jsonl", "--scores-out", folder / "scores.jsonl"),
        *("--alerts-out", folder / "alerts.jsonl", "--dead-letters-out", folder / "dead.jsonl"),
    )
    expected = list(evaluate(BUILT_IN, transactions, allowed_lateness_ms=LATENESS_MS))
    return Run(process, folder, expected, [each for each in mixed if is_absurd(each.transaction_id)])


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
    keys = [TransactionKey(row.pop("account_id"), row.pop("transaction_id")) for row in rows]
    assert keys == [evaluated.transaction.key for evaluated in expected]
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
    assert sorted(record["transaction_id"] for record in scored) == ids(of_outcome(run, "new"))
    assert sorted(record["transaction_id"] for record in duplicates) == ids(of_outcome(run, "duplicate"))
    assert all(0 <= record["score"] <= 1 for record in scored)
    assert all(record["score"] is None and record["features"] is None for record in duplicates)


def ids(evaluated: list[Evaluated]) -> list[str]:
    return sorted(each.transaction.transaction_id for each in evaluated)


def test_an_alert_is_sent_only_for_scores_at_or_above_the_threshold(run: Run) -> None:
    threshold = Manifest.load(ROOT / "models" / "v1").threshold
    records = [record for record in run.lines("scores.jsonl") if record["outcome"] == "new"]
    above = sorted(record["transaction_id"] for record in records if record["score"] >= threshold)
    alerts = [alert for alert in run.lines("alerts.jsonl") if alert["kind"] == "score"]
    assert above
    assert sorted(alert["transaction_id"] for alert in alerts) == above
    assert len({alert["alert_id"] for alert in alerts}) == len(alerts)


def test_every_invalid_record_becomes_a_dead_letter_with_its_reason_and_bytes(run: Run) -> None:
    letters = [letter for letter in run.lines("dead.jsonl") if letter["reason"] != "late"]
    found = {raw_bytes(letter): letter["reason"] for letter in letters}
    absurd = {each.to_json(): reason_of(each.transaction_id) for each in run.absurd}
    assert found == BROKEN | absurd
    assert len(letters) == len(BROKEN) + len(run.absurd)


def raw_bytes(letter: dict[str, Any]) -> bytes:
    raw: str = letter["raw"]
    return base64.b64decode(raw) if letter["encoding"] == "base64" else raw.encode()


def test_every_late_transaction_becomes_a_dead_letter(run: Run) -> None:
    letters = [letter for letter in run.lines("dead.jsonl") if letter["reason"] == "late"]
    late = sorted(json.loads(letter["raw"])["transaction_id"] for letter in letters)
    assert late == ids(of_outcome(run, "late"))


def test_every_unscored_transaction_raises_a_review_alert_with_its_ids_and_reason(run: Run) -> None:
    """The features of all others equal the reference, which never saw the refused ones."""
    reviews = [
        Alert.model_validate(alert) for alert in run.lines("alerts.jsonl") if alert["kind"] == "review"
    ]
    own = [each for each in reviews if each.transaction_id]
    found = {(each.account_id, each.transaction_id, each.review.reason) for each in own if each.review}
    late = [evaluated.transaction for evaluated in of_outcome(run, "late")]
    assert found == {
        *REVIEWED,
        *((each.account_id, each.transaction_id, "late") for each in late),
        *((each.account_id, each.transaction_id, reason_of(each.transaction_id)) for each in run.absurd),
    }
    # A transaction that is late twice has the same alert twice.
    assert len({each.alert_id for each in own}) == len(found)
    assert {each.score for each in reviews} == {None}


def test_review_alerts_beyond_the_limit_of_an_account_are_counted_in_one_summary(run: Run) -> None:
    reviews = [Alert.model_validate(each) for each in run.lines("alerts.jsonl") if each["kind"] == "review"]
    (summary,) = [each for each in reviews if each.account_id == "many" and not each.transaction_id]
    assert summary.review is not None
    assert summary.review.reason == "many_reviews"
    assert summary.review.reasons == {"invalid_amount": REFUSED_TOGETHER - REVIEWS_PER_MINUTE}
    assert len({each.alert_id for each in reviews if each.account_id == "many"}) == REVIEWS_PER_MINUTE + 1


def test_a_feature_beyond_single_precision_is_missing_and_named_beside_the_score(run: Run) -> None:
    records = {record["transaction_id"]: record for record in run.lines("scores.jsonl")}
    named = {id_: names for id_, record in records.items() if (names := record.get("overflowing_features"))}
    assert named == {"too-large": ["fee_to_amount_ratio"]}
    assert 0 <= records["too-large"]["score"] <= 1


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

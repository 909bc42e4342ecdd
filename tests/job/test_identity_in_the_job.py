"""A transaction is one of its account: ids that accounts share, that come again, or that collide."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from alerts.store.memory import MemoryStore
from fraudstream.domain.alert import Alert
from fraudstream.domain.catalogue import BUILT_IN
from fraudstream.domain.transaction import TransactionKey
from models.data.labelled_dataset import DatasetFiles, read_dataset
from tests.job.job_helpers import run_feature_job
from tests.unit.alerts.alert_fakes import FakeHandler, RetainingKinesis, Stage

Record = dict[str, Any]

FRAUD: Record = {
    "transaction_amount_vnd": 390_000_000,
    "device_id": "DEV_NEW_9001",
    "biometric_failure_count": 4,
    "counterparty_id": "CP_MULE",
}
HARMLESS: Record = {"transaction_amount_vnd": 20_000, "device_id": "D1", "biometric_failure_count": 0}
COLLIDING = ("HARMLESS-PAYMENT-00000000000001x", r"X4937453660167190\}(>o^d\#dM?1,j")
COLLIDING_DEVICES = ("DEVICE-000000000000000000000000x", "X653653025769656OhA2f?zjfp0-4^)V")
"""Pairs with the same MurmurHash3, which needs no key: the earlier releases took the second for the first."""


def record(account: str, id_: str, minute: int, **fields: Any) -> Record:  # noqa: ANN401 - fields of a transaction
    time = f"2026-01-02T03:{minute:02}:00Z"
    amount = {"transaction_amount_vnd": 1_000}
    return amount | {"transaction_id": id_, "event_time": time, "account_id": account} | fields


SHARED_IDS = [
    record(account, f"00000{number}", number, transaction_amount_vnd=1_000 * number * place)
    for place, account in enumerate(("A1", "A2", "A3"), 1)
    for number in (1, 2, 3)
]
REUSED = [record("REUSED", "SAME", 0, **HARMLESS), record("REUSED", "SAME", 0, **HARMLESS)]
REUSED += [record("REUSED", "SAME", minute, **FRAUD) for minute in range(1, 6)]
COLLIDED = [
    record("COLLIDED", id_, minute, **fields | {"device_id": device})
    for minute, (id_, device, fields) in enumerate(
        zip(COLLIDING, COLLIDING_DEVICES, (HARMLESS, FRAUD), strict=True)
    )
]
REFUSED = [record("A1", "T\x1b[2J", 1), record("A\u202e1", "T", 1)]
TRANSACTIONS = [*SHARED_IDS, *REUSED, *COLLIDED, *REFUSED]
LABEL = {
    "transaction_id": "000002",
    "account_id": "A2",
    "event_time": "2026-01-02T03:02:00Z",
    "available_at": "2026-01-09T00:00:00Z",
    "is_fraud": True,
}


@dataclass(frozen=True)
class Run:
    """What the job made of the transactions, with an alert for each score."""

    folder: Path

    def records(self, name: str) -> list[Record]:
        return [orjson.loads(line) for line in (self.folder / name).read_bytes().splitlines()]

    def scored(self, account: str) -> list[Record]:
        return [each for each in self.records("scores.jsonl") if each["account_id"] == account]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("identity")
    (folder / "in.jsonl").write_bytes(b"".join(orjson.dumps(each) + b"\n" for each in TRANSACTIONS))
    job = run_feature_job(
        *("--source", folder / "in.jsonl", "--parallelism", "1", "--alert-threshold", "0"),
        *("--features-out", folder / "features.parquet", "--scores-out", folder / "scores.jsonl"),
        *("--alerts-out", folder / "alerts.jsonl", "--dead-letters-out", folder / "dead.jsonl"),
    )
    assert job.returncode == 0, job.stderr
    return Run(folder)


def test_accounts_that_share_their_ids_have_an_alert_for_each_transaction(run: Run) -> None:
    keys = {TransactionKey.of(each) for each in SHARED_IDS}
    alerts = [each for each in run.records("alerts.jsonl") if TransactionKey.of(each) in keys]
    assert len(alerts) == len({each["alert_id"] for each in alerts}) == len(keys) == 9
    assert {each["schema_version"] for each in alerts} == {2}


def test_each_of_these_alerts_is_handled(run: Run) -> None:
    keys = {TransactionKey.of(each) for each in SHARED_IDS}
    lines = (run.folder / "alerts.jsonl").read_bytes().splitlines()
    kinesis, handler = RetainingKinesis("s0"), FakeHandler()
    kinesis.write("s0", *(line for line in lines if TransactionKey.of(orjson.loads(line)) in keys))
    delivery = Stage(kinesis, MemoryStore(), handler, run.folder).delivery()
    delivery.step()
    assert (delivery.counts.handled, delivery.counts.doubled) == (9, 0)
    assert len(set(handler.got)) == 9


def test_the_training_set_has_all_accounts_and_the_label_of_the_right_one(run: Run) -> None:
    labels = run.folder / "labels.jsonl"
    labels.write_bytes(orjson.dumps(LABEL) + b"\n")
    data = read_dataset(
        DatasetFiles(run.folder / "in.jsonl", labels), run.folder / "features.parquet", BUILT_IN
    )
    shared = {each["transaction_amount_vnd"] for each in SHARED_IDS}
    assert shared <= set(data.amount_vnd.tolist())
    assert len(set(data.accounts.tolist())) == 5
    (fraud,) = data.is_fraud.nonzero()[0].tolist()
    assert data.amount_vnd[fraud] == 4_000


def test_an_id_that_comes_again_with_other_contents_is_never_taken_for_a_copy(run: Run) -> None:
    assert [each["outcome"] for each in run.scored("REUSED")] == ["new", "duplicate"]
    letters = run.records("dead.jsonl")
    assert Counter(each["reason"] for each in letters) == {"conflicting_duplicate": 5, "invalid_value": 2}
    conflicts = [orjson.loads(each["raw"]) for each in letters if each["reason"] == "conflicting_duplicate"]
    assert [each["transaction_amount_vnd"] for each in conflicts] == [390_000_000] * 5


def test_a_conflicting_duplicate_raises_a_review_alert_of_its_own_id(run: Run) -> None:
    alerts = [Alert.model_validate(each) for each in run.records("alerts.jsonl")]
    reused = [each for each in alerts if each.account_id == "REUSED"]
    (scored,) = [each for each in reused if each.kind == "score"]
    reviews = [each for each in reused if each.review and each.review.reason == "conflicting_duplicate"]
    assert {each.transaction for each in reviews} == {TransactionKey("REUSED", "SAME")}
    assert len(reviews) == 5
    # One id for each record, which is neither the id of the transaction's score nor of an earlier release.
    letters = run.records("dead.jsonl")
    records = {each["raw"] for each in letters if each["reason"] == "conflicting_duplicate"}
    ids = {each.alert_id for each in reviews}
    assert len(ids) == len(records)
    assert ids.isdisjoint({scored.alert_id, scored.earlier_id})
    assert {each.earlier_id for each in reviews} == {None}


def test_ids_and_devices_that_collide_under_a_public_hash_are_different_ones(run: Run) -> None:
    scored = run.scored("COLLIDED")
    assert [each["outcome"] for each in scored] == ["new", "new"]
    assert scored[1]["ordinals"]["account_id"] == 2
    assert scored[1]["features"]["account_device_distinct_24h"] == 2


def test_control_characters_in_ids_are_refused(run: Run) -> None:
    details = [each["detail"] for each in run.records("dead.jsonl") if each["reason"] == "invalid_value"]
    assert details == [
        "transaction_id has the control character U+001B in it; send an id without",
        "account_id has the control character U+202E in it; send an id without",
    ]

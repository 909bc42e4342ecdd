"""The parity check itself, against a job in this process that applies each round to a store."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson
import pytest

from benchmarks.parity_check import JobResult, ParityCheck, ParityReport, is_same
from benchmarks.parity_traffic import ParityTraffic, key_of
from fraudstream.domain.catalogue import BUILT_IN
from fraudstream.domain.transaction import TransactionKey
from fraudstream.online.circuit_breaker import CircuitBreaker
from fraudstream.online.decision_engine import DecisionEngine, DecisionPolicy
from fraudstream.online.online_kernel import KernelLimits, OnlineKernel
from fraudstream.online.profile_reading import ProfileReader
from fraudstream.profiles.profile_rows import ProfileKey, ProfileRow
from fraudstream.profiles.sqlite_profiles import SqliteProfiles
from fraudstream.runtime.project_root import ROOT
from fraudstream.scoring.decider import Decider
from fraudstream.scoring.decisions import Subject
from fraudstream.scoring.scorer import Scorer

NOW_MS = 1_790_000_000_000
HASH_KEY = "0f" * 16


class CoreJob:
    """Applies transactions one after the other, and writes each history; ``dropped`` ones of them not."""

    def __init__(
        self, store: SqliteProfiles, decider: Decider, dropped: frozenset[int] = frozenset()
    ) -> None:
        self.store = store
        self.decider = decider
        self.dropped = dropped
        self.kernel = OnlineKernel(BUILT_IN, KernelLimits(), HASH_KEY)
        self.profiles: dict[ProfileKey, bytes] = {}
        self.ordinals: dict[ProfileKey, int] = {}
        self.numbers = itertools.count()
        self.unwritten: dict[ProfileKey, ProfileRow] = {}

    def results(self, records: Sequence[bytes]) -> Mapping[TransactionKey, JobResult]:
        results = {key_of(record): self.result(record) for record in records}
        self.store.write(list(self.unwritten.values()), NOW_MS)
        self.unwritten.clear()
        return results

    def result(self, record: bytes) -> JobResult:
        transaction = self.kernel.parse(record, NOW_MS)
        found = [None if key is None else self.profiles.get(key) for key in transaction.keys]
        evaluation, changed = self.kernel.apply(transaction, found)
        if evaluation.outcome != "new":
            return JobResult(outcome=evaluation.outcome)
        assert evaluation.vector is not None
        new = {key: value for key, value in zip(transaction.keys, changed, strict=True) if key and value}
        is_dropped = next(self.numbers) in self.dropped
        for key, profile in new.items():
            self.ordinals[key] = self.ordinals.get(key, 0) + 1
            stored = self.profiles.get(key, profile) if is_dropped else profile
            self.profiles[key] = profile
            self.unwritten[key] = ProfileRow(
                key=key,
                epoch_ms=1,
                ordinal=self.ordinals[key],
                updated_ms=NOW_MS,
                expires_ms=NOW_MS * 2,
                profile=stored,
            )
        subject = Subject(
            transaction_id=transaction.transaction_id,
            account_id=transaction.account_id,
            event_time_ms=transaction.event_time_ms,
            arrival_ms=NOW_MS,
            transaction_amount_vnd=transaction.transaction_amount_vnd,
        )
        (decided,) = self.decider.decide([subject], np.array([evaluation.vector]), lambda: NOW_MS)
        vector = evaluation.vector.tolist()
        return JobResult(
            outcome="new",
            ordinals={key.entity: self.ordinals[key] for key in new},
            features=dict(self.decider.judge.findings(vector).features),
            score=decided.score,
        )


def checked(
    path: Path, job: Callable[[SqliteProfiles, Decider], CoreJob] = CoreJob, count: int = 800
) -> ParityReport:
    store = SqliteProfiles(path, timeout_s=5)
    decider = Decider(Scorer.load(ROOT / "models" / "v1", BUILT_IN), BUILT_IN, None)
    reader = ProfileReader(store, lambda: NOW_MS, CircuitBreaker(lambda: NOW_MS))
    kernel = OnlineKernel(BUILT_IN, KernelLimits(), HASH_KEY)
    engine = DecisionEngine(kernel, reader, decider, DecisionPolicy(), lambda: NOW_MS)
    traffic = ParityTraffic(7, 40, NOW_MS)
    check = ParityCheck(engine, store, job(store, decider))
    check.prepare(traffic.history(20))
    report = check.run(traffic.rounds(count))
    store.close()
    return report


def test_decisions_equal_the_results_of_the_same_histories(tmp_path: Path) -> None:
    report = checked(tmp_path / "profiles.sqlite")
    assert report.differences == []
    assert (report.compared, report.different, report.last_digits) == (800, 0, 0)
    assert set(report.outcomes) == {"new", "duplicate", "conflicting_duplicate", "late"}
    assert report.missing_values > 100


def test_a_history_without_one_of_its_transactions_is_found(tmp_path: Path) -> None:
    report = checked(
        tmp_path / "profiles.sqlite", lambda store, decider: CoreJob(store, decider, frozenset({200}))
    )
    assert 1 <= report.different < 50
    assert "the job has" in report.differences[0]


class OtherDigits(CoreJob):
    """Changes a feature of one transaction by a factor."""

    def __init__(self, store: SqliteProfiles, decider: Decider, factor: float) -> None:
        super().__init__(store, decider)
        self.factor = factor
        self.left = 50

    def result(self, record: bytes) -> JobResult:
        result = super().result(record)
        if result.features is None:
            return result
        self.left -= 1
        if self.left:
            return result
        amount = result.features["transaction_amount_vnd"]
        assert amount is not None
        return replace(result, features={**result.features, "transaction_amount_vnd": amount * self.factor})


@pytest.mark.parametrize(("factor", "different", "last_digits"), [(1 + 2**-51, 0, 1), (1 + 1e-9, 1, 0)])
def test_last_digits_are_counted_apart_and_anything_more_is_a_difference(
    tmp_path: Path, factor: float, different: int, last_digits: int
) -> None:
    report = checked(
        tmp_path / "profiles.sqlite", job=lambda store, decider: OtherDigits(store, decider, factor), count=80
    )
    assert (report.different, report.last_digits) == (different, last_digits)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (None, None, True),
        (None, 0.0, False),
        (0.0, -0.0, False),
        (0.1, 0.1, True),
        (0.1, 0.1 + 2**-56, False),
    ],
)
def test_values_are_the_same_if_their_bits_are(one: float | None, other: float | None, same: bool) -> None:  # noqa: FBT001
    assert is_same(one, other) is same


def test_no_two_new_transactions_of_a_round_share_an_entity() -> None:
    seen: set[str] = set()
    for records in ParityTraffic(3, 25, NOW_MS).rounds(500):
        fresh = [each for each in map(orjson.loads, records) if each["transaction_id"] not in seen]
        for field in ("account_id", "device_id", "merchant_id", "counterparty_id", "customer_id"):
            ids = [each[field] for each in fresh if each[field]]
            assert len(ids) == len(set(ids))
        seen.update(each["transaction_id"] for each in fresh)

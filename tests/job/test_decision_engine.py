"""Decisions in this process, by the kernel's core over profiles in memory and the shipped model."""

from typing import Any

import numpy as np
import orjson
import pytest

from fraudstream.domain.catalogue import BUILT_IN
from fraudstream.domain.record_gate import RefusedRecordError
from fraudstream.online.circuit_breaker import CircuitBreaker
from fraudstream.online.decision_engine import DecisionEngine, DecisionPolicy, ProfilesUnavailableError
from fraudstream.online.online_decision import OnlineDecision
from fraudstream.online.online_kernel import KernelLimits, OnlineKernel
from fraudstream.online.profile_reading import ProfileReader
from fraudstream.profiles.profile_rows import ProfileKey
from fraudstream.runtime.project_root import ROOT
from fraudstream.scoring.decider import Decider
from fraudstream.scoring.scorer import Scorer
from tests.unit.online.memory_profiles import MemoryProfiles

NOW_MS = 1_767_323_045_678
"""2026-01-02T03:04:05.678Z."""
KEY = "00112233445566778899aabbccddeeff"


@pytest.fixture(scope="module")
def kernel() -> OnlineKernel:
    return OnlineKernel(BUILT_IN, KernelLimits(), KEY)


@pytest.fixture(scope="module")
def decider() -> Decider:
    return Decider(Scorer.load(ROOT / "models" / "v1", BUILT_IN), BUILT_IN)


class Bank:
    """An engine, its store, and the stream that keeps the store current."""

    def __init__(self, kernel: OnlineKernel, decider: Decider, **policy: Any) -> None:  # noqa: ANN401 - options
        self.kernel = kernel
        self.decider = decider
        self.store = MemoryProfiles()
        self.store.written_until(NOW_MS, *kernel.entities)
        self.reader = ProfileReader(self.store, lambda: NOW_MS, CircuitBreaker(lambda: NOW_MS))
        self.engine = DecisionEngine(kernel, self.reader, decider, DecisionPolicy(**policy), lambda: NOW_MS)

    def stream(self, **fields: object) -> np.ndarray:  # type: ignore[type-arg] # of doubles
        """Let the stream count a transaction; returns the vector that it has there."""
        transaction = self.kernel.parse(record(**fields), NOW_MS)
        rows = [None if key is None else self.store.rows.get(key) for key in transaction.keys]
        evaluation, changed = self.kernel.apply(
            transaction, [None if row is None else row.profile for row in rows]
        )
        for key, profile in zip(transaction.keys, changed, strict=True):
            if key is not None and profile is not None:
                self.store.put(*key, profile)
        assert evaluation.vector is not None
        return evaluation.vector

    def decide(self, *, with_features: bool = False, **fields: Any) -> OnlineDecision:  # noqa: ANN401 - JSON
        (decision,) = self.engine.decide([record(**fields)], with_features=with_features)
        assert isinstance(decision, OnlineDecision)
        return decision


def record(**fields: object) -> bytes:
    usual = {
        "transaction_id": "T1",
        "account_id": "A1",
        "event_time": "2026-01-02T03:04:05.678Z",
        "transaction_amount_vnd": 100_000,
        "device_id": "D1",
        "merchant_id": "M1",
    }
    return orjson.dumps({name: value for name, value in (usual | fields).items() if value is not None})


@pytest.fixture
def bank(kernel: OnlineKernel, decider: Decider) -> Bank:
    return Bank(kernel, decider)


def test_features_and_score_are_those_that_the_stream_computes_afterwards(bank: Bank) -> None:
    for number in range(1, 30):
        fields = {
            "transaction_id": f"T{number}",
            "event_time": f"2026-01-02T03:{number:02}:00Z",
            "account_id": f"A{number % 3}",
        }
        asked = bank.decide(with_features=True, **fields)
        vector = bank.stream(**fields)
        assert asked.features is not None
        found = np.array([np.nan if each is None else each for each in asked.features.values()])
        np.testing.assert_array_equal(found, vector)
        assert asked.score == bank.decider.scorer.score(vector[None])[0]


def test_a_check_changes_no_profile(bank: Bank) -> None:
    bank.stream()
    before = dict(bank.store.rows)
    assert bank.decide(transaction_id="T2") == bank.decide(transaction_id="T2")
    assert bank.store.rows == before


def test_all_profiles_of_a_batch_are_read_at_once_and_none_sees_another(bank: Bank) -> None:
    decisions = bank.engine.decide(
        [record(transaction_id=f"T{number}") for number in range(3)], with_features=True
    )
    assert len(bank.store.reads) == 1
    counts = [
        each.features["account_count_5m"]
        for each in decisions
        if isinstance(each, OnlineDecision) and each.features
    ]
    assert counts == [1, 1, 1]


def test_a_transaction_that_the_stream_has_counted_keeps_its_score(bank: Bank) -> None:
    asked = bank.decide()
    bank.stream()
    again = bank.decide()
    assert (asked.outcome, again.outcome) == ("new", "duplicate")
    assert again.score == asked.score
    assert again.reasons == asked.reasons


def test_the_same_id_with_other_contents_has_no_score_and_is_reviewed(bank: Bank) -> None:
    bank.stream()
    decision = bank.decide(transaction_amount_vnd=7)
    assert (decision.outcome, decision.decision, decision.score) == ("conflicting_duplicate", "review", None)
    assert decision.error is not None
    assert "transaction_id" in decision.error


def test_a_late_transaction_has_no_score_and_says_why(bank: Bank) -> None:
    bank.stream()
    decision = bank.decide(transaction_id="T2", event_time="2025-12-31T00:00:00Z")
    assert (decision.outcome, decision.risk_level) == ("late", None)
    assert decision.error is not None
    assert "event_time" in decision.error


def test_what_the_job_would_refuse_is_refused_with_field_value_and_remedy(bank: Bank) -> None:
    accepted, refused = bank.engine.decide([record(), record(transaction_amount_vnd=-5)])
    assert isinstance(accepted, OnlineDecision)
    assert isinstance(refused, RefusedRecordError)
    assert (refused.reason, refused.field, refused.value) == (
        "invalid_amount",
        "transaction_amount_vnd",
        "-5",
    )
    assert refused.remedy


def test_an_event_time_in_the_future_is_refused(bank: Bank) -> None:
    (refused,) = bank.engine.decide([record(event_time="2026-01-09T00:00:00Z")])
    assert isinstance(refused, RefusedRecordError)
    assert (refused.reason, refused.field) == ("future_time", "event_time")


def test_a_new_account_of_a_current_store_has_fresh_profiles(bank: Bank) -> None:
    decision = bank.decide(account_id="nobody")
    assert (decision.profile, decision.profile_age_ms) == ("fresh", 0)


def test_profiles_that_are_behind_are_stale_and_their_age_is_told(bank: Bank) -> None:
    bank.store.written_until(NOW_MS - 9_000, *bank.kernel.entities)
    decision = bank.decide()
    assert (decision.profile, decision.profile_age_ms) == ("stale", 9_000)
    assert decision.score is not None


def test_without_a_store_that_answers_the_transaction_is_judged_by_itself(bank: Bank) -> None:
    bank.stream()
    bank.store.error = "down"
    decision = bank.decide(transaction_id="T2", with_features=True)
    assert (decision.profile, decision.profile_age_ms) == ("missing", None)
    assert decision.features is not None
    assert decision.features["account_count_5m"] == 1


def test_a_damaged_profile_does_not_stop_the_decision(bank: Bank) -> None:
    bank.store.put("account_id", "A1", b"\x02damaged")
    decision = bank.decide()
    assert (decision.profile, decision.score is None) == ("missing", False)
    assert bank.reader.last_error is not None
    assert "damaged" in bank.reader.last_error


def test_profiles_of_another_hash_key_are_missing_with_the_remedy(bank: Bank) -> None:
    other = Bank(OnlineKernel(BUILT_IN, KernelLimits(), KEY[::-1]), bank.decider)
    other.stream()
    bank.store.rows.update(other.store.rows)
    assert bank.decide(transaction_id="T2").profile == "missing"
    assert "hash key" in str(bank.reader.last_error)


@pytest.mark.parametrize("lag_ms", [9_000, None])
def test_a_bank_can_refuse_decisions_without_fresh_profiles(
    kernel: OnlineKernel, decider: Decider, lag_ms: int | None
) -> None:
    strict = Bank(kernel, decider, refuses_degraded=True)
    strict.decide()
    if lag_ms is None:
        strict.store.error = "down"
    else:
        strict.store.reports.clear()
        strict.store.written_until(NOW_MS - lag_ms, *kernel.entities)
        strict.reader = ProfileReader(strict.store, lambda: NOW_MS, CircuitBreaker(lambda: NOW_MS))
        strict.engine = DecisionEngine(
            kernel, strict.reader, decider, DecisionPolicy(refuses_degraded=True), lambda: NOW_MS
        )
    with pytest.raises(ProfilesUnavailableError, match="down" if lag_ms is None else "9000 ms"):
        strict.decide()


def test_an_alert_of_the_stream_and_a_decision_have_the_same_reasons_and_level(bank: Bank) -> None:
    for number in range(40):
        bank.stream(transaction_id=f"T{number}", transaction_amount_vnd=90_000_000, biometric_failure_count=4)
    decision = bank.decide(
        transaction_id="last", transaction_amount_vnd=90_000_000, biometric_failure_count=4
    )
    assert decision.score is not None
    assert decision.score >= decision.threshold
    assert decision.risk_level in {"medium", "high", "critical"}
    assert decision.decision == ("decline" if decision.risk_level == "critical" else "review")
    assert decision.reasons
    assert all(each.sentence_en and each.sentence_vi for each in decision.reasons)


def test_reasons_are_given_below_the_threshold_too_unless_not_asked_for(bank: Bank) -> None:
    usual: dict[str, Any] = {
        "transaction_fees_vnd": 0,
        "npl_flag": False,
        "latitude": 21.0,
        "longitude": 105.8,
    }
    (silent,) = bank.engine.decide([record(**usual)], with_reasons=False)
    assert isinstance(silent, OnlineDecision)
    if silent.risk_level == "low":
        assert silent.reasons == ()
    decision = bank.decide(**usual)
    assert decision.reasons or decision.reasons_missing


def test_two_engines_over_one_store_give_the_same_decision(bank: Bank, decider: Decider) -> None:
    bank.stream()
    other = Bank(OnlineKernel(BUILT_IN, KernelLimits(), KEY), decider)
    other.store.rows = bank.store.rows
    fields: dict[str, Any] = {"transaction_id": "T2", "transaction_amount_vnd": 5_000_000}
    assert bank.decide(**fields) == other.decide(**fields)


def test_each_key_of_a_transaction_names_its_entity_and_id(kernel: OnlineKernel) -> None:
    keys = kernel.parse(record(device_id=None), NOW_MS).keys
    assert ProfileKey("account_id", "A1") in keys
    assert ProfileKey("merchant_id", "M1") in keys
    assert all(key is None or key.entity != "device_id" for key in keys)

"""Outcomes of arrivals: new, duplicate or late; visible transactions; ordinals."""

from typing import Any

import pytest

from fraudstream.domain.catalogue import BUILT_IN, BUILT_IN_WITH_LABELS, Catalogue
from fraudstream.domain.reference import Evaluated, evaluate
from tests.unit.domain.timeline import label, row, run, tx, window

LATENESS_MS = 100


def outcomes(results: list[Evaluated]) -> list[str]:
    return [result.outcome for result in results]


# ---- duplicates and late transactions ----


def test_the_same_id_in_different_accounts_is_not_a_duplicate() -> None:
    results = run(window("count"), [tx(99, "a", account_id="B"), tx(100, "a", account_id="A")])
    assert outcomes(results) == ["new", "new"]


def test_a_duplicate_is_reported_and_counts_once() -> None:
    results = run(window("count"), [tx(100, "a"), tx(100, "a"), tx(100, "a"), tx(101, "b")])
    assert outcomes(results) == ["new", "duplicate", "duplicate", "new"]
    assert results[1].features == {}
    assert results[1].ordinals == {}
    assert results[3].features == {"f": 2}


@pytest.mark.parametrize(
    "changes",
    [
        {"time_ms": 101},
        {"transaction_amount_vnd": 2.0},
        {"city": "Huế"},
        {"device_id": ""},
        {"npl_flag": False},
        {"latitude": 0.0},
    ],
)
def test_an_id_with_other_contents_conflicts_and_counts_for_nothing(changes: dict[str, Any]) -> None:
    other: dict[str, Any] = {"time_ms": 100, "transaction_id": "a"} | changes
    results = run(window("count"), [tx(100, "a"), tx(**other), tx(**other), tx(100, "a"), tx(101, "b")])
    conflict = "conflicting_duplicate"
    assert outcomes(results) == ["new", conflict, conflict, "duplicate", "new"]
    assert results[1].features == {}
    assert results[4].features == {"f": 2}


def test_numbers_are_the_same_contents_as_doubles() -> None:
    largest, same = 2**53, 2**53 + 1
    arrivals = [tx(100, "a", transaction_amount_vnd=largest), tx(100, "a", transaction_amount_vnd=same)]
    assert outcomes(run(window("count"), arrivals)) == ["new", "duplicate"]


@pytest.mark.parametrize(
    ("again_ms", "outcome"),
    [
        #   0                      again_ms
        #   a                      b, then a once more
        # The account evicts transactions at least 10 (its reach) + 100 (the lateness) behind its newest.
        (110, "new"),
        (109, "conflicting_duplicate"),
    ],
)
def test_an_id_is_known_as_long_as_a_timely_duplicate_can_arrive(again_ms: int, outcome: str) -> None:
    arrivals = [tx(0, "a"), tx(again_ms, "b"), tx(again_ms, "a")]
    assert run(window("count"), arrivals, LATENESS_MS)[-1].outcome == outcome


def test_a_duplicate_does_not_advance_the_newest_time_or_evict_transactions() -> None:
    arrivals = [tx(0, "a"), tx(5_000, "a"), tx(0, "a"), tx(1, "b")]
    found = outcomes(run(window("count"), arrivals, LATENESS_MS))
    assert found == ["new", "conflicting_duplicate", "duplicate", "new"]


def test_an_account_without_windows_knows_the_ids_within_the_allowed_lateness() -> None:
    feature = window("count", entity="merchant_id", window_ms=1_000)
    arrivals = [tx(0, "a"), tx(100, "b"), tx(0, "a"), tx(101, "c"), tx(101, "a")]
    results = run(feature, arrivals, LATENESS_MS)
    assert outcomes(results) == ["new", "new", "duplicate", "new", "new"]


@pytest.mark.parametrize(
    ("behind_ms", "outcome"),
    [(0, "new"), (LATENESS_MS, "new"), (LATENESS_MS + 1, "late")],
)
def test_exactly_the_allowed_lateness_is_not_late(behind_ms: int, outcome: str) -> None:
    results = run(window("count"), [tx(1_000, "a"), tx(1_000 - behind_ms, "b")], LATENESS_MS)
    assert results[1].outcome == outcome


def test_a_late_transaction_does_not_count_and_is_late_again() -> None:
    arrivals = [tx(1_000, "a"), tx(899, "b"), tx(899, "b"), tx(900, "c")]
    results = run(window("count"), arrivals, LATENESS_MS)
    assert outcomes(results) == ["new", "late", "late", "new"]
    assert results[1].features == {}
    assert results[1].ordinals == {}
    assert results[3].features == {"f": 1}


def test_a_late_copy_is_a_duplicate_and_a_late_id_with_other_contents_conflicts() -> None:
    arrivals = [tx(0, "a"), tx(101, "b"), tx(0, "a"), tx(1, "a"), tx(0, "c")]
    results = run(window("count"), arrivals, LATENESS_MS)
    assert outcomes(results) == ["new", "new", "duplicate", "conflicting_duplicate", "late"]


def test_a_late_copy_that_the_account_no_longer_remembers_is_late() -> None:
    feature = window("count", window_ms=1_000)
    arrivals = [tx(0, "a"), tx(1_099, "b"), tx(0, "a"), tx(1_100, "c"), tx(0, "a")]
    results = run(feature, arrivals, LATENESS_MS)
    assert outcomes(results) == ["new", "new", "duplicate", "new", "late"]


def test_lateness_is_relative_to_the_accounts_own_newest_transaction() -> None:
    arrivals = [tx(1_000, "a", account_id="B"), tx(0, "b")]
    assert outcomes(run(window("count"), arrivals, 0)) == ["new", "new"]


def test_a_late_or_duplicate_transaction_counts_for_no_other_entity() -> None:
    feature = window("count", entity="merchant_id", window_ms=10_000)
    arrivals = [
        tx(1_000, "a", merchant_id="M"),
        tx(899, "late", merchant_id="M"),
        tx(1_000, "a", merchant_id="M"),
        tx(1_000, "b", merchant_id="M", account_id="B"),
    ]
    results = run(feature, arrivals, LATENESS_MS)
    assert outcomes(results) == ["new", "late", "duplicate", "new"]
    assert results[3].features == {"f": 2}


# ---- ordinals ----


def test_ordinals_count_the_new_transactions_of_each_id_from_one() -> None:
    features = [
        window("count", entity="merchant_id"),
        window("count", entity="device_id", name="g"),
    ]
    arrivals = [
        tx(1_000, "a", merchant_id="M", device_id="D", customer_id="C"),
        tx(1_000, "a", merchant_id="M", device_id="D"),
        tx(1_000, "b", account_id="B", merchant_id="M"),
        tx(0, "late", merchant_id="M"),
        tx(999, "c", merchant_id="N", device_id="D"),
        tx(9_000, "d", merchant_id="M"),
    ]
    assert [result.ordinals for result in run(features, arrivals, LATENESS_MS)] == [
        {"account_id": 1, "device_id": 1, "merchant_id": 1},
        {},
        {"account_id": 1, "merchant_id": 2},
        {},
        {"account_id": 2, "device_id": 2, "merchant_id": 1},
        {"account_id": 3, "merchant_id": 3},
    ]


def test_the_account_has_an_ordinal_even_without_a_window() -> None:
    (result,) = run(row("hour"), [tx(0, device_id="D")])
    assert result.ordinals == {"account_id": 1}


# ---- the project's catalogue ----


@pytest.mark.parametrize("catalogue", [BUILT_IN, BUILT_IN_WITH_LABELS])
def test_every_feature_of_the_project_has_a_value_or_null_under_its_name(catalogue: Catalogue) -> None:
    (result,) = evaluate(catalogue, [label("a", 0), tx(0, "a")], allowed_lateness_ms=0)
    assert tuple(result.features) == catalogue.names
    assert result.features["account_count_7d"] == 1
    assert result.features["transaction_fees_vnd"] is None
    assert result.features["merchant_count_1h"] is None


def test_a_receiver_and_a_merchant_are_new_once() -> None:
    arrivals = [tx(time_ms, counterparty_id="R") for time_ms in (1, 2)]
    arrivals.append(tx(3, counterparty_id="S", merchant_id="M"))
    results = list(evaluate(BUILT_IN, arrivals, allowed_lateness_ms=0))
    assert [result.features["new_counterparty_flag"] for result in results] == [1, 0, 1]
    assert [result.features["new_merchant_flag"] for result in results] == [None, None, 1]


@pytest.mark.parametrize(
    ("amount_vnd", "flag"),
    [(359_999_999.0, 0), (360_000_000.0, 1), (399_999_999.0, 1), (400_000_000.0, 0)],
)
def test_structuring_stays_below_the_reporting_threshold(amount_vnd: float, flag: float) -> None:
    (result,) = evaluate(BUILT_IN, [tx(0, transaction_amount_vnd=amount_vnd)], allowed_lateness_ms=0)
    assert result.features["structuring_flag"] == flag
    assert result.features["account_structuring_flag_sum_24h"] == flag


def test_an_amount_is_compared_with_the_previous_month() -> None:
    amounts = [100.0, 300.0, 1_000.0]
    arrivals = [tx(time_ms, transaction_amount_vnd=amount) for time_ms, amount in enumerate(amounts)]
    *_, result = evaluate(BUILT_IN, arrivals, allowed_lateness_ms=0)
    assert result.features["account_amount_vnd_ratio_to_mean_30d_delay_1ms"] == 5.0
    z_score = result.features["account_amount_vnd_z_score_30d_delay_1ms"]
    assert z_score == pytest.approx(800 / 20_000**0.5)

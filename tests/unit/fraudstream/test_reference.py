"""In the drawings time runs to the right, t is the last to arrive, ( is outside and ] inside."""

from datetime import datetime
from typing import Any

import pytest

from fraudstream.catalogue import BUILT_IN, Catalogue, TransactionFeature, WindowFeature
from fraudstream.reference import Evaluated, evaluate
from fraudstream.transaction import Transaction

LATENESS_MS = 100
NO_LIMIT_MS = 10**15


def tx(time_ms: int, transaction_id: str | None = None, **others: Any) -> Transaction:  # noqa: ANN401 - any field
    fields: dict[str, Any] = {"account_id": "A", "transaction_amount_vnd": 1.0} | others
    own_id = transaction_id or f"at {time_ms} {sorted(others.items())}"
    return Transaction(transaction_id=own_id, event_time_ms=time_ms, **fields)


def window(statistic: Any, column: str | None = None, delay_ms: int = 0) -> WindowFeature:  # noqa: ANN401 - a literal
    return WindowFeature(
        name="f", entity="account_id", statistic=statistic, column=column, window_ms=10, delay_ms=delay_ms
    )


def run(
    feature: WindowFeature, arrivals: list[Transaction], lateness_ms: int = NO_LIMIT_MS
) -> list[Evaluated]:
    return list(evaluate(Catalogue((feature,)), arrivals, allowed_lateness_ms=lateness_ms))


def last(feature: WindowFeature, *arrivals: Transaction) -> float | None:
    return run(feature, list(arrivals))[-1].features["f"]


@pytest.mark.parametrize(
    ("times_ms", "count"),
    [
        #             100
        #   (---------]
        #             t
        ([100], 1),
        #   90        100
        #   (---------]
        #   x         t          exactly the window old
        ([90, 100], 1),
        #   90 91     100
        #   (---------]
        #      x      t          one millisecond less
        ([91, 100], 2),
        #      91     100 101
        #      (---------]
        #      x          t
        ([91, 101], 1),
        #   80   85   90
        #   (---------]
        #        x    t    y     out of order: y came first, and lies in t's future
        ([100, 85, 90], 2),
        #             100
        #   (---------]
        #             t y        t is as of its own time, y came first
        ([101, 100], 1),
    ],
)
def test_a_window_is_open_at_its_start_and_closed_at_its_end(times_ms: list[int], count: int) -> None:
    assert last(window("count"), *(tx(time_ms) for time_ms in times_ms)) == count


def test_of_a_tie_each_sees_those_that_arrived_before_it() -> None:
    arrivals = [tx(100, "a"), tx(100, "b"), tx(100, "c")]
    assert [result.features["f"] for result in run(window("count"), arrivals)] == [1, 2, 3]


def test_an_event_out_of_order_counts_for_those_that_arrive_later() -> None:
    #   95    100   103
    #   b     a     c      arrival: a, b, c
    arrivals = [tx(100, "a"), tx(95, "b"), tx(103, "c")]
    assert [result.features["f"] for result in run(window("count"), arrivals)] == [1, 1, 3]


@pytest.mark.parametrize(
    ("time_ms", "count"),
    [
        #   85        95   100
        #   (---------]
        #   x              t
        (85, 0),
        (86, 1),
        (95, 1),
        #             96: too new
        (96, 0),
    ],
)
def test_a_delay_moves_both_edges_back(time_ms: int, count: int) -> None:
    assert last(window("count", delay_ms=5), tx(time_ms), tx(100)) == count


def test_accounts_do_not_see_each_other() -> None:
    arrivals = [tx(99, "a", account_id="B"), tx(100, "a", account_id="A")]
    results = run(window("count"), arrivals)
    assert [result.outcome for result in results] == ["new", "new"]
    assert [result.features["f"] for result in results] == [1, 1]


def test_a_duplicate_is_reported_and_counts_once() -> None:
    arrivals = [tx(100, "a"), tx(100, "a"), tx(101, "a"), tx(101, "b")]
    results = run(window("count"), arrivals)
    assert [result.outcome for result in results] == ["new", "duplicate", "duplicate", "new"]
    assert results[1].features == {}
    assert results[3].features == {"f": 2}


@pytest.mark.parametrize(
    ("behind_ms", "outcome"),
    [(0, "new"), (LATENESS_MS, "new"), (LATENESS_MS + 1, "late")],
)
def test_exactly_the_allowed_lateness_is_not_late(behind_ms: int, outcome: str) -> None:
    results = run(window("count"), [tx(1_000, "a"), tx(1_000 - behind_ms, "b")], LATENESS_MS)
    assert results[1].outcome == outcome


def test_what_is_late_counts_for_none_and_is_late_again() -> None:
    arrivals = [tx(1_000, "a"), tx(899, "b"), tx(899, "b"), tx(900, "c")]
    results = run(window("count"), arrivals, LATENESS_MS)
    assert [result.outcome for result in results] == ["new", "late", "late", "new"]
    assert results[1].features == {}
    assert results[3].features == {"f": 1}


def test_lateness_goes_by_the_accounts_own_newest() -> None:
    arrivals = [tx(1_000, "a", account_id="B"), tx(0, "b")]
    assert [result.outcome for result in run(window("count"), arrivals, 0)] == ["new", "new"]


@pytest.mark.parametrize(
    ("statistic", "of_values", "of_nulls"),
    [
        ("sum", 8.0, 0.0),
        ("mean", 4.0, None),
        ("max", 6.0, None),
        ("distinct", 2, 0),
    ],
)
def test_nulls_are_left_out(statistic: str, of_values: float, of_nulls: float | None) -> None:
    fees = [2.0, None, 6.0, None]
    arrivals = [tx(90 + place, transaction_fees_vnd=fee) for place, fee in enumerate(fees, start=1)]
    assert last(window(statistic, "transaction_fees_vnd"), *arrivals) == of_values
    assert last(window(statistic, "transaction_fees_vnd"), tx(1)) == of_nulls


def test_distinct_counts_each_value_once() -> None:
    devices = ["B", "A", "B", None, "", "A"]
    arrivals = [tx(90 + place, device_id=device) for place, device in enumerate(devices)]
    assert last(window("distinct", "device_id"), *arrivals) == 3


@pytest.mark.parametrize(
    ("times_ms", "seconds"),
    [
        ([100], None),
        ([92, 95, 100], 0.005),
        ([100, 100], 0.0),
        ([90, 100], None),
        ([91, 100], 0.009),
        # What lies in t's future is no previous.
        ([105, 100], None),
    ],
)
def test_seconds_since_previous(times_ms: list[int], seconds: float | None) -> None:
    arrivals = [tx(time_ms, str(place)) for place, time_ms in enumerate(times_ms)]
    assert last(window("seconds_since_previous"), *arrivals) == seconds


def own(transaction: Transaction, *features: TransactionFeature) -> float | None:
    """Return the value of the last feature."""
    (result,) = evaluate(Catalogue(features), [transaction], allowed_lateness_ms=0)
    return result.features[features[-1].name]


def feature(statistic: Any, name: str = "f", **operands: Any) -> TransactionFeature:  # noqa: ANN401 - checked by the model
    return TransactionFeature(name=name, entity="transaction", statistic=statistic, **operands)


# Vietnam is seven hours ahead of UTC; 2026-01-03 is a Saturday there and everywhere.
@pytest.mark.parametrize(
    ("vietnam", "hour", "off_hours", "weekend"),
    [
        ("2026-01-02T21:59:59.999", 21, 0, 0),
        ("2026-01-02T22:00:00.000", 22, 1, 0),
        ("2026-01-02T23:59:59.999", 23, 1, 0),
        ("2026-01-03T00:00:00.000", 0, 1, 1),
        ("2026-01-03T03:59:59.999", 3, 1, 1),
        ("2026-01-03T04:00:00.000", 4, 0, 1),
        ("2026-01-04T23:59:59.999", 23, 1, 1),
        ("2026-01-05T00:00:00.000", 0, 1, 0),
        ("2026-01-05T12:00:00.000", 12, 0, 0),
        ("1969-12-31T23:59:59.999", 23, 1, 0),
        ("1969-12-28T00:00:00.000", 0, 1, 1),
    ],
)
def test_hour_and_weekend_go_by_vietnams_time(vietnam: str, hour: int, off_hours: int, weekend: int) -> None:
    time_ms = round(datetime.fromisoformat(vietnam + "+07:00").timestamp() * 1000)
    assert own(tx(time_ms), feature("hour")) == hour
    assert own(tx(time_ms), feature("hour_between", from_hour=22, to_hour=4)) == off_hours
    assert own(tx(time_ms), feature("weekend")) == weekend


@pytest.mark.parametrize(
    ("from_hour", "to_hour", "inside"),
    [(7, 8, 1), (8, 9, 0), (6, 7, 0), (7, 7, 0), (0, 24, 1), (8, 7, 0), (22, 8, 1)],
)
def test_hours_may_go_over_midnight(from_hour: int, to_hour: int, inside: int) -> None:
    # The epoch was seven o'clock in Vietnam.
    assert own(tx(0), feature("hour_between", from_hour=from_hour, to_hour=to_hour)) == inside


@pytest.mark.parametrize(
    ("loans", "above", "at_least"),
    [(2.9, 0, 0), (3.0, 0, 1), (3.1, 1, 1), (None, None, None)],
)
def test_above_is_without_the_threshold_and_at_least_with_it(
    loans: float | None, above: float | None, at_least: float | None
) -> None:
    transaction = tx(0, total_loans_vnd=loans)
    itself = feature("value", "loans", column="total_loans_vnd")
    assert own(transaction, feature("above", column="total_loans_vnd", threshold=3)) == above
    assert own(transaction, feature("at_least", column="total_loans_vnd", threshold=3)) == at_least
    assert own(transaction, itself, feature("above", of=("loans",), threshold=3)) == above
    assert own(transaction, itself, feature("at_least", of=("loans",), threshold=3)) == at_least


@pytest.mark.parametrize(
    ("fees", "loans", "ratio"),
    [(1.0, 4.0, 0.25), (0.0, 4.0, 0.0), (1.0, 0.0, None), (1.0, None, None), (None, 4.0, None)],
)
def test_a_ratio_by_zero_or_null_is_null(
    fees: float | None, loans: float | None, ratio: float | None
) -> None:
    transaction = tx(0, transaction_fees_vnd=fees, total_loans_vnd=loans)
    assert (
        own(transaction, feature("ratio", column="transaction_fees_vnd", denominator="total_loans_vnd"))
        == ratio
    )


@pytest.mark.parametrize(
    ("device", "expected"),
    [("DEV_NEW_9", 1), ("DEV_NEW_91", 1), ("DEV_NEW_8", 0), ("xDEV_NEW_9", 0), ("", 0), (None, None)],
)
def test_starts_with(device: str | None, expected: float | None) -> None:
    prefixed = feature("starts_with", column="device_id", prefix="DEV_NEW_9")
    assert own(tx(0, device_id=device), prefixed) == expected


@pytest.mark.parametrize(
    ("fees", "loans", "expected"),
    [
        (0.0, 0.0, 0),
        (0.0, 1.0, 1),
        (1.0, None, 1),
        (None, 1.0, 1),
        (0.0, None, None),
        (None, None, None),
        # Only 1 means yes.
        (3.0, 0.0, 0),
        (3.0, None, None),
    ],
)
def test_any_has_three_values(fees: float | None, loans: float | None, expected: float | None) -> None:
    a = feature("value", "a", column="transaction_fees_vnd")
    b = feature("value", "b", column="total_loans_vnd")
    transaction = tx(0, transaction_fees_vnd=fees, total_loans_vnd=loans)
    assert own(transaction, a, b, feature("any", of=("a", "b"))) == expected


@pytest.mark.parametrize(("flag", "expected"), [(True, 1), (False, 0), (None, None)])
def test_a_flag_is_one_or_zero(flag: bool | None, expected: float | None) -> None:  # noqa: FBT001 - a table's column
    assert own(tx(0, npl_flag=flag), feature("value", column="npl_flag")) == expected


def test_every_feature_of_the_project_has_a_value_or_none_by_its_name() -> None:
    (result,) = evaluate(BUILT_IN, [tx(0)], allowed_lateness_ms=0)
    assert tuple(result.features) == BUILT_IN.names
    assert result.features["account_count_7d"] == 1
    assert result.features["transaction_fees_vnd"] is None

"""Windows and the statistics of values, calculated by hand; `timeline` explains the drawings."""

import math
from typing import Any

import pytest

from fraudstream.domain.transaction import Transaction
from tests.unit.domain.timeline import last, row, tx, values, window

FEES = "transaction_fees_vnd"


def feed(fees: list[float | None]) -> list[Transaction]:
    """Return transactions of the last millisecond, so that the window contains all of them."""
    return [tx(100, str(place), transaction_fees_vnd=fee) for place, fee in enumerate(fees)]


# ---- the window ----


@pytest.mark.parametrize(
    ("times_ms", "count"),
    [
        #             100
        #   (---------]
        #             t
        ([100], 1),
        #   90        100
        #   (---------]
        #   x         t          exactly the window's length old
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
        #         x    t    y     out of order: y arrived first, and lies in t's future
        ([100, 85, 90], 2),
        #   80        90
        #   (---------]
        #   x         t    y     the same, with x exactly the window's length old
        ([100, 80, 90], 1),
        #             100
        #   (---------]
        #             t y        t is as of its own time, y arrived first
        ([101, 100], 1),
    ],
)
def test_a_window_excludes_its_start_and_includes_its_end(times_ms: list[int], count: int) -> None:
    assert last(window("count"), *(tx(time_ms) for time_ms in times_ms)) == count


def test_of_a_tie_each_transaction_sees_those_that_arrived_earlier() -> None:
    assert values(window("count"), [tx(100, "a"), tx(100, "b"), tx(100, "c")]) == [1, 2, 3]


def test_a_transaction_out_of_order_counts_for_later_arrivals() -> None:
    #   95    100   103
    #   b     a     c      arrival: a, b, c
    assert values(window("count"), [tx(100, "a"), tx(95, "b"), tx(103, "c")]) == [1, 1, 3]


def test_a_transaction_out_of_order_is_in_some_windows_and_not_in_others() -> None:
    #   90   95   100 104 105
    #        b    a   c   d       arrival: a, b, c, d
    #   (---------]               a's: b lies in it, but arrived later
    #       (---------]           c's contains b
    #        (---------]          d's does not: b is exactly the window's length old
    assert values(window("count"), [tx(100, "a"), tx(95, "b"), tx(104, "c"), tx(105, "d")]) == [1, 1, 3, 3]


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
        (100, 0),
    ],
)
def test_a_delay_shifts_both_ends_back(time_ms: int, count: int) -> None:
    assert last(window("count", delay_ms=5), tx(time_ms), tx(100, "t")) == count


def test_the_shortest_delay_excludes_the_transaction_and_its_ties() -> None:
    #   89        99 100
    #   (---------]
    #             x  t,y
    feature = window("count", delay_ms=1)
    assert values(feature, [tx(100, "y"), tx(99, "x"), tx(100, "t")]) == [0, 0, 1]


def test_the_transactions_of_other_ids_are_not_visible() -> None:
    arrivals = [tx(99, "a", account_id="B"), tx(100, "a", account_id="A")]
    assert values(window("count"), arrivals) == [1, 1]


@pytest.mark.parametrize(
    "entity", ["account_id", "customer_id", "device_id", "merchant_id", "counterparty_id"]
)
def test_a_window_belongs_to_one_entity(entity: str) -> None:
    arrivals = [tx(99, "1", **{entity: "x"}), tx(99, "2", **{entity: "y"}), tx(100, "3", **{entity: "x"})]
    assert values(window("count", entity=entity), arrivals) == [1, 1, 2]


@pytest.mark.parametrize(
    ("statistic", "column", "others"),
    [
        ("count", None, {}),
        ("sum", FEES, {}),
        ("mean", FEES, {}),
        ("distinct", "account_id", {}),
        ("occurrences", "account_id", {}),
        ("seconds_since_previous", None, {}),
        ("speed_kmh", None, {}),
        ("fraud_rate", None, {}),
        ("last_n", FEES, {"n": 2}),
    ],
)
def test_without_an_id_every_window_is_null_and_nothing_is_counted(
    statistic: str, column: str | None, others: dict[str, Any]
) -> None:
    feature = window(statistic, column, entity="merchant_id", **others)
    nobody = [tx(time_ms, latitude=1.0, longitude=1.0, transaction_fees_vnd=1.0) for time_ms in (98, 99)]
    assert values(feature, nobody) == [None, None]
    count = window("count", entity="merchant_id")
    assert values(count, [*nobody, tx(100, merchant_id="M")]) == [None, None, 1]


def test_an_empty_id_is_a_valid_id() -> None:
    arrivals = [tx(99, device_id=""), tx(100, device_id="")]
    assert values(window("count", entity="device_id"), arrivals) == [1, 2]


# ---- numbers ----


@pytest.mark.parametrize(
    ("fees", "expected"),
    [
        #                    sum   mean  min   max   std
        ([None],            (0.0, None, None, None, None)),
        ([None, None],      (0.0, None, None, None, None)),
        ([3.0],             (3.0, 3.0, 3.0, 3.0, None)),
        ([3.0, None],       (3.0, 3.0, 3.0, 3.0, None)),
        ([2.0, None, 6.0],  (8.0, 4.0, 2.0, 6.0, math.sqrt(8.0))),
        ([3.0, 3.0],        (6.0, 3.0, 3.0, 3.0, 0.0)),
        ([-1.0, 0.0, 1.0],  (0.0, 0.0, -1.0, 1.0, 1.0)),
        ([1.0, 2.0, 4.0, 5.0], (12.0, 3.0, 1.0, 5.0, math.sqrt(10 / 3))),
    ],
)  # fmt: skip
def test_nulls_are_excluded_from_number_statistics(
    fees: list[float | None], expected: tuple[float | None, ...]
) -> None:
    statistics = ("sum", "mean", "min", "max", "std")
    assert tuple(last(window(statistic, FEES), *feed(fees)) for statistic in statistics) == expected


@pytest.mark.parametrize("offset", [0.0, 1e9, 1e15])
def test_a_deviation_is_exact_for_large_values(offset: float) -> None:
    assert last(window("std", FEES), *feed([offset + 1, offset + 2, offset + 3])) == 1.0
    assert last(window("z_score", FEES), *feed([offset + 1, offset + 2, offset + 3])) == 1.0


def test_adjacent_doubles_at_the_largest_amount_are_distinct() -> None:
    # Doubles lie 128 apart below 1e18.
    below = math.nextafter(1e18, 0)
    assert last(window("std", FEES), *feed([below, 1e18])) == pytest.approx(128 / math.sqrt(2))
    assert last(window("z_score", FEES), *feed([below, 1e18])) == pytest.approx(math.sqrt(0.5))
    assert last(window("std", FEES), *feed([1e18, 1e18, 1e18])) == 0.0


def test_a_sum_is_exact_where_large_values_cancel() -> None:
    assert last(window("sum", FEES), *feed([1e18, 1.5, -1e18])) == 1.5
    assert last(window("mean", FEES), *feed([1e18, 1.5, -1e18])) == 0.5


@pytest.mark.parametrize(
    ("fees", "ratio", "z_score"),
    [
        #                        own value comes last
        ([4.0],                  1.0, None),
        ([None],                 None, None),
        ([1.0, None],            None, None),
        ([2.0, 6.0],             1.5, 2 / math.sqrt(8)),
        ([6.0, None, 2.0],       0.5, -2 / math.sqrt(8)),
        ([3.0, 3.0],             1.0, None),
        ([-1.0, 1.0],            None, 1 / math.sqrt(2)),
        ([0.0, 0.0],             None, None),
        ([-4.0, -2.0],           2 / 3, 1 / math.sqrt(2)),
    ],
)  # fmt: skip
def test_a_value_compared_with_the_window_that_includes_it(
    fees: list[float | None], ratio: float | None, z_score: float | None
) -> None:
    assert last(window("ratio_to_mean", FEES), *feed(fees)) == ratio
    assert last(window("z_score", FEES), *feed(fees)) == (z_score and pytest.approx(z_score))


@pytest.mark.parametrize(
    ("before", "own", "ratio", "z_score"),
    [
        #   89        99 100
        #   (---------]
        #     x  x       t
        ([],              9.0, None, None),
        ([None],          9.0, None, None),
        ([3.0],           9.0, 3.0, None),
        ([3.0, 3.0],      9.0, 3.0, None),
        ([2.0, 4.0],      9.0, 3.0, 6 / math.sqrt(2)),
        ([2.0, 4.0, None], 9.0, 3.0, 6 / math.sqrt(2)),
        ([2.0, 4.0],      3.0, 1.0, 0.0),
        ([2.0, 4.0],      None, None, None),
        ([-2.0, 2.0],     9.0, None, 9 / math.sqrt(8)),
    ],
)  # fmt: skip
def test_a_value_compared_with_earlier_transactions(
    before: list[float | None], own: float | None, ratio: float | None, z_score: float | None
) -> None:
    arrivals = [
        *(tx(99, str(place), transaction_fees_vnd=fee) for place, fee in enumerate(before)),
        tx(100, "t", transaction_fees_vnd=own),
    ]
    assert last(window("ratio_to_mean", FEES, delay_ms=1), *arrivals) == ratio
    expected = None if z_score is None else pytest.approx(z_score)
    assert last(window("z_score", FEES, delay_ms=1), *arrivals) == expected


# ---- texts ----


def test_distinct_counts_each_value_once_and_no_null() -> None:
    devices = ["B", "A", "B", None, "", "A"]
    arrivals = [tx(90 + place, device_id=device) for place, device in enumerate(devices, start=1)]
    assert values(window("distinct", "device_id"), arrivals) == [1, 2, 2, 2, 3, 3]
    assert last(window("distinct", "device_id"), tx(1)) == 0


def test_distinct_counts_numbers_and_flags() -> None:
    assert last(window("distinct", FEES), *feed([1.0, None, 1.0, 2.0, 0.0, -0.0])) == 3
    flags = [tx(100, str(place), npl_flag=flag) for place, flag in enumerate([True, None, False, True])]
    assert values(window("distinct", "npl_flag"), flags) == [1, 1, 2, 2]


def test_occurrences_count_the_value_of_the_current_transaction() -> None:
    merchants = ["M", "N", None, "M", "m", "M"]
    arrivals = [tx(90 + place, merchant_id=merchant) for place, merchant in enumerate(merchants, start=1)]
    assert values(window("occurrences", "merchant_id"), arrivals) == [1, 1, None, 2, 1, 3]
    assert values(window("occurrences", "merchant_id", delay_ms=1), arrivals) == [0, 0, None, 1, 0, 2]


def test_occurrences_outside_the_window_do_not_count() -> None:
    #   90        100
    #   (---------]
    #   M  M      M
    arrivals = [tx(90, merchant_id="M"), tx(91, merchant_id="M"), tx(100, merchant_id="M")]
    assert values(window("occurrences", "merchant_id"), arrivals) == [1, 2, 2]


# ---- columns that are features ----


def test_a_window_over_a_feature_reads_its_value_for_each_transaction() -> None:
    declined = row("equals", "declined", column="status", text="declined")
    statuses = ["declined", None, "completed", "declined"]
    arrivals = [tx(90 + place, status=status) for place, status in enumerate(statuses, start=1)]
    assert values([declined, window("sum", "declined")], arrivals) == [1, 1, 1, 2]
    assert values([declined, window("mean", "declined")], arrivals) == [1, 1, 0.5, 2 / 3]
    assert values([declined, window("distinct", "declined")], arrivals) == [1, 1, 2, 2]
    sequence = [[1.0, 0.001, 1.0], [1.0, 0.001, 0.0], [1.0, 0.001, None]]
    assert last([declined, window("last_n", "declined", n=3)], *arrivals) == sequence


def test_a_window_over_a_field_reads_the_field_even_if_a_feature_has_its_name() -> None:
    shadow = row("hour", "transaction_fees_vnd")
    assert last([shadow, window("sum", FEES)], *feed([2.0, 3.0])) == 5.0

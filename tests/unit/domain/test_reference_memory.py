"""What a shared entity remembers: the on-time frontier, outliers of both directions, and the reach."""

import pytest

from fraudstream.domain import reference_memory
from fraudstream.domain.features import WindowFeature
from fraudstream.domain.reference import Evaluated
from fraudstream.domain.reference_memory import frontier_ms
from fraudstream.domain.transaction import Transaction
from tests.unit.domain.timeline import label, run, tx, window

FAR_MS = 10**12
LATENESS_MS = 100
TOLERANCE_MS = 1_000
WINDOW_MS = 10
COUNT = window("count", entity="merchant_id", window_ms=WINDOW_MS)
MERCHANT = ("merchant_id",)


def of_merchant(time_ms: int, number: int) -> Transaction:
    """Return a transaction of an account of its own."""
    return tx(time_ms, account_id=f"A{number}", merchant_id="M")


def results(*times_ms: int, feature: WindowFeature = COUNT) -> list[Evaluated]:
    arrivals = [of_merchant(time_ms, number) for number, time_ms in enumerate(times_ms)]
    return run(feature, arrivals, LATENESS_MS, TOLERANCE_MS)


def counts(*times_ms: int) -> list[object]:
    """Return the merchant's counts; exactly those that are None are out of reach."""
    evaluated = results(*times_ms)
    for each in evaluated:
        assert each.outcome == "new"
        assert each.out_of_reach == (MERCHANT if each.features["f"] is None else ())
    return [each.features["f"] for each in evaluated]


# ---- frontier ----


@pytest.mark.parametrize(
    ("before_ms", "arrived_ms", "expected_ms"),
    [
        (None, list(range(8)), None),
        (None, list(range(9)), 0),
        (11, list(range(20)), 11),
        (10, list(range(20)), 11),
        (100, [100] * 20 + [FAR_MS] * 8, 100),
        (100, [100] * 20 + [FAR_MS] * 9, FAR_MS),
        (100, [100, FAR_MS] * 20, 100),
        (FAR_MS, [FAR_MS] * 20 + [100] * 12, FAR_MS),
        (FAR_MS, [FAR_MS] * 20 + [100] * 13, 100),
    ],
)
def test_the_frontier_rises_with_nine_of_the_last_sixteen_and_falls_if_four_have_not_reached_it(
    before_ms: int | None, arrived_ms: list[int], expected_ms: int | None
) -> None:
    assert frontier_ms(before_ms, arrived_ms) == expected_ms


# ---- outliers of the future ----


def test_one_future_row_does_not_evict_what_other_accounts_need() -> None:
    assert counts(100, 101, FAR_MS, 102, 103, 104) == [1, 2, 1, 3, 4, 5]


@pytest.mark.parametrize("ahead_ms", [LATENESS_MS, TOLERANCE_MS, 2 * TOLERANCE_MS, FAR_MS])
def test_eight_future_rows_in_a_row_change_no_count_of_others(ahead_ms: int) -> None:
    outliers = [200 + n * ahead_ms for n in range(1, 9)]
    assert counts(*[200] * 20, *outliers, 200)[-1] == 21


def test_the_entity_keeps_its_windows_though_the_frontier_is_ahead_by_the_tolerance() -> None:
    ahead = [200 + TOLERANCE_MS] * 9
    found = counts(*[200] * 20, *ahead, 200, 200 - LATENESS_MS)
    assert found[-2:] == [21, 1]
    further = [200 + TOLERANCE_MS + LATENESS_MS + WINDOW_MS] * 9
    assert counts(*[200] * 20, *further, 200)[-1] is None


def test_what_is_one_too_many_ahead_is_out_of_reach_and_so_is_what_would_count_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reference_memory, "ROWS_AHEAD", 2)
    far = [FAR_MS, FAR_MS + 1, FAR_MS + 2, FAR_MS + 2 + WINDOW_MS - 1, FAR_MS - 1]
    assert counts(*[200] * 20, *far, 200)[-6:] == [1, 2, None, None, None, 21]


# ---- outliers of the past ----


def test_a_transaction_beyond_the_horizon_is_out_of_reach_and_counts_for_nobody() -> None:
    horizon_ms = 5_000 - WINDOW_MS - LATENESS_MS - TOLERANCE_MS
    assert counts(*[5_000] * 20, 0, horizon_ms, horizon_ms + 1, 5_000)[-4:] == [None, None, None, 21]


def test_an_old_transaction_is_in_reach_while_nothing_is_lost_that_its_windows_cover() -> None:
    horizon_ms = 5_000 - WINDOW_MS - LATENESS_MS - TOLERANCE_MS
    found = counts(*[5_000] * 20, horizon_ms + 1, horizon_ms + 2, horizon_ms, horizon_ms + WINDOW_MS)
    assert found[-4:] == [1, 2, None, 3]


def test_the_ordinals_count_what_is_out_of_reach() -> None:
    assert results(*[5_000] * 20, 0)[-1].ordinals == {"account_id": 1, "merchant_id": 21}


def test_a_list_is_none_out_of_reach() -> None:
    last = window("last_n", "transaction_amount_vnd", n=2, entity="merchant_id")
    assert results(*[5_000] * 20, 0, feature=last)[-1].features == {"f": None}


# ---- jumps ----


def test_a_jump_of_all_is_followed_and_counts_at_once() -> None:
    found = counts(*[200] * 20, *[FAR_MS] * 20, 200)
    assert found[20:] == [*range(1, 21), None]


def test_a_frontier_that_a_majority_of_outliers_raised_comes_back_and_no_count_is_too_low_meanwhile() -> None:
    times_ms = [*[200] * 20, *[FAR_MS] * 20, *(201 + n for n in range(40))]
    found = counts(*times_ms)[40:]
    assert None in found
    assert found[-1] == WINDOW_MS
    for time_ms, count in zip(times_ms[40:], found, strict=True):
        true = sum(
            time_ms - WINDOW_MS < other <= time_ms for other in times_ms[: times_ms.index(time_ms) + 1]
        )
        assert count in {None, true}


# ---- each entity for itself ----


def test_an_account_goes_by_its_own_newest_event_time() -> None:
    of_account = window("count", window_ms=WINDOW_MS)
    evaluated = run(of_account, [tx(200, "a"), tx(FAR_MS, "b"), tx(201, "c")], LATENESS_MS, TOLERANCE_MS)
    assert [each.outcome for each in evaluated] == ["new", "new", "late"]


def test_each_entity_keeps_as_much_as_its_own_longest_window() -> None:
    of_device = window("count", entity="device_id", name="g", window_ms=1_000)
    arrivals = [tx(5_000, account_id=f"A{n}", merchant_id="M", device_id="D") for n in range(20)]
    old = tx(3_800, account_id="B", merchant_id="M", device_id="D")
    result = run([of_device, COUNT], [*arrivals, old], LATENESS_MS, TOLERANCE_MS)[-1]
    assert result.features == {"g": 1, "f": None}
    assert result.out_of_reach == MERCHANT


@pytest.mark.parametrize(("is_early", "expected"), [(True, 0), (False, 0.5)])
def test_a_label_that_came_beyond_the_horizon_is_not_applied_when_the_frontier_comes_back(
    *, is_early: bool, expected: float
) -> None:
    rate = window("fraud_rate", entity="merchant_id", window_ms=WINDOW_MS)
    raised = [of_merchant(time_ms, number) for number, time_ms in enumerate([200] * 20 + [FAR_MS] * 20)]
    back = [of_merchant(5_000, 100 + number) for number in range(20)]
    fraud, final = of_merchant(5_005, 200), of_merchant(5_011, 300)
    of_fraud = label(fraud.transaction_id, fraud.event_time_ms, account_id=fraud.account_id)
    before, after = ([of_fraud], []) if is_early else ([], [of_fraud])
    result = run(rate, [*raised, *before, *back, fraud, *after, final], LATENESS_MS, TOLERANCE_MS)[-1]
    assert result.out_of_reach == ()
    assert result.features == {"f": expected}

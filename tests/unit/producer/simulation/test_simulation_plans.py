import numpy as np

from fraudstream.domain.duration import MINUTE_MS
from producer.simulation import draws
from producer.simulation.plans import in_order, joined, plans, spread, taken

KEYS = draws.with_number(draws.seed_key(7, "plans"), np.arange(2_000))


def test_ties_are_sorted_independently_of_the_input_order() -> None:
    """2,000 plans at 20 moments, of 5 accounts: the order within an episode, then the key, decides."""
    made = plans(
        KEYS,
        time_ms=draws.between(KEYS, "time", 0, 19),
        number=draws.between(KEYS, "number", 0, 4),
        order=draws.between(KEYS, "order", 0, 2),
    )
    sorted_ = in_order(made)
    assert np.array_equal(in_order(made[::-1].copy()), sorted_)
    ranks = sorted_[["time_ms", "number", "order", "key"]].tolist()
    assert ranks == sorted(ranks)


def test_zero_and_one_plans_are_in_order() -> None:
    assert len(in_order(joined([]))) == 0
    assert len(in_order(plans(KEYS[:1], time_ms=5))) == 1


def test_rows_are_selected_by_index_and_by_mask() -> None:
    made = plans(KEYS, time_ms=np.arange(len(KEYS)))
    assert taken(made, np.array([7, 3, 3]))["time_ms"].tolist() == [7, 3, 3]
    assert np.array_equal(taken(made, made["time_ms"] > 1_990), made[1_991:])


def test_spread_plans_start_at_the_beginning_and_stay_within_the_span() -> None:
    """The first is at the start, the others anywhere up to the end.

    0: |x---x-x------------------x|
    1: |x|   a span of 0
    """
    start_ms = np.arange(2_000) * 1_000_000
    counts = np.arange(2_000) % 7 + 1
    span_ms = np.where(np.arange(2_000) % 2, 0, 5 * MINUTE_MS)
    owners, order, time_ms = spread(KEYS, start_ms, counts, span_ms)
    assert np.array_equal(np.bincount(owners), counts)
    offsets_ms = time_ms - start_ms[owners]
    assert (offsets_ms[order == 0] == 0).all()
    assert (offsets_ms >= 0).all()
    assert (offsets_ms <= span_ms[owners]).all()
    assert (np.diff(time_ms)[np.diff(owners) == 0] >= 0).all()

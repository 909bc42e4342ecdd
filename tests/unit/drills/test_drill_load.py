from collections import Counter
from itertools import pairwise

import numpy as np

from drills.load import (
    ABSURD_FEES_VND,
    HOT_ACCOUNT,
    LATEST,
    Effort,
    SentItem,
    absurd_record,
    damaged_aggregate,
    doubled_and_late,
    ordinary,
    shard_number,
    transactions_of,
    with_broken,
    with_conflicts,
    with_hot_account,
    with_idle_shard,
    with_one_key,
    with_wrong_clock,
)
from fraudstream.domain.duration import DAY_MS, HOUR_MS
from fraudstream.domain.number_ranges import NUMBER_RANGES
from fraudstream.streams.kinesis.kpl_aggregate import parts_of
from producer.broken import BROKEN_KINDS

NOW_MS = 1_767_373_200_000
EFFORT = Effort(transactions=600, broken=70)
SHARDS = 4


def times_ms(items: list[SentItem]) -> list[int]:
    return [item.transaction.event_time_ms for item in items if item.transaction]


def test_a_load_has_the_requested_number_of_transactions_and_ends_now() -> None:
    items = ordinary(EFFORT, NOW_MS)
    assert len(items) == len(transactions_of(items)) == 600
    assert times_ms(items) == sorted(times_ms(items))
    assert abs(times_ms(items)[-1] - NOW_MS) < HOUR_MS


def test_even_with_wrong_clocks_and_late_transactions_a_load_spans_less_than_the_allowed_lateness() -> None:
    large = Effort()
    for load in (ordinary, with_wrong_clock, doubled_and_late):
        times = times_ms(load(large, NOW_MS))
        assert max(times) - min(times) < DAY_MS, load.__name__


def test_the_same_time_gives_the_same_load() -> None:
    assert ordinary(EFFORT, NOW_MS) == ordinary(EFFORT, NOW_MS)
    assert with_broken(EFFORT, NOW_MS) == with_broken(EFFORT, NOW_MS)


def test_records_of_an_account_share_a_partition_key() -> None:
    assert all(
        item.record.partition_key == item.transaction.account_id
        for item in ordinary(EFFORT, NOW_MS)
        if item.transaction
    )


def test_duplicates_are_two_identical_records() -> None:
    items = doubled_and_late(EFFORT, NOW_MS)
    counts = Counter(item.record.data for item in items)
    assert len(items) == 600
    assert set(counts.values()) <= {1, 2}
    # The load may end between a transaction and its duplicate.
    assert sum(count == 1 for count in counts.values()) < 30
    assert len(transactions_of(items)) == len(counts)


def test_some_transactions_are_late_and_none_exceeds_the_maximum_lateness() -> None:
    items = doubled_and_late(Effort(transactions=2_000), NOW_MS)
    newest_ms, late = 0, 0
    for time_ms in times_ms(items):
        assert newest_ms - time_ms <= LATEST.total_seconds() * 1_000 + 10 * 60_000
        late += newest_ms - time_ms > 11 * 60_000
        newest_ms = max(newest_ms, time_ms)
    assert late > 30


def test_a_load_with_one_key_has_the_same_records_in_one_shard() -> None:
    items = with_one_key(EFFORT, NOW_MS)
    assert [each.transaction for each in items] == [each.transaction for each in ordinary(EFFORT, NOW_MS)]
    assert len({each.record.partition_key for each in items}) == 1


def test_a_wrong_clock_is_right_then_an_hour_ahead_then_an_hour_behind() -> None:
    right, wrong = times_ms(ordinary(EFFORT, NOW_MS)), times_ms(with_wrong_clock(EFFORT, NOW_MS))
    off_ms = [b - a for a, b in zip(right, wrong, strict=True)]
    assert off_ms == [0] * 200 + [HOUR_MS] * 200 + [-HOUR_MS] * 200


def test_invalid_records_of_every_kind_are_mixed_in_and_the_others_keep_their_order() -> None:
    items = with_broken(EFFORT, NOW_MS)
    assert len(items) == 600 + 70 + 2
    assert transactions_of(items) == transactions_of(ordinary(EFFORT, NOW_MS))
    reasons = Counter(item.reason for item in items if item.reason)
    assert reasons == {**dict.fromkeys(BROKEN_KINDS, 10), "invalid_value": 1, "aggregation": 1}
    places = [place for place, item in enumerate(items) if item.reason]
    assert max(after - before for before, after in pairwise(places)) < 100


def test_only_the_digest_of_the_damaged_aggregate_is_wrong() -> None:
    data = damaged_aggregate(NOW_MS).record.data
    assert parts_of(data) is None
    (part,) = parts_of(data[:-1] + bytes([data[-1] ^ 1])) or []
    assert part.data == absurd_record(NOW_MS)


def test_one_number_is_outside_its_range_and_exceeds_single_precision() -> None:
    assert not NUMBER_RANGES["transaction_fees_vnd"].has(ABSURD_FEES_VND)
    with np.errstate(over="ignore"):
        assert np.isinf(np.float32(ABSURD_FEES_VND))


def test_an_idle_shard_gets_no_record_until_the_others_have_all_of_theirs() -> None:
    items = with_idle_shard(EFFORT, NOW_MS, SHARDS)
    assert Counter(items) == Counter(ordinary(EFFORT, NOW_MS))
    numbers = [shard_number(item.record.partition_key, SHARDS) for item in items]
    assert 0 in numbers[:120]
    first_again = next(place for place in range(120, 600) if numbers[place] == 0)
    assert first_again > 400
    assert set(numbers[first_again:]) == {0}


def test_a_key_is_assigned_to_the_shard_of_its_hash() -> None:
    # The md5 of these keys begin with 0c, 92, 4a and e1.
    assert [shard_number(key, SHARDS) for key in ("a", "b", "c", "d")] == [0, 2, 1, 2]
    assert shard_number("a", 1) == 0


def test_two_thirds_of_a_load_may_belong_to_one_account() -> None:
    items = with_hot_account(Effort(transactions=300), NOW_MS)
    hot = [each for each in items if each.transaction and each.transaction.account_id == HOT_ACCOUNT]
    assert (len(items), len(hot)) == (300, 200)
    assert len({each.record.partition_key for each in hot}) == 1
    assert len({each.transaction.key for each in items if each.transaction}) == 300


def test_a_conflict_has_the_id_and_the_account_of_an_earlier_transaction() -> None:
    items = with_conflicts(Effort(transactions=100), NOW_MS)
    assert len(items) == 110
    assert len({each.transaction.key for each in items if each.transaction}) == 100
    assert len({each.record for each in items}) == 110

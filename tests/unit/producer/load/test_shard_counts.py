import random

import pytest

from producer.load.shard_counts import (
    ENOUGH_A_SHARD,
    MAX_KEYS,
    UNKNOWN_SHARD,
    ShardCounts,
    hot_shards,
    throttling_shard,
)


def shards(*counts: int) -> dict[str, ShardCounts]:
    return {f"shard-{n}": ShardCounts(transactions=count) for n, count in enumerate(counts)}


@pytest.mark.parametrize(
    ("counts", "open_shards", "hot"),
    [
        ((1_000, 1_000, 1_000, 1_000), 4, []),
        ((1_500, 834, 833, 833), 4, []),
        ((1_501, 833, 833, 833), 4, ["shard-0"]),
        ((1_000, 1_000), 4, ["shard-0", "shard-1"]),
        ((5_000,), 1, []),
        ((300, 50, 50, 50), 4, []),
    ],
)
def test_a_shard_is_hot_above_one_and_a_half_fair_shares_of_enough_records(
    counts: tuple[int, ...], open_shards: int, hot: list[str]
) -> None:
    warnings = hot_shards(shards(*counts), open_shards)
    assert [warning.split(":")[0].removeprefix("hot shard ") for warning in warnings] == hot


def test_the_warning_names_the_most_frequent_keys() -> None:
    counted = shards(0, 100)
    for n in range(4 * ENOUGH_A_SHARD):
        counted["shard-0"].take("BUSY" if n % 2 else f"ACC_{n % 300}", 10)
    (warning,) = hot_shards(counted, 2)
    assert warning.startswith("hot shard shard-0: 1.8 times its fair share; most frequent keys: BUSY (50.0%)")


def test_rejections_without_a_shard_are_not_counted_as_a_shard() -> None:
    counted = shards(1_000, 1_000) | {UNKNOWN_SHARD: ShardCounts(throttled=500)}
    assert hot_shards(counted, 2) == []


def test_a_frequent_key_is_kept_among_more_keys_than_are_counted() -> None:
    shard = ShardCounts()
    rng = random.Random(1)
    taken = ["BUSY" if rng.random() < 0.1 else f"K{n}" for n in range(5 * MAX_KEYS)]
    for key in taken:
        shard.take(key, 3)
    assert len(shard.keys) <= 2 * MAX_KEYS + 1
    assert shard.keys.most_common(1) == [("BUSY", taken.count("BUSY"))]
    assert shard.records == 5 * MAX_KEYS


def test_the_throttling_shard_is_parsed_from_the_message() -> None:
    message = (
        "Rate exceeded for shard shardId-000000000007 in stream Transactions under account 111122223333."
    )
    assert throttling_shard(message) == "shardId-000000000007"
    assert throttling_shard("Rate exceeded") == UNKNOWN_SHARD

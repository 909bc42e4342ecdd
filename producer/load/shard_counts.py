"""Accepted and throttled records by shard, and warnings about hot shards."""

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

HOT_SHARE: Final = 1.5
"""A shard with more than this many fair shares is hot."""
ENOUGH_A_SHARD: Final = 250
"""Average transactions per shard before one can be hot: by chance alone, a shard then stays far below 1.5
shares."""
NAMED_KEYS: Final = 3
MAX_KEYS: Final = 10_000
"""Partition keys counted for each shard; beyond twice this number, the rarest are dropped."""
UNKNOWN_SHARD: Final = "unknown"
"""Used if a refusal does not name its shard."""

_SHARD_ID: Final = re.compile(r"shardId-\d{12}")


@dataclass(slots=True)
class ShardCounts:
    """Transactions, records and bytes (data and key) accepted by one shard, and records that it throttled.

    A record has one transaction, unless they are joined; ``keys`` counts the transactions of each key.
    """

    transactions: int = 0
    records: int = 0
    size_bytes: int = 0
    throttled: int = 0
    keys: Counter[str] = field(default_factory=Counter)

    def take(self, partition_key: str, size_bytes: int, transactions: int = 1) -> None:
        """Count an accepted record with this number of transactions."""
        self.transactions += transactions
        self.records += 1
        self.size_bytes += size_bytes
        self.keys[partition_key] += transactions
        if len(self.keys) > 2 * MAX_KEYS:
            self.keys = Counter(dict(self.keys.most_common(MAX_KEYS)))


def throttling_shard(message: str) -> str:
    """Return the shard that a throttled record's error message names, or `UNKNOWN_SHARD`.

    Kinesis returns no shard id for such a record, but writes "Rate exceeded for shard shardId-…" (PutRecords
    API reference, example).
    """
    found = _SHARD_ID.search(message)
    return found[0] if found else UNKNOWN_SHARD


def hot_shards(shards: dict[str, ShardCounts], open_shards: int) -> list[str]:
    """Return a warning for each shard with more than `HOT_SHARE` times its fair share of the transactions.

    The fair share is that of ``open_shards`` equal shards, even if some have received nothing so far.
    """
    total = sum(shard.transactions for shard in shards.values())
    count = max(open_shards, sum(name != UNKNOWN_SHARD for name in shards))
    if total < ENOUGH_A_SHARD * count:
        return []
    fair = total / count
    return [
        _warning(name, shard, shard.transactions / fair)
        for name, shard in sorted(shards.items())
        if shard.transactions > HOT_SHARE * fair
    ]


def _warning(name: str, shard: ShardCounts, fair_shares: float) -> str:
    keys = ", ".join(
        f"{key} ({count / shard.transactions:.1%})" for key, count in shard.keys.most_common(NAMED_KEYS)
    )
    return f"hot shard {name}: {fair_shares:.1f} times its fair share; most frequent keys: {keys}"

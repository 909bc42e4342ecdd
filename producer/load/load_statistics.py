"""Statistics of a load test: counted by the senders, read by the view and the summary."""

import threading
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fraudstream.archives.archive_errors import ArchiveError
from fraudstream.streams.stream_errors import StreamError
from producer.load.histogram import LogHistogram
from producer.load.shard_counts import ShardCounts


class Accepted(NamedTuple):
    """An accepted record: its shard, partition key, counted size in bytes, and number of transactions."""

    shard_id: str
    partition_key: str
    size_bytes: int
    transactions: int = 1


class LoadStatistics:
    """Counters of a run. Methods are thread-safe; hold `lock` to read several values together.

    Each transaction that was made ends in one of ``sent``, ``failed`` (refused at every attempt) and
    ``not_sent`` (given up when the run was stopped), also where a record has several.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.made = 0
        self.sent = 0
        self.failed = 0
        self.not_sent = 0
        self.requests = 0
        self.retries = 0
        self.last_acknowledged_s = 0.0
        self.put_ms = LogHistogram()
        self.lag_ms = LogHistogram()
        self.shards: dict[str, ShardCounts] = defaultdict(ShardCounts)
        self.error_codes: Counter[str] = Counter()
        self.errors: list[str] = []

    def on_made(self, records: int) -> None:
        """Count transactions that were taken from the source."""
        with self.lock:
            self.made += records

    def on_request(self, took_ms: float, accepted: Iterable[Accepted], throttled: Iterable[str]) -> None:
        """Count an answered request: its accepted records, and the shard of each throttled one."""
        with self.lock:
            self.requests += 1
            self.put_ms.record(took_ms)
            for shard_id, partition_key, size_bytes, transactions in accepted:
                self.sent += transactions
                self.shards[shard_id].take(partition_key, size_bytes, transactions)
            for shard_id in throttled:
                self.shards[shard_id].throttled += 1

    def on_acknowledged(self, due_s: npt.NDArray[np.float64], now_s: float) -> None:
        """Record the lag of transactions that are in the stream at ``now_s``; seconds from the start."""
        with self.lock:
            self.lag_ms.record((now_s - due_s) * 1000)
            self.last_acknowledged_s = max(self.last_acknowledged_s, now_s)

    def on_failed(self, codes: Iterable[str]) -> None:
        """Count transactions that were refused at every attempt, by their error codes."""
        with self.lock:
            found = Counter(codes)
            self.error_codes.update(found)
            self.failed += found.total()

    def on_not_sent(self, records: int) -> None:
        """Count transactions that were given up."""
        with self.lock:
            self.not_sent += records

    def on_retries(self, requests: int) -> None:
        """Count requests beyond the first."""
        with self.lock:
            self.retries += requests

    def on_error(self, error: Exception) -> None:
        """Record an error that ended the run early."""
        with self.lock:
            self.errors.append(str(error) if isinstance(error, StreamError | ArchiveError) else repr(error))

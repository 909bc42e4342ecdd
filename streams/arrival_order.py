"""Arrival order: merges the records of all shards by arrival time. Pure."""

import heapq
from collections.abc import Iterable, Iterator

from fraudstream.streams.protocols import StreamRecord


class ArrivalOrder:
    """Buffers the records of each shard until all other shards have been read up to the same time.

    The records of a shard keep their order even if their arrival times, which are approximate in Kinesis,
    contradict it. Records of different shards are ordered by arrival time, those of the same millisecond by
    the order of reading.
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[int, int, StreamRecord]] = []
        self._latest_ms: dict[str, int] = {}
        self._read = 0

    def add(self, records: Iterable[StreamRecord]) -> None:
        """Add records in the order in which the reader returns them."""
        for record in records:
            arrival_ms = max(record.arrival_ms, self._latest_ms.get(record.shard_id, record.arrival_ms))
            self._latest_ms[record.shard_id] = arrival_ms
            heapq.heappush(self._waiting, (arrival_ms, self._read, record))
            self._read += 1

    def before(self, time_ms: int) -> Iterator[StreamRecord]:
        """Yield and remove the records that arrived before ``time_ms`` (epoch milliseconds), in order."""
        while self._waiting and self._waiting[0][0] < time_ms:
            yield heapq.heappop(self._waiting)[2]

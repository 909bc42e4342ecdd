"""Arrival order: merges the records of all shards by arrival time, and splits records into lines. Pure."""

import heapq
import re
from collections.abc import Iterable, Iterator
from typing import Final

from fraudstream.streams.kinesis.kpl_aggregate import parts_of
from fraudstream.streams.protocols import StreamRecord

_RECORD_BEGINS: Final = re.compile(rb"\n(?=\{)")
"""Boundary at which the job splits a stream record into records (the kernel's ``RecordSplitter``)."""


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


def lines_of(data: bytes) -> list[bytes]:
    r"""Return the lines that represent a stream record in a file, without line feeds.

    A record that the Kinesis Producer Library aggregated is taken apart, and each part is split at lines that
    begin with a brace, as the job does when it reads the stream. A line feed elsewhere is replaced by a
    carriage return, which JSON allows and forbids in the same places (RFC 8259, sections 2 and 7); a final
    line feed is removed. Thus each line is exactly one record for the job, valid or broken, as it was in the
    stream.
    """
    return [
        line.rstrip(b"\n").replace(b"\n", b"\r")
        for part in parts_of(data)
        for line in _RECORD_BEGINS.split(part)
    ]

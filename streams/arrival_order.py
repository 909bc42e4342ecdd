"""The records of all shards in one order, that of their arrival, and each as lines of a file. Pure."""

import heapq
import re
from collections.abc import Iterable, Iterator
from typing import Final

from fraudstream.streams.protocols import StreamRecord

_RECORD_BEGINS: Final = re.compile(rb"\n(?=\{)")
"""Where the job begins a new record within one of the stream's (the kernel's ``RecordSplitter``)."""


class ArrivalOrder:
    """Holds back what was read of one shard until all the others have been read as far.

    The records of a shard keep their order, whatever their times of arrival say: Kinesis calls these
    approximate. Of two shards, that which arrived first comes first, in one millisecond that which was
    read first.
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[int, int, StreamRecord]] = []
        self._latest_ms: dict[str, int] = {}
        self._read = 0

    def add(self, records: Iterable[StreamRecord]) -> None:
        """Take records as the reader hands them out."""
        for record in records:
            arrival_ms = max(record.arrival_ms, self._latest_ms.get(record.shard_id, record.arrival_ms))
            self._latest_ms[record.shard_id] = arrival_ms
            heapq.heappush(self._waiting, (arrival_ms, self._read, record))
            self._read += 1

    def before(self, time_ms: int) -> Iterator[StreamRecord]:
        """Give back what arrived before ``time_ms`` (epoch milliseconds), in order."""
        while self._waiting and self._waiting[0][0] < time_ms:
            yield heapq.heappop(self._waiting)[2]


def lines_of(data: bytes) -> list[bytes]:
    r"""Return the lines that stand for a record of the stream, without line feeds.

    A record that holds several, each beginning a line with a brace, is as many lines, which is how the job
    reads it. A line feed elsewhere becomes a carriage return, which JSON takes in the same places and
    refuses in the same (RFC 8259, sections 2 and 7); at the end it is left out. So what was one record for
    the job, sound or broken, is one again.
    """
    return [part.rstrip(b"\n").replace(b"\n", b"\r") for part in _RECORD_BEGINS.split(data)]

"""``python -m streams archive``: the records of a stream into a file, in the order of their arrival."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from fraudstream.streams.protocols import RecordReader
from streams.arrival_order import ArrivalOrder, lines_of


@dataclass(slots=True)
class Archived:
    """What has been written: records of the stream, the lines that they are, and how far it has come."""

    records: int = 0
    lines: int = 0
    rewritten: int = 0
    """Records that have a carriage return in place of a line feed."""
    reached_ms: int = 0
    """All that arrived before this time (epoch milliseconds) is written."""


def archive(
    reader: RecordReader,
    file: IO[bytes],
    end_ms: int,
    stop: threading.Event,
    on_progress: Callable[[Archived], None],
) -> Archived:
    """Write what arrived before ``end_ms`` (epoch milliseconds), until all of it is or the stop is set.

    ``on_progress`` is told after each round over the shards. Raises `StreamError` as the reader does.
    """
    archived, order = Archived(), ArrivalOrder()
    while archived.reached_ms < end_ms and not stop.is_set():
        order.add(reader.poll())
        archived.reached_ms = min(end_ms, reader.reached_ms() or 0)
        for record in order.before(archived.reached_ms):
            _write(record.data, file, archived)
        on_progress(archived)
    return archived


def _write(data: bytes, file: IO[bytes], archived: Archived) -> None:
    lines = lines_of(data)
    file.writelines(line + b"\n" for line in lines)
    archived.records += 1
    archived.lines += len(lines)
    # A carriage return that was there before is none of ours.
    archived.rewritten += sum(line.count(b"\r") for line in lines) > data.count(b"\r")

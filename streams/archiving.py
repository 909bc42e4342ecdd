"""Archiving of a stream's records to a file in order of arrival, for ``python -m streams archive``."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from fraudstream.archives.record_writers import LineWriter
from fraudstream.streams.protocols import RecordReader
from streams.arrival_order import ArrivalOrder, lines_of


@dataclass(slots=True)
class Archived:
    """Progress of archiving: stream records and lines written, and the time reached."""

    records: int = 0
    lines: int = 0
    rewritten: int = 0
    """Records in which a line feed was replaced by a carriage return."""
    reached_ms: int = 0
    """All records that arrived before this time (epoch milliseconds) are written."""


def archive(
    reader: RecordReader,
    file: LineWriter,
    end_ms: int,
    stop: threading.Event,
    on_progress: Callable[[Archived], None],
) -> Archived:
    """Write all records that arrived before ``end_ms`` (epoch milliseconds), or until ``stop`` is set.

    ``on_progress`` is called after each round over the shards. Raises `StreamError` as the reader does.
    """
    archived, order = Archived(), ArrivalOrder()
    while archived.reached_ms < end_ms and not stop.is_set():
        order.add(reader.poll())
        archived.reached_ms = min(end_ms, reader.reached_ms() or 0)
        for record in order.before(archived.reached_ms):
            _write(record.data, file, archived)
        on_progress(archived)
    return archived


def _write(data: bytes, file: LineWriter, archived: Archived) -> None:
    lines = lines_of(data)
    file.writelines(line + b"\n" for line in lines)
    archived.records += 1
    archived.lines += len(lines)
    # Don't count carriage returns that the record had before.
    archived.rewritten += sum(line.count(b"\r") for line in lines) > data.count(b"\r")

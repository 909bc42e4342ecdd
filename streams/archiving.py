"""Archiving of a stream's records to a file in order of arrival, for ``python -m streams archive``."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from fraudstream.archives.record_writers import LineWriter
from fraudstream.streams.protocols import RecordReader, StreamRecord
from streams.archive_lines import lines_of
from streams.arrival_order import ArrivalOrder


@dataclass(slots=True)
class Archived:
    """Progress of archiving: stream records and lines written, and the time reached.

    An aggregated record counts as one.
    """

    records: int = 0
    lines: int = 0
    rewritten: int = 0
    """Lines in which a line feed was replaced by a carriage return."""
    escaped: int = 0
    """Lines of records that a line can't hold as they are."""
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
            _write(record, file, archived)
        on_progress(archived)
    return archived


def _write(record: StreamRecord, file: LineWriter, archived: Archived) -> None:
    lines = lines_of(record.data)
    file.writelines(line.text + b"\n" for line in lines)
    archived.records += not record.parts_left
    archived.lines += len(lines)
    archived.rewritten += sum(line.is_rewritten for line in lines)
    archived.escaped += sum(line.is_escaped for line in lines)

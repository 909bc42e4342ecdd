"""``python -m streams archive``: the records of a stream into a file, in the order of their arrival."""

import gzip
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from fraudstream.streams.kinesis.kinesis_reader import StreamReader
from fraudstream.streams.stream_errors import StreamError
from streams.arrival_order import ArrivalOrder, lines_of

COMPRESSION_LEVEL: Final = 6
"""zlib's own choice between time and size; Python's gzip takes 9, which needs several times as long."""


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
    reader: StreamReader,
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


@contextmanager
def written_whole(path: Path) -> Iterator[IO[bytes]]:
    """Give a file to write, compressed if the name ends in .gz; it has its name once the block has ended.

    A block that fails leaves an older file as it was, and nothing else. Raises `StreamError` if it can't be
    written.
    """
    unfinished = path.with_name(f"{path.name}.part")
    try:
        with _opened(unfinished, is_compressed=path.suffix == ".gz") as file:
            yield file
        unfinished.replace(path)
    except OSError as error:
        msg = f"{path} can't be written ({error}); make room there, or give another file"
        raise StreamError(msg) from None
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def _opened(path: Path, *, is_compressed: bool) -> Iterator[IO[bytes]]:
    if not is_compressed:
        with path.open("wb") as file:
            yield file
        return
    # Without a time in it, the same stream gives the same bytes.
    with gzip.GzipFile(path, "wb", COMPRESSION_LEVEL, mtime=0) as compressed:
        yield compressed  # type: ignore[misc] # typeshed does not take it for the IO that it is

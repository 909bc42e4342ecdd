"""Writers of record files: under a temporary name first, so that a file is there whole or not at all."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

import pyarrow as pa
import pyarrow.parquet as pq

from fraudstream.archives.archive_errors import ArchiveError
from fraudstream.archives.record_files import is_gzip

COMPRESSION_LEVEL: Final = 6
"""zlib's own choice between time and size; Python's gzip takes 9, which needs several times as long."""


@contextmanager
def replaced_when_whole(path: Path) -> Iterator[Path]:
    """Give a path beside ``path`` to write to; the file gets its name once the block has ended.

    A block that fails leaves an older file as it was, and nothing else. ``OSError`` comes as it is.
    """
    unfinished = path.with_name(f"{path.name}.part")
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def written_whole(path: Path) -> Iterator[IO[bytes]]:
    """Give a file to write lines to, compressed if the name ends in .gz; the same lines give the same bytes.

    As with `replaced_when_whole` it is there once the block has ended. Raises `ArchiveError` if it can't be
    written.
    """
    with write_errors(path), replaced_when_whole(path) as unfinished:
        if not is_gzip(path):
            with unfinished.open("wb") as file:
                yield file
            return
        # Without a time in it, the same lines give the same bytes.
        with gzip.GzipFile(unfinished, "wb", COMPRESSION_LEVEL, mtime=0) as compressed:
            yield compressed  # type: ignore[misc] # typeshed does not take it for the IO that it is


@contextmanager
def parquet_written_whole(path: Path, schema: pa.Schema) -> Iterator[pq.ParquetWriter]:
    """Give a writer of tables with that schema; the file is there once the block has ended.

    Raises `ArchiveError` if it can't be written.
    """
    with (
        write_errors(path),
        replaced_when_whole(path) as unfinished,
        pq.ParquetWriter(unfinished, schema) as writer,
    ):
        yield writer


@contextmanager
def write_errors(path: Path) -> Iterator[None]:
    """Raise `ArchiveError`, with the reason and the fix, where ``path`` can't be written."""
    try:
        yield
    except OSError as error:
        msg = f"{path} can't be written ({error}); make room there, or give another file"
        raise ArchiveError(msg) from None

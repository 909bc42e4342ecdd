"""Atomic writers of record files: a file gets its name only once it is complete."""

import gzip
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

import pyarrow as pa

from fraudstream.archives.archive_errors import ArchiveError
from fraudstream.archives.parquet_files import TableWriter, parquet_writer
from fraudstream.archives.record_files import is_gzip
from fraudstream.runtime.private_files import open_private

COMPRESSION_LEVEL: Final = 6
"""zlib's default trade-off of time and size; the default of Python's gzip, 9, takes several times as long."""


@contextmanager
def replaced_when_whole(path: Path, *, is_private: bool = False) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; the file is renamed to ``path`` when the block ends.

    A private file is there already, empty, with the mode 0600, for the block to overwrite. If the block
    fails, the temporary file is deleted and an existing file is left unchanged. ``OSError`` is not converted.
    """
    unfinished = path.with_name(f"{path.name}.part")
    try:
        if is_private:
            unfinished.unlink(missing_ok=True)
            os.close(open_private(unfinished, os.O_WRONLY | os.O_CREAT))
        yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def written_whole(path: Path) -> Iterator[IO[bytes]]:
    """Yield a file to write lines to, compressed if the name ends in .gz; equal lines give equal bytes.

    The file appears when the block ends, as a private one of `replaced_when_whole`. Raises `ArchiveError` if
    it can't be written.
    """
    with write_errors(path), replaced_when_whole(path, is_private=True) as unfinished:
        if not is_gzip(path):
            with unfinished.open("wb") as file:
                yield file
            return
        # No timestamp in the header, so that the same lines give the same bytes.
        with gzip.GzipFile(unfinished, "wb", COMPRESSION_LEVEL, mtime=0) as compressed:
            yield compressed  # type: ignore[misc] # typeshed doesn't declare it as IO


@contextmanager
def parquet_written_whole(path: Path, schema: pa.Schema) -> Iterator[TableWriter]:
    """Yield a writer of tables with the given schema; the file appears when the block ends.

    It is private, as the files of `written_whole` are. Raises `ArchiveError` if it can't be written.
    """
    with (
        write_errors(path),
        replaced_when_whole(path, is_private=True) as unfinished,
        parquet_writer(unfinished, schema) as writer,
    ):
        yield writer


@contextmanager
def write_errors(path: Path) -> Iterator[None]:
    """Convert errors of writing ``path`` to `ArchiveError` with the reason and the fix."""
    try:
        yield
    except OSError as error:
        msg = f"{path} can't be written ({error}); free space on its disk, or use another file"
        raise ArchiveError(msg) from None

"""Atomic writers of record files: a file gets its name only once it is complete."""

import gzip
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final, Protocol, TypeVar

import pyarrow as pa

from fraudstream.archives.archive_errors import ArchiveError
from fraudstream.archives.parquet_files import TableWriter, parquet_writer
from fraudstream.archives.record_files import is_gzip
from fraudstream.runtime.private_files import open_private

Opened = TypeVar("Opened")

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


class LineWriter(Protocol):
    """Writes lines to a file, one after the other."""

    def write(self, data: bytes, /) -> object:
        """Append bytes."""

    def writelines(self, lines: Iterable[bytes], /) -> object:
        """Append lines, each with its line feed."""


@contextmanager
def written_whole(path: Path) -> Iterator[LineWriter]:
    """Yield a file to write lines to, compressed if the name ends in .gz; equal lines give equal bytes.

    The file appears when the block ends, as a private one of `replaced_when_whole`. Raises `ArchiveError` if
    it can't be written; other errors of the block are not converted.
    """

    def opened(unfinished: Path) -> AbstractContextManager[LineWriter]:
        if is_gzip(path):
            # No timestamp in the header, so that the same lines give the same bytes.
            return gzip.GzipFile(unfinished, "wb", COMPRESSION_LEVEL, mtime=0)
        return unfinished.open("wb")

    with _opened_whole(path, opened, is_private=True) as file:
        yield _NamedLines(file, path)


@contextmanager
def parquet_written_whole(path: Path, schema: pa.Schema) -> Iterator[TableWriter]:
    """Yield a writer of tables with the given schema; the file is private, like those of `written_whole`."""
    with tables_written_whole(path, lambda to: parquet_writer(to, schema), is_private=True) as writer:
        yield writer


@contextmanager
def tables_written_whole(
    path: Path, opened: Callable[[Path], AbstractContextManager[TableWriter]], *, is_private: bool = False
) -> Iterator[TableWriter]:
    """Yield the writer of tables that ``opened`` returns for a path; the file appears when the block ends.

    Raises `ArchiveError` if it can't be written; other errors of the block are not converted.
    """
    with _opened_whole(path, opened, is_private=is_private) as writer:
        yield _NamedTables(writer, path)


@contextmanager
def write_errors(path: Path) -> Iterator[None]:
    """Convert errors of writing ``path`` to `ArchiveError` with the reason and the fix.

    The block must do nothing but write this file: the error would name it for another one's fault.
    """
    try:
        yield
    except OSError as error:
        raise _unwritable(path, error) from None


class _NamedLines:
    """A `LineWriter` whose errors name its file."""

    def __init__(self, file: LineWriter, path: Path) -> None:
        self._file = file
        self._path = path

    def write(self, data: bytes, /) -> None:
        with write_errors(self._path):
            self._file.write(data)

    def writelines(self, lines: Iterable[bytes], /) -> None:
        with write_errors(self._path):
            self._file.writelines(lines)


class _NamedTables:
    """A `TableWriter` whose errors name its file."""

    def __init__(self, writer: TableWriter, path: Path) -> None:
        self._writer = writer
        self._path = path

    def write_table(self, table: pa.Table) -> None:
        with write_errors(self._path):
            self._writer.write_table(table)


@contextmanager
def _opened_whole(
    path: Path, opened: Callable[[Path], AbstractContextManager[Opened]], *, is_private: bool
) -> Iterator[Opened]:
    """Yield what ``opened`` returns for a temporary path; the file is renamed to ``path`` after the block.

    Errors of opening, closing and renaming are `ArchiveError`. Those of the block, which may write other
    files, are raised as they are, even if the disk is so full that closing fails too.
    """
    failures: list[BaseException] = []
    try:
        with replaced_when_whole(path, is_private=is_private) as unfinished, opened(unfinished) as file:
            try:
                yield file
            except BaseException as error:
                failures.append(error)
                raise
    except OSError as error:
        if failures:
            raise failures[0]  # noqa: B904 - its own cause is the one to show
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError) -> ArchiveError:
    return ArchiveError(f"{path} can't be written ({error}); free space on its disk, or use another file")

"""Record file reader: the records of one file of any supported kind, as JSON."""

import gzip
import itertools
import re
import stat
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Any, Final

import orjson
import pyarrow as pa

from fraudstream.archives.archive_errors import ArchiveError
from fraudstream.archives.csv_records import csv_rows
from fraudstream.archives.parquet_files import ParquetFile, column_values, opened_parquet
from fraudstream.archives.record_delimiting import MAX_LINE_BYTES, UndelimitedError, records_of_line
from fraudstream.archives.record_escape import is_array, is_blank, record_of
from fraudstream.domain.record_gate import LABEL_KINDS, REQUIRED, REQUIRED_OF_LABELS
from fraudstream.domain.transaction import COLUMN_KINDS, ColumnKind, Label, Transaction

SUFFIXES: Final = (".jsonl", ".json", ".ndjson", ".gz", ".parquet", ".csv")
"""Suffixes of record files, in either case; a .gz holds JSON lines."""
UNREAD_SUFFIXES: Final = (".csv.gz", ".parquet.gz")
"""Suffixes of compressed files that are not read: a .gz would be taken for JSON lines."""
_FIREHOSE_NAME: Final = re.compile(r".*-\d{4}(-\d{2}){5}-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""Firehose's name for an uncompressed object, which has no suffix (developer guide: Configure Amazon S3
object name format)."""

RecordType = type[Transaction] | type[Label]
KNOWN_COLUMNS: Final[Mapping[RecordType, Mapping[str, ColumnKind]]] = {
    Transaction: COLUMN_KINDS,
    Label: {**LABEL_KINDS, "fraud_type": "text"},
}
REQUIRED_COLUMNS: Final[Mapping[RecordType, tuple[str, ...]]] = {
    Transaction: REQUIRED,
    Label: REQUIRED_OF_LABELS,
}


def is_parquet(path: Path) -> bool:
    """Whether the name is that of a Parquet file."""
    return path.suffix.lower() == ".parquet"


def is_gzip(path: Path) -> bool:
    """Whether the name is that of a compressed file of JSON lines."""
    return path.suffix.lower() == ".gz"


def is_csv(path: Path) -> bool:
    """Whether the name is that of a CSV file."""
    return path.suffix.lower() == ".csv"


def is_of_a_known_kind(name: str) -> bool:
    """Whether a file of an archive holds records, judged by its name or S3 key."""
    last = PurePosixPath(name).name
    if last.lower().endswith(UNREAD_SUFFIXES):
        return False
    return last.lower().endswith(SUFFIXES) or _FIREHOSE_NAME.fullmatch(last) is not None


def read_lines(path: Path, record_type: RecordType, *, name: str | None = None) -> Iterator[bytes]:
    """Yield the records of a file of JSON lines (plain or .gz), of a .parquet or a .csv file, as JSON.

    They keep their order; blank lines have none. Concatenated JSON objects on one line are separate records.
    Error messages refer to the file as ``name``, by default its path. Raises `ArchiveError` if the file is
    broken, is one JSON array, or lacks a column that ``record_type`` requires.
    """
    called = name or str(path)
    with file_errors(called):
        check_regular(path, called)
        if is_csv(path):
            yield from csv_rows(path, KNOWN_COLUMNS[record_type], REQUIRED_COLUMNS[record_type], called)
            return
        if is_parquet(path):
            with opened_parquet(path, called=called) as parquet:
                check_columns(parquet, record_type, called)
                # The job ignores other columns, whose values may have no form in Python.
                known = [name for name in parquet.names if name in KNOWN_COLUMNS[record_type]]
                yield from map(_as_json, parquet.records(known))
            return
        for number, line in enumerate(_lines(path), 1):
            if number == 1:
                check_no_array(line, called)
            if not is_blank(line):
                yield from records_of_line(line, number)


def read_rows(path: Path) -> Iterator[bytes]:
    """Yield the rows of a .parquet file as JSON, or the records of the lines of a plain or .gz file.

    Unlike `read_lines`, it requires no columns and splits no lines. Raises `ArchiveError` if the content does
    not match the kind that the file's name implies.
    """
    with file_errors(str(path)):
        check_regular(path, str(path))
        if not is_parquet(path):
            yield from map(record_of, _lines(path))
            return
        with opened_parquet(path) as parquet:
            yield from map(_as_json, parquet.records())


def place_in(path: Path, number: int) -> str:
    """Return a readable location of a row of `read_rows`, like ``FILE, line 3``; ``number`` counts from 1."""
    return f"{path}, {'row' if is_parquet(path) else 'line'} {number}"


@contextmanager
def file_errors(called: str) -> Iterator[None]:
    """Convert errors of reading the file ``called`` to `ArchiveError` with the reason and the fix."""
    try:
        yield
    except UndelimitedError as error:
        msg = f"{called}, {error}"
        raise ArchiveError(msg) from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        msg = f"{called} is not a complete gzip file ({error}); compress it again, or give it as .jsonl"
        raise ArchiveError(msg) from None
    except OSError as error:
        raise ArchiveError.of_reading(called, error) from None


def _lines(path: Path) -> Iterator[bytes]:
    """Yield the lines; raises `UndelimitedError` if one would fill the memory, as a short .gz can hold."""
    if is_gzip(path) and not path.stat().st_size:
        msg = "the file is empty"
        raise EOFError(msg)
    with gzip.open(path, "rb") if is_gzip(path) else path.open("rb") as file:
        for number in itertools.count(1):
            line = file.readline(MAX_LINE_BYTES + 1)
            if not line:
                return
            if len(line) > MAX_LINE_BYTES:
                msg = f"line {number} has over {MAX_LINE_BYTES:,} bytes; end each record by a line feed"
                raise UndelimitedError(msg)
            yield line.rstrip(b"\n")


def check_kind(path: Path) -> None:
    """Raise `ArchiveError` if a file's name says no format, or a compressed one other than JSON lines."""
    if path.name.lower().endswith(UNREAD_SUFFIXES):
        msg = f"{path}: a compressed file is read as JSON lines; decompress it"
        raise ArchiveError(msg)
    if not is_of_a_known_kind(path.name):
        msg = f"{path}: unknown kind of file; name it {', '.join(SUFFIXES)} by its format"
        raise ArchiveError(msg)


def check_regular(path: Path, called: str) -> None:
    """Raise `ArchiveError` if a file is a pipe, a device or the like, which may never end."""
    if not stat.S_ISREG(path.stat().st_mode):
        msg = f"{called} is not a regular file; copy its records to one"
        raise ArchiveError(msg)


def check_no_array(line: bytes, called: str) -> None:
    """Raise `ArchiveError` if a file begins as a JSON array, given its first line or the start of it."""
    if is_array(line):
        msg = f"{called} begins with a JSON array; write one object on each line, without brackets and commas"
        raise ArchiveError(msg)


def check_columns(parquet: ParquetFile, record_type: RecordType, called: str) -> None:
    """Raise `ArchiveError` if a file lacks a column that every record of the type has."""
    missing = [name for name in REQUIRED_COLUMNS[record_type] if name not in parquet.names]
    if missing:
        msg = (
            f"{called} has no column {', '.join(missing)}, which every {record_type.__name__.lower()} "
            f"needs; it has {', '.join(parquet.names)}: rename or add columns"
        )
        raise ArchiveError(msg)


def json_rows(table: pa.Table) -> Iterator[bytes]:
    """Yield the rows of a table that was read from Parquet as JSON, like `read_lines`."""
    columns = [column_values(table[name].combine_chunks()) for name in table.column_names]
    for row in zip(*columns, strict=True):
        yield _as_json(dict(zip(table.column_names, row, strict=True)))


def _as_json(record: dict[str, Any]) -> bytes:
    return orjson.dumps(record, default=_plain, option=orjson.OPT_PASSTHROUGH_DATETIME)


def _plain(value: Any) -> float | str:  # noqa: ANN401 - any column value; the parser checks it
    """Convert a value without a JSON type to one that has it."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, bytes):
        # Some writers don't mark text columns as such. Invalid UTF-8 is escaped, so that ids stay distinct.
        return value.decode(errors="backslashreplace")
    return str(value)

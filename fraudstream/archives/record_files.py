"""Record file reader: the records of one file of any supported kind, as JSON."""

import dataclasses
import gzip
import itertools
import re
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Any, Final

import orjson
import pyarrow as pa

from fraudstream.archives.archive_errors import ArchiveError
from fraudstream.archives.parquet_files import ParquetFile, column_values, opened_parquet
from fraudstream.archives.record_delimiting import MAX_LINE_BYTES, UndelimitedError, records_of_line
from fraudstream.archives.record_escape import record_of
from fraudstream.domain.record_gate import LABEL_KINDS
from fraudstream.domain.transaction import COLUMN_KINDS, Label, Transaction

SUFFIXES: Final = (".jsonl", ".json", ".gz", ".parquet")
"""File name suffixes that an archive can contain; a .gz holds JSON lines."""
_FIREHOSE_NAME: Final = re.compile(r".*-\d{4}(-\d{2}){5}-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""Firehose's name for an uncompressed object, which has no suffix (developer guide: Configure Amazon S3
object name format)."""

RecordType = type[Transaction] | type[Label]
_KNOWN: Final[Mapping[RecordType, frozenset[str]]] = {
    Transaction: frozenset(COLUMN_KINDS),
    Label: frozenset({*LABEL_KINDS, "fraud_type"}),
}


def is_parquet(path: Path) -> bool:
    """Whether the name is that of a Parquet file."""
    return path.suffix == ".parquet"


def is_gzip(path: Path) -> bool:
    """Whether the name is that of a compressed file of JSON lines."""
    return path.suffix == ".gz"


def is_of_a_known_kind(name: str) -> bool:
    """Whether a file of an archive holds records, judged by its name or S3 key."""
    last = PurePosixPath(name).name
    return last.endswith(SUFFIXES) or _FIREHOSE_NAME.fullmatch(last) is not None


def read_lines(path: Path, record_type: RecordType, *, name: str | None = None) -> Iterator[bytes]:
    """Yield the records of a file of JSON lines (plain or .gz) or of a .parquet file, as JSON, in order.

    Concatenated JSON objects on one line are separate records. Error messages refer to the file as ``name``,
    by default its path. Raises `ArchiveError` if the file is broken or lacks a column that ``record_type``
    requires.
    """
    called = name or str(path)
    with file_errors(called):
        if is_parquet(path):
            with opened_parquet(path, called=called) as parquet:
                check_columns(parquet, record_type, called)
                # The job ignores other columns, whose values may have no form in Python.
                known = [name for name in parquet.names if name in _KNOWN[record_type]]
                yield from map(_as_json, parquet.records(known))
            return
        if is_gzip(path) and not path.stat().st_size:
            msg = "the file is empty"
            raise EOFError(msg)
        for number, line in enumerate(_lines(path), 1):
            yield from records_of_line(line, number)


def read_rows(path: Path) -> Iterator[bytes]:
    """Yield the rows of a .parquet file as JSON, or the records of the lines of a plain or .gz file.

    Unlike `read_lines`, it requires no columns and splits no lines. Raises `ArchiveError` if the content does
    not match the kind that the file's name implies.
    """
    with file_errors(str(path)):
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
    with gzip.open(path, "rb") if is_gzip(path) else path.open("rb") as file:
        for number in itertools.count(1):
            line = file.readline(MAX_LINE_BYTES + 1)
            if not line:
                return
            if len(line) > MAX_LINE_BYTES:
                msg = f"line {number} has over {MAX_LINE_BYTES:,} bytes; end each record by a line feed"
                raise UndelimitedError(msg)
            yield line.rstrip(b"\n")


def check_columns(parquet: ParquetFile, record_type: RecordType, called: str) -> None:
    """Raise `ArchiveError` if a file lacks a column that every record of the type has."""
    missing = [name for name in _required(record_type) if name not in parquet.names]
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


def _required(record_type: RecordType) -> list[str]:
    fields = dataclasses.fields(record_type)
    return [field.name.removesuffix("_ms") for field in fields if field.default is dataclasses.MISSING]


def _plain(value: Any) -> float | str:  # noqa: ANN401 - any column value; the parser checks it
    """Convert a value without a JSON type to one that has it."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, bytes):
        # Some writers don't mark text columns as such. Invalid UTF-8 is escaped, so that ids stay distinct.
        return value.decode(errors="backslashreplace")
    return str(value)

"""The records of one file, whatever kind of file it is, as JSON."""

import dataclasses
import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Any, Final

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from fraudstream.archives.archive_errors import ArchiveError
from fraudstream.archives.record_delimiting import UndelimitedError, records_of_line
from fraudstream.domain.transaction import Label, Transaction, format_time

ROWS_AT_A_TIME: Final = 10_000
SUFFIXES: Final = (".jsonl", ".json", ".gz", ".parquet")
"""Of the files that an archive can have; a .gz holds JSON lines."""
_FIREHOSE_NAME: Final = re.compile(r".*-\d{4}(-\d{2}){5}-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""What Firehose calls an object without compression, which has no suffix (developer guide: Configure
Amazon S3 object name format)."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)

RecordType = type[Transaction] | type[Label]


def is_parquet(path: Path) -> bool:
    """Tell a Parquet file by its name."""
    return path.suffix == ".parquet"


def is_gzip(path: Path) -> bool:
    """Tell a compressed file of JSON lines by its name."""
    return path.suffix == ".gz"


def is_of_a_known_kind(name: str) -> bool:
    """Tell by its name (or key) whether a file of an archive holds records."""
    last = PurePosixPath(name).name
    return last.endswith(SUFFIXES) or _FIREHOSE_NAME.fullmatch(last) is not None


def read_lines(path: Path, record_type: RecordType, *, name: str | None = None) -> Iterator[bytes]:
    """Read the records of a file of JSON lines, plain or .gz, or of a .parquet, as JSON, in their order.

    Several JSON objects on one line, with nothing in between, are a record each. Errors call the file
    ``name``, its path if left out. Raises `ArchiveError` if it is broken, or its columns can't hold what
    ``record_type`` needs.
    """
    called = name or str(path)
    with file_errors(called):
        if is_parquet(path):
            _check_columns(path, record_type, called)
            yield from _parquet_rows(path)
            return
        if is_gzip(path) and not path.stat().st_size:
            msg = "it has no bytes"
            raise EOFError(msg)
        for number, line in enumerate(_lines(path), 1):
            yield from records_of_line(line, number)


def read_rows(path: Path) -> Iterator[bytes]:
    """Read the rows of a .parquet as JSON, or else the lines of a file, plain or .gz, as they are.

    Unlike `read_lines` it asks for no column and takes no line apart. Raises `ArchiveError` if the file is
    not what its name says.
    """
    with file_errors(str(path)):
        yield from _parquet_rows(path) if is_parquet(path) else _lines(path)


def place_in(path: Path, number: int) -> str:
    """Name a row of `read_rows`, counted from 1, for a person."""
    return f"{path}, {'row' if is_parquet(path) else 'line'} {number}"


@contextmanager
def file_errors(called: str) -> Iterator[None]:
    """Raise `ArchiveError`, with the reason and the fix, where the file of that name can't be read."""
    try:
        yield
    except UndelimitedError as error:
        msg = f"{called}, {error}"
        raise ArchiveError(msg) from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        msg = f"{called} is no whole gzip file ({error}); compress it again, or give it as .jsonl"
        raise ArchiveError(msg) from None
    except (pa.ArrowException, UnicodeDecodeError) as error:
        msg = f"{called} is no whole Parquet file ({error}); write it again, or give it as .jsonl"
        raise ArchiveError(msg) from None
    except OSError as error:
        msg = f"{called} can't be read ({error}); check its permissions, and write it again if it is damaged"
        raise ArchiveError(msg) from None


def _lines(path: Path) -> Iterator[bytes]:
    with gzip.open(path, "rb") if is_gzip(path) else path.open("rb") as file:
        for line in file:
            yield line.rstrip(b"\n")


def _check_columns(path: Path, record_type: RecordType, called: str) -> None:
    names = pq.read_schema(path).names
    missing = [name for name in _required(record_type) if name not in names]
    if missing:
        msg = (
            f"{called} has no column {', '.join(missing)}, which every {record_type.__name__.lower()} "
            f"needs; it has {', '.join(names)}: rename or add columns"
        )
        raise ArchiveError(msg)


def _parquet_rows(path: Path) -> Iterator[bytes]:
    with pq.ParquetFile(path) as parquet:
        for batch in parquet.iter_batches(ROWS_AT_A_TIME):
            for record in batch.to_pylist():
                yield orjson.dumps(record, default=_plain, option=orjson.OPT_PASSTHROUGH_DATETIME)


def _required(record_type: RecordType) -> list[str]:
    fields = dataclasses.fields(record_type)
    return [field.name.removesuffix("_ms") for field in fields if field.default is dataclasses.MISSING]


def _plain(value: Any) -> float | str:  # noqa: ANN401 - whatever a column holds; the parser judges it
    """Return what JSON has no form for in one that it has; a time without a zone is one in UTC."""
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return format_time((aware - _EPOCH) // _MILLISECOND)
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, bytes):
        # Some writers leave out that their bytes are text; what is none must not become an id's equal.
        return value.decode(errors="backslashreplace")
    return str(value)

"""What bounded mode reads: the lines of one file, made first where the input is another one."""

import collections
import dataclasses
import gzip
import math
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from fraudstream.settings import Settings
from fraudstream.transaction import Label, Transaction, format_time, parse_time_ms
from jobs.files import ROWS_PER_BATCH
from jobs.running import JobFailedError

TRANSACTION: Final = b"T"
LABEL: Final = b"L"
"""The letters that the kernel's ``ParseLines`` tells the lines of a merged file by."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)

RecordType = type[Transaction] | type[Label]


class InputError(Exception):
    """An input file that can't be read; the message names the file and the remedy."""


@contextmanager
def source_lines(settings: Settings) -> Iterator[Path | None]:
    """Give the file of JSON lines to read; None in live mode.

    It is the source itself if that is one and there are no labels, else a temporary file, which has
    both in one order: each label just before the first transaction, in the order of the file, whose
    event time is not before the label's ``available_at``. Raises `InputError` if one can't be read.
    """
    if settings.source is None:
        yield None
    elif settings.labels is None and not _is_parquet(settings.source):
        try:
            yield settings.source
        except JobFailedError:
            _check_gzip(settings.source)
            raise
    else:
        with tempfile.TemporaryDirectory(prefix="fraudstream-") as folder:
            path = Path(folder) / "lines.jsonl"
            _write_lines(path, settings.source, settings.labels)
            yield path


def _check_gzip(source: Path) -> None:
    """Raise `InputError` if that is why the job failed: Flink's own message names no file."""
    if _is_gzip(source):
        collections.deque(read_lines(source, Transaction), maxlen=0)


def _write_lines(path: Path, source: Path, labels: Path | None) -> None:
    lines = read_lines(source, Transaction)
    if labels is not None:
        lines = merge_lines(lines, read_lines(labels, Label))
    try:
        with path.open("wb") as file:
            file.writelines(line + b"\n" for line in lines)
    except OSError as error:
        msg = f"{path}, a copy of {source}, can't be written: {error}; set TMPDIR to a folder with room"
        raise InputError(msg) from None


def _is_parquet(path: Path) -> bool:
    return path.suffix == ".parquet"


def _is_gzip(path: Path) -> bool:
    return path.suffix == ".gz"


def read_lines(path: Path, record_type: RecordType) -> Iterator[bytes]:
    """Read the records of a ``.jsonl``, ``.jsonl.gz`` or ``.parquet`` file as JSON, in their order.

    Raises `InputError` if the file is broken, or its columns can't hold what ``record_type`` needs.
    """
    try:
        if _is_parquet(path):
            yield from _parquet_lines(path, record_type)
        else:
            yield from _json_lines(path)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        msg = f"{path} is no whole gzip file ({error}); compress it again, or give it as .jsonl"
        raise InputError(msg) from None
    except (pa.ArrowException, UnicodeDecodeError) as error:
        msg = f"{path} is no whole Parquet file ({error}); write it again, or give it as .jsonl"
        raise InputError(msg) from None
    except OSError as error:
        msg = f"{path} can't be read ({error}); check its permissions, and write it again if it is damaged"
        raise InputError(msg) from None


def _json_lines(path: Path) -> Iterator[bytes]:
    if _is_gzip(path) and not path.stat().st_size:
        msg = "it has no bytes"
        raise EOFError(msg)
    with gzip.open(path, "rb") if _is_gzip(path) else path.open("rb") as file:
        for line in file:
            yield line.rstrip(b"\n")


def _parquet_lines(path: Path, record_type: RecordType) -> Iterator[bytes]:
    parquet = pq.ParquetFile(path)
    missing = [name for name in _required(record_type) if name not in parquet.schema_arrow.names]
    if missing:
        msg = (
            f"{path} has no column {', '.join(missing)}, which every {record_type.__name__.lower()} needs; "
            f"it has {', '.join(parquet.schema_arrow.names)}: rename or add columns"
        )
        raise InputError(msg)
    for batch in parquet.iter_batches(ROWS_PER_BATCH):
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


def merge_lines(transactions: Iterable[bytes], labels: Iterable[bytes]) -> Iterator[bytes]:
    """Put labels into the transactions' order, each line behind the letter that says what it is.

    Lines that the job is going to refuse take part by their times. A label whose ``available_at``
    can't be read comes first; a transaction whose ``event_time`` can't be read lets no other through.
    """
    waiting = sorted(((_time_ms(label, "available_at"), label) for label in labels), key=itemgetter(0))
    place = 0
    for transaction in transactions:
        event_time_ms = _time_ms(transaction, "event_time")
        while place < len(waiting) and waiting[place][0] <= event_time_ms:
            yield LABEL + waiting[place][1]
            place += 1
        yield TRANSACTION + transaction
    for _, label in waiting[place:]:
        yield LABEL + label


def _time_ms(line: bytes, field: str) -> float:
    """Return the time in a field of a record, minus infinity if there is none to be read."""
    try:
        # RFC 3339 allows small letters, Python does not.
        return parse_time_ms(orjson.loads(line)[field].upper())
    except (ValueError, KeyError, TypeError, AttributeError):
        return -math.inf

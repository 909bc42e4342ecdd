"""Input lines of bounded mode: one file of JSON lines, created first if the source has another form."""

import collections
import gzip
import math
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path
from typing import Final

from fraudstream.archives.archive_errors import ArchiveError
from fraudstream.archives.locations import S3Uri
from fraudstream.archives.record_delimiting import is_undelimited
from fraudstream.archives.record_escape import as_line
from fraudstream.archives.record_files import is_gzip, is_parquet, read_lines
from fraudstream.domain.json_objects import json_object
from fraudstream.domain.transaction import Label, Transaction, parse_time_ms
from fraudstream.runtime.aws_settings import AwsSettings
from fraudstream.runtime.private_files import open_private
from jobs.running import JobFailedError

TRANSACTION: Final = b"T"
LABEL: Final = b"L"
"""Prefixes by which the kernel's ``ParseLines`` distinguishes the lines of a merged file."""
LOOKED_AT_BYTES: Final = 65_536
"""Bytes of a file that are checked for line breaks between records; the default of ``max_record_bytes``."""


@contextmanager
def source_lines(source: S3Uri | Path, labels: S3Uri | Path | None, aws: AwsSettings) -> Iterator[Path]:
    """Yield the file of JSON lines to read.

    That is the source itself if it is such a file and there are no labels. Otherwise it is a temporary file
    with both merged: each label comes just before the first transaction, in the order of the source, whose
    event time is not before the label's ``available_at``. Raises `ArchiveError` if the source or the labels
    can't be read.
    """
    if labels is None and isinstance(source, Path) and _is_of_lines(source):
        try:
            yield source
        except JobFailedError:
            _check_gzip(source)
            raise
    else:
        with tempfile.TemporaryDirectory(prefix="fraudstream-") as folder:
            path = Path(folder) / "lines.jsonl"
            _write_lines(path, source, labels, aws)
            yield path


def _is_of_lines(source: Path) -> bool:
    """Whether Flink can read the source directly: a single file with one record per line."""
    return source.is_file() and not is_parquet(source) and not is_undelimited(_begin(source))


def _begin(source: Path) -> bytes:
    """Return the start of the first line; empty for a broken file, whose error its reader reports."""
    try:
        with gzip.open(source) if is_gzip(source) else source.open("rb") as file:
            return file.readline(LOOKED_AT_BYTES)
    except (OSError, EOFError, zlib.error):
        return b""


def _check_gzip(source: Path) -> None:
    """Raise `ArchiveError` if a broken gzip file made the job fail; Flink's own message names no file."""
    if is_gzip(source):
        collections.deque(read_lines(source, Transaction), maxlen=0)


def _write_lines(path: Path, source: S3Uri | Path, labels: S3Uri | Path | None, aws: AwsSettings) -> None:
    from fraudstream.archives.archive_reader import archived_lines  # noqa: PLC0415 - a live job doesn't need boto3 and rich

    transactions = archived_lines(source, aws, Transaction)
    lines = (
        map(as_line, transactions)
        if labels is None
        else merge_lines(transactions, archived_lines(labels, aws, Label))
    )
    try:
        with open(path, "wb", opener=open_private) as file:
            file.writelines(line + b"\n" for line in lines)
    except OSError as error:
        msg = f"{path}, a copy of {source}, can't be written: {error}; set TMPDIR to a folder with room"
        raise ArchiveError(msg) from None


def merge_lines(transactions: Iterable[bytes], labels: Iterable[bytes]) -> Iterator[bytes]:
    """Merge labels into the transactions by time, each as a line prefixed with the letter of its type.

    Records that the job will refuse are merged by their times as well. A label without a readable
    ``available_at`` comes first; before a transaction without a readable ``event_time``, no other labels are
    inserted.
    """
    waiting = sorted(((_time_ms(label, "available_at"), label) for label in labels), key=itemgetter(0))
    place = 0
    for transaction in transactions:
        event_time_ms = _time_ms(transaction, "event_time")
        while place < len(waiting) and waiting[place][0] <= event_time_ms:
            yield LABEL + as_line(waiting[place][1])
            place += 1
        yield TRANSACTION + as_line(transaction)
    for _, label in waiting[place:]:
        yield LABEL + as_line(label)


def _time_ms(line: bytes, field: str) -> float:
    """Return the time in a field of a record; minus infinity if it is missing or can't be parsed."""
    try:
        return parse_time_ms(json_object(line)[field])
    except (ValueError, KeyError, TypeError):
        return -math.inf

"""Input lines of bounded mode: one file of JSON lines, created first if the source has another form."""

import contextlib
import gzip
import math
import sys
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

from fraudstream.archives.archive_errors import ArchiveError
from fraudstream.archives.locations import S3Uri
from fraudstream.archives.record_delimiting import is_undelimited
from fraudstream.archives.record_escape import as_line
from fraudstream.archives.record_files import check_kind, check_no_array, is_csv, is_gzip, is_parquet
from fraudstream.domain.json_objects import JsonError, json_object
from fraudstream.domain.record_gate import RefusedRecordError, label_values
from fraudstream.domain.transaction import Label, Transaction, TransactionKey, parse_time_ms
from fraudstream.runtime.aws_settings import AwsSettings
from fraudstream.runtime.private_files import open_private

TRANSACTION: Final = b"T"
LABEL: Final = b"L"
"""Prefixes by which the kernel's ``ParseLines`` distinguishes the lines of a merged file."""
COPIED_BYTES: Final = 1_048_576
LOOKED_AT_BYTES: Final = 65_536
"""Bytes of a file that are checked for line breaks between records; the default of ``max_record_bytes``."""


class UnusedLabels:
    """Counts the labels that the job accepts and whose transactions are not in the source."""

    def __init__(self) -> None:
        self._labels: Counter[int] = Counter()

    def label(self, line: bytes) -> None:
        """Count a label's record, unless the job refuses it."""
        with contextlib.suppress(RefusedRecordError):
            self._labels[hash(TransactionKey.of(label_values(line, sys.maxsize)))] += 1

    def transaction(self, record: Mapping[str, Any]) -> None:
        """Forget the labels of a transaction."""
        self._labels.pop(hash(TransactionKey.of(record)), None)

    @property
    def count(self) -> int:
        """Number of labels without a transaction so far."""
        return self._labels.total()


@contextmanager
def source_lines(
    source: S3Uri | Path, labels: S3Uri | Path | None, aws: AwsSettings, unused: UnusedLabels | None = None
) -> Iterator[Path]:
    """Yield the file of JSON lines to read.

    That is the source itself if it is such a file and there are no labels. Otherwise it is a temporary file
    with both merged: each label comes just before the first transaction, in the order of the source, whose
    event time is not before the label's ``available_at``. Raises `ArchiveError` if the source or the labels
    can't be read.
    """
    if labels is None and isinstance(source, Path) and _is_of_lines(source):
        _check_gzip(source)
        yield source
    else:
        with tempfile.TemporaryDirectory(prefix="fraudstream-") as folder:
            path = Path(folder) / "lines.jsonl"
            _write_lines(path, source, labels, aws, unused or UnusedLabels())
            yield path


def _is_of_lines(source: Path) -> bool:
    """Whether Flink can read the source directly: a single file with one record per line.

    Flink knows compressed files by suffixes in lower case. Raises `ArchiveError` for a file of another kind.
    """
    if not source.is_file():
        return False
    check_kind(source)
    if is_parquet(source) or is_csv(source) or source.suffix != source.suffix.lower():
        return False
    begin = _begin(source)
    check_no_array(begin, str(source))
    return not is_undelimited(begin)


def _begin(source: Path) -> bytes:
    """Return the start of the first line; empty for a broken file, whose error its reader reports."""
    try:
        with gzip.open(source) if is_gzip(source) else source.open("rb") as file:
            return file.readline(LOOKED_AT_BYTES)
    except (OSError, EOFError, zlib.error):
        return b""


def _check_gzip(source: Path) -> None:
    """Read a compressed file to its end; raises `ArchiveError` if it is damaged.

    Flink, that is Java, takes damage after the first member of a file for its end.
    """
    if not is_gzip(source):
        return
    from fraudstream.archives.record_progress import opened_with_bar  # noqa: PLC0415 - a live job doesn't need rich

    with opened_with_bar(source) as compressed, gzip.open(compressed) as file:
        while file.read(COPIED_BYTES):
            pass


def _write_lines(
    path: Path, source: S3Uri | Path, labels: S3Uri | Path | None, aws: AwsSettings, unused: UnusedLabels
) -> None:
    from fraudstream.archives.archive_reader import archived_lines  # noqa: PLC0415 - a live job doesn't need boto3 and rich

    transactions = archived_lines(source, aws, Transaction)
    lines = (
        map(as_line, transactions)
        if labels is None
        else merge_lines(transactions, archived_lines(labels, aws, Label), unused)
    )
    try:
        with open(path, "wb", opener=open_private) as file:
            file.writelines(line + b"\n" for line in lines)
    except OSError as error:
        msg = f"{path}, a copy of {source}, can't be written: {error}; set TMPDIR to a folder with room"
        raise ArchiveError(msg) from None


def merge_lines(
    transactions: Iterable[bytes], labels: Iterable[bytes], unused: UnusedLabels | None = None
) -> Iterator[bytes]:
    """Merge labels into the transactions by time, each as a line prefixed with the letter of its type.

    Records that the job will refuse are merged by their times as well. A label without a readable
    ``available_at`` comes first; before a transaction without a readable ``event_time``, no other labels are
    inserted. ``unused`` counts the labels that no transaction has.
    """
    unused = unused or UnusedLabels()
    waiting: list[tuple[float, bytes]] = []
    for label in labels:
        unused.label(label)
        waiting.append((_time_ms(_record(label), "available_at"), label))
    waiting.sort(key=itemgetter(0))
    place = 0
    for transaction in transactions:
        record = _record(transaction)
        unused.transaction(record)
        event_time_ms = _time_ms(record, "event_time")
        while place < len(waiting) and waiting[place][0] <= event_time_ms:
            yield LABEL + as_line(waiting[place][1])
            place += 1
        yield TRANSACTION + as_line(transaction)
    for _, label in waiting[place:]:
        yield LABEL + as_line(label)


def _record(line: bytes) -> Mapping[str, Any]:
    """Return the fields of a record; none if the job will refuse it."""
    try:
        return json_object(line)
    except JsonError:
        return {}


def _time_ms(record: Mapping[str, Any], field: str) -> float:
    """Return the time in a field of a record; minus infinity if it is missing or can't be parsed."""
    try:
        return parse_time_ms(record[field])
    except (ValueError, KeyError, TypeError):
        return -math.inf

"""Input lines of bounded mode: one file of JSON lines, created first if the source has another form."""

import math
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path
from typing import IO, Any, Final

from fraudstream.archives.archive_errors import ArchiveError
from fraudstream.archives.locations import S3Uri
from fraudstream.archives.record_delimiting import MAX_LINE_BYTES
from fraudstream.archives.record_escape import SEAM, as_line
from fraudstream.archives.record_files import (
    check_kind,
    check_no_array,
    file_errors,
    is_csv,
    is_gzip,
    is_parquet,
)
from fraudstream.domain.json_objects import JsonError, json_object
from fraudstream.domain.record_gate import MAX_RECORD_BYTES, RefusedRecordError, label_values
from fraudstream.domain.transaction import Label, Transaction, TransactionKey, parse_time_ms
from fraudstream.runtime.aws_settings import AwsSettings
from fraudstream.runtime.private_files import open_private

TRANSACTION: Final = b"T"
LABEL: Final = b"L"
"""Prefixes by which the kernel's ``ParseLines`` distinguishes the lines of a merged file."""
COPIED_BYTES: Final = 1_048_576
"""Bytes of a file that are searched at once for several objects on a line."""
LOOKED_AT_BYTES: Final = 65_536
"""Bytes of the first line that are enough to see whether it begins a JSON array."""


class UnusedLabels:
    """Counts the labels that the job accepts and whose transactions are not in the source."""

    def __init__(self, max_record_bytes: int = MAX_RECORD_BYTES) -> None:
        self._max_record_bytes = max_record_bytes
        self._labels: Counter[int] = Counter()

    def label(self, line: bytes) -> float:
        """Count a label, unless the job refuses it; return the time when it became known, like `_time_ms`."""
        try:
            values = label_values(line, self._max_record_bytes)
        except RefusedRecordError:
            return _time_ms(_record(line), "available_at")
        self._labels[hash(TransactionKey.of(values))] += 1
        known_ms: int = values["available_at"]
        return known_ms

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
        yield source
    else:
        with tempfile.TemporaryDirectory(prefix="fraudstream-") as folder:
            path = Path(folder) / "lines.jsonl"
            _write_lines(path, source, labels, aws, unused or UnusedLabels())
            yield path


def _is_of_lines(source: Path) -> bool:
    """Whether Flink can read the source directly: a single file of plain lines with one record each.

    Java takes damage and padding after the first member of a compressed file for its end, so such files are
    copied. Raises `ArchiveError` for a file of another kind.
    """
    if not source.is_file():
        return False
    check_kind(source)
    if is_parquet(source) or is_csv(source) or is_gzip(source):
        return False
    with file_errors(str(source)), source.open("rb") as file:
        check_no_array(file.readline(LOOKED_AT_BYTES), str(source))
        file.seek(0)
        return not _has_joined_records(file)


def _has_joined_records(file: IO[bytes]) -> bool:
    """Whether a file may have several objects on a line, or a line that is too long to be read."""
    last, line_bytes = b"", 0
    while chunk := file.read(COPIED_BYTES):
        if SEAM in last + chunk:
            return True
        last = chunk[-1:]
        begun, feed, _ = chunk.partition(b"\n")
        if line_bytes + len(begun) > MAX_LINE_BYTES:
            return True
        line_bytes = len(chunk) - chunk.rfind(b"\n") - 1 if feed else line_bytes + len(chunk)
    return False


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
    waiting = sorted(((unused.label(label), label) for label in labels), key=itemgetter(0))
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

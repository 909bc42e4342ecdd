"""Transactions from a file: JSON lines, plain or gzip, or Parquet as ``producer parquet`` writes it.

The labels of ``data.parquet`` are read from ``data.truth.parquet``, those of ``data.jsonl.gz`` from
``data.truth.jsonl.gz``: one row for each transaction, in the same order.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from fraudstream.archives.archive_errors import ArchiveError
from fraudstream.archives.record_files import place_in, read_rows
from fraudstream.domain.json_objects import JsonError, json_object
from fraudstream.domain.record_gate import RefusedRecordError, read_label, read_transaction
from fraudstream.domain.transaction import parse_time_ms
from fraudstream.streams.protocols import Record
from producer.mixing import RecordItem
from producer.simulation import LabelledTransaction

ENDINGS: Final = (".jsonl", ".jsonl.gz", ".parquet")

Decoded = TypeVar("Decoded")


class _Row(NamedTuple):
    data: bytes
    place: str
    """Location of the row, for error messages."""


def ending_of(path: Path) -> str | None:
    """Return the file's ending from `ENDINGS`, or None if it has none of them."""
    return next((ending for ending in ENDINGS if path.name.endswith(ending)), None)


def truth_path(path: Path) -> Path:
    """Return the path where a file's labels are expected."""
    ending = ending_of(path) or ""
    return path.with_name(f"{path.name.removesuffix(ending)}.truth{ending}")


def file_records(path: Path) -> Iterator[Record]:
    """Yield one record per row, unchanged, with its ``account_id`` as partition key; empty lines are skipped.

    Nothing else in a row is checked. Raises `ArchiveError` with the file and the row if a row has no account
    id, or the file does not match its ending.
    """
    for row in _rows(path):
        yield Record(row.data, _account_id(_decoded(row), row.place))


def file_items(path: Path) -> Iterator[RecordItem]:
    """Yield the same rows as items, with their event time if it is readable, without labels."""
    for row in _rows(path):
        values = _decoded(row)
        record = Record(row.data, _account_id(values, row.place))
        yield RecordItem("good", record, event_time_ms=_event_time_ms(values))


def labelled_file_items(path: Path) -> Iterator[RecordItem]:
    """Yield the same rows as items, with labels from the file beside it.

    Also raises `ArchiveError` if a row is not a transaction, or its label is about another transaction.
    """
    labels_file = truth_path(path)
    for row, label_row in itertools.zip_longest(_rows(path), _rows(labels_file)):
        if row is None or label_row is None:
            longer = (row or label_row).place
            msg = (
                f"{longer}: {path} and {labels_file} differ in length; each transaction needs one label, "
                "in the same order"
            )
            raise ArchiveError(msg)
        labelled = LabelledTransaction(
            _read(row, read_transaction, "transaction"), _read(label_row, read_label, "label")
        )
        yield _labelled(row, label_row, labelled)


def _labelled(row: _Row, label_row: _Row, labelled: LabelledTransaction) -> RecordItem:
    transaction, label = labelled
    if label.key != transaction.key:
        msg = (
            f"{label_row.place} has the label of {label.key}, but {row.place} has "
            f"{transaction.key}; both files must have the same order"
        )
        raise ArchiveError(msg)
    return RecordItem("good", Record(row.data, transaction.account_id), transaction.event_time_ms, labelled)


def _read(row: _Row, decode: Callable[[bytes], Decoded], what: str) -> Decoded:
    try:
        return decode(row.data)
    except RefusedRecordError as error:
        msg = f"{row.place}: the job would refuse this {what} ({error.reason}): {error}"
        raise ArchiveError(msg) from None


def _rows(path: Path) -> Iterator[_Row]:
    for number, row in enumerate(read_rows(path), 1):
        data = row.strip()
        if data:
            yield _Row(data, place_in(path, number))


def _decoded(row: _Row) -> dict[str, Any]:
    try:
        return json_object(row.data)
    except JsonError as error:
        msg = f"{row.place}: {error}"
        raise ArchiveError(msg) from None


def _account_id(values: Mapping[str, Any], place: str) -> str:
    account_id = values.get("account_id")
    if not isinstance(account_id, str) or not account_id:
        msg = f"{place}: no account_id, which is the partition key; each line must be one transaction"
        raise ArchiveError(msg)
    return account_id


def _event_time_ms(values: Mapping[str, Any]) -> int | None:
    """Return the event time, or None if it is missing or invalid, so that the job will reject the record."""
    text = values.get("event_time")
    try:
        return parse_time_ms(text) if isinstance(text, str) else None
    except ValueError:
        return None

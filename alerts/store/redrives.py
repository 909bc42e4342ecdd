"""Stores of redrives: a permanent record of each attempt, with the record before and after repair.

An attempt is stored before it is sent, keyed by the letter's id and the attempt's number, so one of two
concurrent attempts is refused. If an attempt has begun and has no time of sending, it is unknown whether its
record is in the stream: the process died, or the stream gave no answer.
"""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from alerts.store.dynamodb import CONDITION_FAILED, table_errors_explained
from alerts.store.progress_store import StoreError
from alerts.store.sqlite import open_database, sqlite_errors_explained
from alerts.store.table_queries import partition_items
from fraudstream.runtime.aws_errors import AWS_ERRORS, error_code

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

MAX_ITEM_BYTES: Final = 400 * 1024
"""DynamoDB's limit for an item (Service, account, and table quotas)."""
OTHER_ATTRIBUTES_BYTES: Final = 1024
"""Reserve for names, times and the key beside the three large values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Redrive:
    """One attempt to send a dead letter's record again.

    ``original`` is the dead letter as the job wrote it, ``record`` the record that was sent in its place,
    ``patch`` the JSON patch that repaired it, None without one. Times are epoch milliseconds; ``sent_at_ms``
    is None until the stream has acknowledged the record.
    """

    letter_id: str
    attempt: int
    began_at_ms: int
    original: bytes
    record: bytes
    patch: str | None
    sent_at_ms: int | None = None


class RedriveStore(Protocol):
    """Stores redrives. Every method raises `StoreError` if the store is unusable."""

    def of(self, letter_id: str) -> list[Redrive]:
        """Return the attempts for a letter, oldest first."""

    def begin(self, redrive: Redrive) -> bool:
        """Store an attempt; returns False, and changes nothing, if an attempt with this number exists."""

    def mark_sent(self, redrive: Redrive, now_ms: int) -> None:
        """Record that the stream has acknowledged the record."""

    def forget(self, redrive: Redrive) -> None:
        """Delete an attempt whose record certainly did not reach the stream."""


class SqliteRedrives:
    """A `RedriveStore` in the SQLite file that is also the consumers' progress store."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = open_database(path)

    def of(self, letter_id: str) -> list[Redrive]:
        """Return the attempts for a letter, oldest first."""
        with sqlite_errors_explained(self._path):
            rows = self._connection.execute(
                "SELECT letter_id, attempt, began_at_ms, sent_at_ms, original, record, patch "
                "FROM redrives WHERE letter_id = ? ORDER BY attempt",
                (letter_id,),
            ).fetchall()
        names = ("letter_id", "attempt", "began_at_ms", "sent_at_ms", "original", "record", "patch")
        return [Redrive(**dict(zip(names, row, strict=True))) for row in rows]

    def begin(self, redrive: Redrive) -> bool:
        """Store an attempt; returns False if an attempt with this number exists."""
        times = (redrive.began_at_ms, redrive.sent_at_ms)
        contents = (redrive.original, redrive.record, redrive.patch)
        with sqlite_errors_explained(self._path):
            try:
                self._connection.execute(
                    "INSERT INTO redrives VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (redrive.letter_id, redrive.attempt, *times, *contents),
                )
            except sqlite3.IntegrityError:
                return False
        return True

    def mark_sent(self, redrive: Redrive, now_ms: int) -> None:
        """Record that the stream has acknowledged the record."""
        with sqlite_errors_explained(self._path):
            self._connection.execute(
                "UPDATE redrives SET sent_at_ms = ? WHERE letter_id = ? AND attempt = ?",
                (now_ms, redrive.letter_id, redrive.attempt),
            )

    def forget(self, redrive: Redrive) -> None:
        """Delete an attempt whose record certainly did not reach the stream."""
        with sqlite_errors_explained(self._path):
            self._connection.execute(
                "DELETE FROM redrives WHERE letter_id = ? AND attempt = ?",
                (redrive.letter_id, redrive.attempt),
            )


class DynamoRedrives:
    """A `RedriveStore` in the DynamoDB table that is also the progress store; its items do not expire."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def of(self, letter_id: str) -> list[Redrive]:
        """Return the attempts for a letter, oldest first."""
        with table_errors_explained(self._table):
            items = partition_items(self._client, self._table, f"redrive#{letter_id}")
        return sorted((_redrive(letter_id, item) for item in items), key=lambda each: each.attempt)

    def begin(self, redrive: Redrive) -> bool:
        """Store an attempt; returns False if an attempt with this number exists.

        Raises `StoreError` if letter, record and patch together exceed DynamoDB's limit for an item.
        """
        patch = redrive.patch or ""
        size_bytes = len(redrive.original) + len(redrive.record) + len(patch.encode())
        if size_bytes > MAX_ITEM_BYTES - OTHER_ATTRIBUTES_BYTES:
            msg = (
                f"letter {redrive.letter_id} can't be stored in the DynamoDB table {self._table!r}: with its "
                f"record and patch it has {size_bytes:,} bytes, an item at most {MAX_ITEM_BYTES:,}; "
                "redrive it with ALERTS_STORE=sqlite:PATH"
            )
            raise StoreError(msg)
        with table_errors_explained(self._table):
            try:
                self._client.put_item(
                    TableName=self._table, Item=_item(redrive), ConditionExpression="attribute_not_exists(pk)"
                )
            except AWS_ERRORS as error:
                if error_code(error) == CONDITION_FAILED:
                    return False
                raise
        return True

    def mark_sent(self, redrive: Redrive, now_ms: int) -> None:
        """Record that the stream has acknowledged the record."""
        with table_errors_explained(self._table):
            self._client.update_item(
                TableName=self._table,
                Key=_key(redrive),
                UpdateExpression="SET sent_at_ms = :now",
                ExpressionAttributeValues={":now": {"N": str(now_ms)}},
            )

    def forget(self, redrive: Redrive) -> None:
        """Delete an attempt whose record certainly did not reach the stream."""
        with table_errors_explained(self._table):
            self._client.delete_item(TableName=self._table, Key=_key(redrive))


def _key(redrive: Redrive) -> dict[str, "AttributeValueTypeDef"]:
    return {"pk": {"S": f"redrive#{redrive.letter_id}"}, "sk": {"S": str(redrive.attempt)}}


def _item(redrive: Redrive) -> dict[str, "AttributeValueTypeDef"]:
    item: dict[str, AttributeValueTypeDef] = {
        **_key(redrive),
        "began_at_ms": {"N": str(redrive.began_at_ms)},
        "original": {"B": redrive.original},
        "record": {"B": redrive.record},
    }
    return item if redrive.patch is None else {**item, "patch": {"S": redrive.patch}}


def _redrive(letter_id: str, item: Mapping[str, "AttributeValueTypeDef"]) -> Redrive:
    return Redrive(
        letter_id=letter_id,
        attempt=int(item["sk"]["S"]),
        began_at_ms=int(item["began_at_ms"]["N"]),
        original=bytes(item["original"]["B"]),
        record=bytes(item["record"]["B"]),
        patch=item["patch"]["S"] if "patch" in item else None,
        sent_at_ms=int(item["sent_at_ms"]["N"]) if "sent_at_ms" in item else None,
    )

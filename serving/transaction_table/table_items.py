"""Items of the transaction table, in DynamoDB.

Partition key ``account_id``, sort key ``item`` (both text), time to live on ``expires_at`` (epoch seconds),
and the index `BY_TRANSACTION` with the sort key ``transaction_id``.

    account_id            item                                  other attributes
    account               EVENT_TIME#TRANSACTION_ID             transaction_id, arrival_ms, record
    account               score#EVENT_TIME#TRANSACTION_ID       transaction_id, arrival_ms, record
    account               alert#EVENT_TIME#TRANSACTION_ID       transaction_id, arrival_ms, record
    <US>position#STREAM   shard id                              sequence_number, reached_ms, is_end

Times are in UTC with milliseconds, so that items sort by them. ``record`` is the stream's record as it came.
Score and alert are items of their own, since they may come before their transaction, and a put replaces a
whole item: so every write is idempotent, in any order. No account has the control character US (0x1F): the
job refuses it in ids.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import orjson

from fraudstream.domain.json_objects import JsonError, json_object
from fraudstream.domain.record_gate import RefusedRecordError, read_transaction
from fraudstream.domain.transaction import TransactionKey, check_ids, format_time, parse_time_ms
from fraudstream.streams.positions import Position
from fraudstream.streams.protocols import StreamRecord

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

ACCOUNT: Final = "account_id"
SORT: Final = "item"
TRANSACTION: Final = "transaction_id"
TABLE_EXPIRY: Final = "expires_at"
BY_TRANSACTION: Final = "ByTransactionId"
MAX_ITEM_BYTES: Final = 390_000
"""DynamoDB's limit of an item is 400 KB, with the names and the keys."""
ItemKind = Literal["transaction", "score", "alert"]
PREFIXES: Final[Mapping[ItemKind, str]] = {"transaction": "", "score": "score#", "alert": "alert#"}
KEPT_OF_SCORES: Final = ("score", "model_version", "catalogue_version", "scored_at")
KEPT_OF_ALERTS: Final = (
    "alert_id",
    "kind",
    "score",
    "threshold",
    "risk_level",
    "model_version",
)
_SORT_KEY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{3}Z#.+", re.DOTALL)
_POSITION: Final = "\x1fposition#"
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"

Item = dict[str, "AttributeValueTypeDef"]


class SkippedRecordError(ValueError):
    """A record of a stream that the table has no place for; the message says why."""


class Stored(NamedTuple):
    """An item as read: its sort key without the kind's prefix, and the record."""

    kind: ItemKind
    sort: str
    transaction_id: str
    arrival_ms: int
    expires_s: int
    record: bytes


def sort_key(event_time_ms: int, transaction_id: str) -> str:
    """Return the sort key of a transaction: by time, then by id."""
    return f"{format_time(event_time_ms)}#{transaction_id}"


def is_sort_key(text: str) -> bool:
    """Whether a text has the form of `sort_key`."""
    return _SORT_KEY.fullmatch(text) is not None


def item_of(kind: ItemKind, record: StreamRecord, keep_ms: int) -> Item | None:
    """Return the item of a record, kept for ``keep_ms`` after its arrival; None if it says nothing new.

    Raises `SkippedRecordError` for a record that the job would refuse, or that is no score or alert.
    """
    try:
        found = _transaction(record.data) if kind == "transaction" else _fact(kind, record.data)
    except (RefusedRecordError, JsonError, ValueError) as error:
        raise SkippedRecordError(str(error)) from None
    if found is None:
        return None
    key, event_time_ms, data = found
    if len(data) > MAX_ITEM_BYTES:
        msg = f"record of {len(data)} bytes; the table takes at most {MAX_ITEM_BYTES}"
        raise SkippedRecordError(msg)
    return {
        ACCOUNT: {"S": key.account_id},
        SORT: {"S": PREFIXES[kind] + sort_key(event_time_ms, key.transaction_id)},
        TRANSACTION: {"S": key.transaction_id},
        "arrival_ms": {"N": str(record.arrival_ms)},
        "record": {"B": data},
        TABLE_EXPIRY: {"N": str((record.arrival_ms + keep_ms) // 1000)},
    }


def stored(item: Mapping[str, Any]) -> Stored:
    """Return an item as read."""
    sort = item[SORT]["S"]
    kind: ItemKind = next(
        (each for each in ("score", "alert") if sort.startswith(PREFIXES[each])), "transaction"
    )
    return Stored(
        kind=kind,
        sort=sort.removeprefix(PREFIXES[kind]),
        transaction_id=item[TRANSACTION]["S"],
        arrival_ms=int(item["arrival_ms"]["N"]),
        expires_s=int(item[TABLE_EXPIRY]["N"]),
        record=bytes(item["record"]["B"]),
    )


def position_partition(stream: str) -> str:
    """Return the partition of the positions in a stream."""
    return _POSITION + stream


def position_item(stream: str, shard_id: str, position: Position) -> Item:
    """Return the item of a position; it does not expire."""
    item: Item = {
        ACCOUNT: {"S": position_partition(stream)},
        SORT: {"S": shard_id},
        "reached_ms": {"N": str(position.reached_ms)},
        "is_end": {"BOOL": position.is_end},
    }
    if position.sequence_number is not None:
        item["sequence_number"] = {"S": position.sequence_number}
    return item


def stored_position(item: Mapping[str, Any]) -> tuple[str, Position]:
    """Return shard id and position of an item."""
    number = item["sequence_number"]["S"] if "sequence_number" in item else None
    return item[SORT]["S"], Position(number, int(item["reached_ms"]["N"]), item["is_end"]["BOOL"])


def _transaction(data: bytes) -> tuple[TransactionKey, int, bytes]:
    transaction = read_transaction(data, MAX_ITEM_BYTES)
    return transaction.key, transaction.event_time_ms, data.removeprefix(_BYTE_ORDER_MARK)


def _fact(kind: ItemKind, data: bytes) -> tuple[TransactionKey, int, bytes] | None:
    """Return key, event time and the kept fields of a score or alert; None for a copy, and without ids."""
    record = json_object(data)
    if record.get("outcome") == "duplicate":
        return None
    names = (ACCOUNT, TRANSACTION, "event_time")
    texts = [record.get(name) for name in names]
    if kind == "alert" and None in texts:
        # A review alert about a record whose ids can't be read.
        return None
    missing = [name for name, text in zip(names, texts, strict=True) if not isinstance(text, str) or not text]
    if missing:
        msg = f"no {kind}: {missing[0]} is missing"
        raise SkippedRecordError(msg)
    check_ids(record)
    kept = KEPT_OF_SCORES if kind == "score" else KEPT_OF_ALERTS
    fields = {name: record[name] for name in kept if name in record}
    key = TransactionKey.of(record)
    return key, parse_time_ms(str(record["event_time"])), orjson.dumps(fields)

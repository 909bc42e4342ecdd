"""Progress store in a DynamoDB table, for several consumers on several machines.

One table: partition key ``pk``, sort key ``sk`` (both text), time to live on ``expires_at`` (epoch seconds).

    pk                          sk          other attributes
    start#CONSUMER              -           start_ms (absent: the oldest record)
    position#CONSUMER           shard id    sequence_number, ordinal, reached_ms, is_end
    alert#CONSUMER#ALERT_ID     -           owner, lease_until_ms; handled_at_ms once it is done; expires_at
    redrive#LETTER_ID           attempt     see `alerts.store.redrives`

Consumers with the same name each read all shards, share positions, and claim each alert by a conditional
write. A consumer that fails to claim an alert waits until the alert is handled, or until the lease of a dead
consumer ends. Leases depend on the machines' clocks: if these differ by more than `LEASE_MS`, an alert may be
handled twice, with the same id. DynamoDB deletes expired items within days; until then they remain valid,
which is safe.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from alerts.store.progress_store import LEASE_MS, Claims, StoreDeniedError, StoreError
from alerts.store.table_queries import partition_items
from fraudstream.runtime.aws_errors import AWS_ERRORS, error_code, explained, is_denied, is_transient
from fraudstream.streams.positions import Position

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

EXPIRY: Final = "expires_at"
NO_SORT_KEY: Final = "-"
SEQUENCE_DIGITS: Final = 129
"""Maximum length of a sequence number (GetShardIterator API reference). Padded to this length, sequence
numbers sort correctly as text. A number in DynamoDB has at most 38 digits, a sequence number has 56."""
CONDITION_FAILED: Final = "ConditionalCheckFailedException"


@contextmanager
def table_errors_explained(table: str) -> Iterator[None]:
    """Convert DynamoDB errors to a `StoreError` that names the table."""
    try:
        yield
    except AWS_ERRORS as error:
        if error_code(error) == "ResourceNotFoundException":
            msg = (
                f"DynamoDB table {table!r} not found; create it with `python -m localstack.tables` on an "
                "emulator, or as docs/alerts.md describes on AWS"
            )
        else:
            msg = f"the DynamoDB table {table!r} can't be used: {explained(error)}"
        if is_denied(error):
            raise StoreDeniedError(msg) from error
        raise StoreError(msg, is_transient=is_transient(error)) from error


class DynamoStore:
    """A `ProgressStore` in a DynamoDB table.

    ``owner`` identifies this process in its claims and must never be reused by another one. ``keep_ids_ms``
    is the time to live of alert ids.
    """

    def __init__(
        self, client: "DynamoDBClient", table: str, consumer: str, *, owner: str, keep_ids_ms: int
    ) -> None:
        self._client = client
        self._table = table
        self._consumer = consumer
        self._owner = owner
        self._keep_ids_ms = keep_ids_ms

    def begin(self, start_ms: int | None) -> int | None:
        """Store the start of the first run and return the stored one; see `ProgressStore.begin`."""
        key = _key(f"start#{self._consumer}")
        start: Mapping[str, AttributeValueTypeDef] = (
            {} if start_ms is None else {"start_ms": _number(start_ms)}
        )
        with table_errors_explained(self._table):
            self._conditional_write(
                lambda: self._client.put_item(
                    TableName=self._table,
                    Item={**key, **start},
                    ConditionExpression="attribute_not_exists(pk)",
                )
            )
            item = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)["Item"]
        return int(item["start_ms"]["N"]) if "start_ms" in item else None

    def positions(self) -> dict[str, Position]:
        """Return the position in each shard, by shard id."""
        with table_errors_explained(self._table):
            items = partition_items(self._client, self._table, f"position#{self._consumer}")
        return {item["sk"]["S"]: _position(item) for item in items}

    def advance(self, positions: Mapping[str, Position]) -> None:
        """Move positions forward; a position that another consumer has moved further is left unchanged."""
        with table_errors_explained(self._table):
            for shard_id, position in positions.items():
                self._advance(shard_id, position)

    def _advance(self, shard_id: str, position: Position) -> None:
        padded_sequence_number = (position.sequence_number or "").zfill(SEQUENCE_DIGITS)
        item: dict[str, AttributeValueTypeDef] = {
            **_key(f"position#{self._consumer}", shard_id),
            "ordinal": {"S": padded_sequence_number},
            "reached_ms": _number(position.reached_ms),
            "is_end": _number(position.is_end),
        }
        if position.sequence_number is not None:
            item["sequence_number"] = {"S": position.sequence_number}
        self._conditional_write(
            lambda: self._client.put_item(
                TableName=self._table,
                Item=item,
                ConditionExpression="attribute_not_exists(pk) OR ordinal < :ordinal "
                "OR (ordinal = :ordinal AND (reached_ms < :reached_ms OR is_end < :is_end))",
                ExpressionAttributeValues={
                    f":{name}": item[name] for name in ("ordinal", "reached_ms", "is_end")
                },
            )
        )

    def claim(self, alert_ids: Sequence[str], now_ms: int) -> Claims:
        """Claim each id by a conditional write: it must be free, already ours, or have an expired lease."""
        with table_errors_explained(self._table):
            ours = [alert_id for alert_id in alert_ids if self._claim_one(alert_id, now_ms)]
            others = set(alert_ids) - set(ours)
            done = {alert_id for alert_id in others if self._is_done(alert_id)}
        return Claims(ours, done, others - done)

    def _claim_one(self, alert_id: str, now_ms: int) -> bool:
        return self._conditional_write(
            lambda: self._client.update_item(
                TableName=self._table,
                Key=self._alert_key(alert_id),
                UpdateExpression=f"SET #owner = :me, lease_until_ms = :until, {EXPIRY} = :expiry",
                ConditionExpression="attribute_not_exists(handled_at_ms) AND "
                "(attribute_not_exists(pk) OR #owner = :me OR lease_until_ms <= :now)",
                ExpressionAttributeNames={"#owner": "owner"},
                ExpressionAttributeValues={
                    ":me": {"S": self._owner},
                    ":now": _number(now_ms),
                    ":until": _number(now_ms + LEASE_MS),
                    ":expiry": self._expiry(now_ms),
                },
            )
        )

    def _is_done(self, alert_id: str) -> bool:
        return self._handled_ms(alert_id) is not None

    def _handled_ms(self, alert_id: str) -> int | None:
        answer = self._client.get_item(
            TableName=self._table, Key=self._alert_key(alert_id), ConsistentRead=True
        )
        item = answer.get("Item", {})
        return int(item["handled_at_ms"]["N"]) if "handled_at_ms" in item else None

    def handled_ms(self, alert_ids: Sequence[str]) -> dict[str, int]:
        """Return when each id was handled, by any consumer of this name."""
        with table_errors_explained(self._table):
            found = {alert_id: self._handled_ms(alert_id) for alert_id in alert_ids}
        return {alert_id: at_ms for alert_id, at_ms in found.items() if at_ms is not None}

    def finish(self, alert_ids: Sequence[str], now_ms: int) -> None:
        """Record that the alerts are handled, even if another consumer has claimed them since."""
        with table_errors_explained(self._table):
            for alert_id in alert_ids:
                self._client.update_item(
                    TableName=self._table,
                    Key=self._alert_key(alert_id),
                    UpdateExpression=f"SET handled_at_ms = :now, {EXPIRY} = :expiry REMOVE lease_until_ms",
                    ExpressionAttributeValues={":now": _number(now_ms), ":expiry": self._expiry(now_ms)},
                )

    def release(self, alert_ids: Sequence[str]) -> None:
        """Remove our claims of alerts that are not handled."""
        with table_errors_explained(self._table):
            for alert_id in alert_ids:
                self._release(alert_id)

    def _release(self, alert_id: str) -> None:
        self._conditional_write(
            lambda: self._client.delete_item(
                TableName=self._table,
                Key=self._alert_key(alert_id),
                ConditionExpression="#owner = :me AND attribute_not_exists(handled_at_ms)",
                ExpressionAttributeNames={"#owner": "owner"},
                ExpressionAttributeValues={":me": {"S": self._owner}},
            )
        )

    def close(self) -> None:
        """Do nothing: this store has no file and no lock."""

    def _alert_key(self, alert_id: str) -> dict[str, "AttributeValueTypeDef"]:
        return _key(f"alert#{self._consumer}#{alert_id}")

    def _expiry(self, now_ms: int) -> "AttributeValueTypeDef":
        return _number((now_ms + self._keep_ids_ms) // 1000)

    @staticmethod
    def _conditional_write(write: Callable[[], object]) -> bool:
        """Do a conditional write; returns False if its condition does not hold."""
        try:
            write()
        except AWS_ERRORS as error:
            if error_code(error) == CONDITION_FAILED:
                return False
            raise
        return True


def _key(partition: str, sort: str = NO_SORT_KEY) -> dict[str, "AttributeValueTypeDef"]:
    return {"pk": {"S": partition}, "sk": {"S": sort}}


def _number(value: int) -> "AttributeValueTypeDef":
    return {"N": str(int(value))}


def _position(item: Mapping[str, "AttributeValueTypeDef"]) -> Position:
    number = item["sequence_number"]["S"] if "sequence_number" in item else None
    return Position(number, int(item["reached_ms"]["N"]), item["is_end"]["N"] == "1")

"""Handler that puts alerts into a DynamoDB table with a time to live, for case tools to work on."""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from alerts.handlers.aws_calls import UnsuitableError, one_by_one
from alerts.handlers.handler_protocol import HandlerOutcome
from alerts.messages import Handover
from fraudstream.runtime.aws_errors import AWS_ERRORS, error_code

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

KEY: Final = "alert_id"
EXPIRY: Final = "expires_at"
CONDITION_FAILED: Final = "ConditionalCheckFailedException"
TEXTS: Final = ("kind", "transaction_id", "account_id", "risk_level", "model_version", "catalogue_version")
NUMBERS: Final = ("score", "threshold", "transaction_amount_vnd")
REMEDY: Final = "see docs/alerts.md to create the table, and deploy/iam/consumer.json for the permissions"


class TableHandler:
    """Put each alert as an item keyed by ``alert_id``; an existing item is left unchanged.

    What an alert does not have, as a review has no score, is no attribute of its item.

    A duplicate thus has no effect and does not overwrite what an analyst has added to the item. ``keep_ms``
    is the time to live of an item, stored in its attribute ``expires_at`` (epoch seconds).
    """

    batch_size = 25

    def __init__(
        self, client: "DynamoDBClient", table: str, *, keep_ms: int, now_ms: Callable[[], int]
    ) -> None:
        self._client = client
        self._table = table
        self._keep_ms = keep_ms
        self._now_ms = now_ms

    def handle(self, batch: Sequence[Handover]) -> HandlerOutcome:
        """Put the alerts one by one: DynamoDB has no batches of conditional writes."""
        return one_by_one(batch, self._put, f"DynamoDB table {self._table!r}", REMEDY)

    def close(self) -> None:
        """Do nothing: the client needs no closing."""

    def _put(self, each: Handover) -> None:
        try:
            self._client.put_item(
                TableName=self._table,
                Item=self._item(each),
                ConditionExpression="attribute_not_exists(#key)",
                ExpressionAttributeNames={"#key": KEY},
            )
        except AWS_ERRORS as error:
            if error_code(error) != CONDITION_FAILED:
                raise

    def _item(self, each: Handover) -> dict[str, "AttributeValueTypeDef"]:
        alert = each.alert
        item: dict[str, AttributeValueTypeDef] = {
            KEY: {"S": alert.alert_id},
            "alert": {"S": each.body.decode()},
            EXPIRY: {"N": str((self._now_ms() + self._keep_ms) // 1000)},
        }
        item |= {name: {"S": text} for name in TEXTS if (text := getattr(alert, name)) is not None}
        item |= {
            name: _number(name, value) for name in NUMBERS if (value := getattr(alert, name)) is not None
        }
        if alert.event_time is not None:
            item["event_time"] = {"S": alert.event_time.isoformat()}
        if alert.review is not None:
            item["review_reason"] = {"S": alert.review.reason}
        return item


def _number(name: str, value: float) -> "AttributeValueTypeDef":
    if not math.isfinite(value):
        msg = f"{name} is {value}; only finite numbers can be stored"
        raise UnsuitableError(msg)
    return {"N": repr(value)}

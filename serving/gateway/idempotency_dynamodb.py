"""Idempotency store in a DynamoDB table, for the processes of several machines.

Partition key ``key`` (text), time to live on ``expires_at`` (epoch seconds). DynamoDB deletes expired items
within days; until then a claim overwrites them.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from fraudstream.runtime.aws_errors import AWS_ERRORS, error_code, explained
from serving.gateway.idempotency_protocol import (
    IdempotencyClaim,
    IdempotencyStoreError,
    KeptAnswer,
    StoredAnswer,
    Taken,
    packed,
    unpacked,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

IDEMPOTENCY_KEY: Final = "key"
IDEMPOTENCY_EXPIRY: Final = "expires_at"
CONDITION_FAILED: Final = "ConditionalCheckFailedException"
_FREE: Final = (
    "attribute_not_exists(#key) OR expires_ms <= :now OR (attribute_not_exists(answer_status) AND "
    "lease_until_ms <= :now)"
)
_OURS: Final = "#owner = :owner"


class DynamoIdempotency:
    """An `IdempotencyStore` in the table ``table``."""

    is_blocking = True

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def claim(self, claim: IdempotencyClaim, now_ms: int) -> StoredAnswer | Taken | None:
        """Claim a key; see `IdempotencyStore.claim`."""
        item = _key(claim) | {
            "fingerprint": {"S": claim.fingerprint},
            "owner": {"S": claim.owner},
            "lease_until_ms": _number(claim.lease_until_ms),
            "expires_ms": _number(claim.expires_ms),
            IDEMPOTENCY_EXPIRY: _number(claim.expires_ms // 1000 + 1),
        }
        is_free = self._do(
            lambda: self._client.put_item(
                TableName=self._table,
                Item=item,
                ConditionExpression=_FREE,
                ExpressionAttributeNames={"#key": IDEMPOTENCY_KEY},
                ExpressionAttributeValues={":now": _number(now_ms)},
            )
        )
        if is_free is not None:
            return None
        key = _key(claim)
        found = self._do(lambda: self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True))
        kept = found.get("Item") if found else None
        # Released or expired since the condition failed: the next attempt gets it.
        return "in-progress" if kept is None else _kept(kept).outcome(claim, now_ms) or "in-progress"

    def finish(self, claim: IdempotencyClaim, answer: StoredAnswer) -> None:
        """Store the answer; see `IdempotencyStore.finish`."""
        self._do(
            lambda: self._client.update_item(
                TableName=self._table,
                Key=_key(claim),
                UpdateExpression="SET answer_status = :status, answer_body = :body",
                ConditionExpression=_OURS,
                ExpressionAttributeNames={"#owner": "owner"},
                ExpressionAttributeValues={
                    ":owner": {"S": claim.owner},
                    ":status": _number(answer.status),
                    ":body": {"B": packed(answer.body)},
                },
            )
        )

    def release(self, claim: IdempotencyClaim) -> None:
        """Give up a claim; see `IdempotencyStore.release`."""
        self._do(
            lambda: self._client.delete_item(
                TableName=self._table,
                Key=_key(claim),
                ConditionExpression=_OURS,
                ExpressionAttributeNames={"#owner": "owner"},
                ExpressionAttributeValues={":owner": {"S": claim.owner}},
            )
        )

    def close(self) -> None:
        """Do nothing: the client needs no closing."""

    def _do(self, call: Callable[[], Any]) -> dict[str, Any] | None:
        """Return the answer of a call, or None if its condition does not hold."""
        try:
            answer: dict[str, Any] = call()
        except AWS_ERRORS as error:
            if error_code(error) == CONDITION_FAILED:
                return None
            msg = f"the idempotency table {self._table!r} can't be used: {explained(error)}"
            raise IdempotencyStoreError(msg) from error
        return answer


def _key(claim: IdempotencyClaim) -> dict[str, "AttributeValueTypeDef"]:
    return {IDEMPOTENCY_KEY: {"S": claim.key}}


def _number(value: int) -> "AttributeValueTypeDef":
    return {"N": str(value)}


def _kept(item: Mapping[str, Any]) -> KeptAnswer:
    answer = (
        StoredAnswer(int(item["answer_status"]["N"]), unpacked(item["answer_body"]["B"]))
        if "answer_status" in item
        else None
    )
    return KeptAnswer(
        item["fingerprint"]["S"],
        item["owner"]["S"],
        int(item["lease_until_ms"]["N"]),
        int(item["expires_ms"]["N"]),
        answer,
    )

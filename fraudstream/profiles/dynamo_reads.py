"""Reading of the DynamoDB table of profiles: what a server's role needs."""

import time
from typing import TYPE_CHECKING, Any, Final, cast

from fraudstream.profiles.dynamo_items import META, PROGRESS, chunk_keys, plain_key, row_of
from fraudstream.profiles.dynamo_table import PARTITION_KEY, SORT_KEY
from fraudstream.runtime.bounded_calls import CallTimeoutError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    from fraudstream.profiles.profile_rows import ProfileKey, ProfileRow

    Item = dict[str, AttributeValueTypeDef]

MAX_KEYS: Final = 100
"""Keys of one BatchGetItem (API reference)."""
MAX_ATTEMPTS: Final = 8
FIRST_PAUSE_S: Final = 0.01
"""Pause before keys that DynamoDB left unprocessed are asked for again; it doubles."""


class DynamoReader:
    """Reads items of a table, strongly consistent: eventual reads could miss what progress promises.

    Raises boto3's exceptions, and `CallTimeoutError` if DynamoDB leaves keys unprocessed time and again.
    """

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def layout(self) -> str | None:
        """Return the layout of the table, None if it is empty."""
        answer = self._client.get_item(
            TableName=self._table, Key=plain_key(META, "layout"), ConsistentRead=True
        )
        item = answer.get("Item")
        return None if item is None else item["layout"]["S"]

    def progress(self) -> "list[Item]":
        """Return the items of the progress of all tasks."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="#key = :key",
            ExpressionAttributeNames={"#key": PARTITION_KEY},
            ExpressionAttributeValues={":key": {"S": PROGRESS}},
            ConsistentRead=True,
        )
        return [item for page in pages for item in page["Items"]]

    def rows(self, wanted: "dict[ProfileKey, Item]") -> "dict[ProfileKey, ProfileRow]":
        """Read heads and their further pieces; a row whose pieces were replaced meanwhile is read again."""
        rows: dict[ProfileKey, ProfileRow] = {}
        for _ in range(MAX_ATTEMPTS):
            heads = self._items(list(wanted.values()))
            again: dict[ProfileKey, Item] = {}
            found = {key: head for key, item in wanted.items() if (head := heads.get(_place(item)))}
            pieces = {key: chunk_keys(key, head) for key, head in found.items()}
            chunks = self._items([each for keys in pieces.values() for each in keys])
            for key, head in found.items():
                parts = [chunks.get(_place(each)) for each in pieces[key]]
                if None in parts:
                    again[key] = wanted[key]
                else:
                    rows[key] = row_of(key, head, cast("list[Item]", parts))
            wanted = again
            if not wanted:
                break
        # Left are heads whose pieces have expired before them: DynamoDB deletes items in any order.
        return rows

    def _items(self, keys: "list[Item]") -> "dict[tuple[str, str], Item]":
        found: dict[tuple[str, str], Item] = {}
        for first in range(0, len(keys), MAX_KEYS):
            left: Any = {self._table: {"Keys": keys[first : first + MAX_KEYS], "ConsistentRead": True}}
            for attempt in range(MAX_ATTEMPTS):
                if attempt:
                    time.sleep(FIRST_PAUSE_S * 2**attempt)
                answer = self._client.batch_get_item(RequestItems=left)
                for item in answer["Responses"].get(self._table, []):
                    found[_place(item)] = item
                left = answer.get("UnprocessedKeys")
                if not left:
                    break
            else:
                msg = "DynamoDB leaves keys unprocessed: raise the read capacity of the table"
                raise CallTimeoutError(msg)
        return found


def _place(item: "Item") -> tuple[str, str]:
    return item[PARTITION_KEY]["S"], item[SORT_KEY]["S"]

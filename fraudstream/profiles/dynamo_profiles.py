"""Profile store in a DynamoDB table, for jobs and servers on AWS; docs/profiles.md has its items.

A profile beyond one item is written in pieces: first the further ones under the id of this write, then the
head that names it, on the condition that the row replaces the stored one. A reader thus finds the pieces of
one write, or reads again; those of a replaced write are deleted afterwards.
"""

import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from fraudstream.profiles.deadline_calls import DeadlineCalls
from fraudstream.profiles.dynamo_items import (
    HEAD,
    META,
    chunk_keys,
    item_key,
    items_of,
    plain_key,
    progress_item,
    progress_of,
)
from fraudstream.profiles.dynamo_reads import DynamoReader
from fraudstream.profiles.dynamo_table import PARTITION_KEY, SORT_KEY, create_profile_table
from fraudstream.profiles.profile_rows import ProfileKey, ProfileProgress, ProfileRow
from fraudstream.profiles.store_protocol import (
    LAYOUT,
    EntityCount,
    OnCount,
    ProfileStoreError,
    check_layout,
    ignore_count,
)
from fraudstream.profiles.store_urls import StoreUrl
from fraudstream.runtime.aws_clients import aws_client
from fraudstream.runtime.aws_errors import AWS_ERRORS, AwsCredentialsError, error_code
from fraudstream.runtime.aws_settings import AwsSettings
from fraudstream.runtime.bounded_calls import CallTimeoutError
from fraudstream.runtime.settings_sources import SettingsError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Item = dict[str, AttributeValueTypeDef]

CONDITION_FAILED: Final = "ConditionalCheckFailedException"
CONDITION: Final = (
    f"attribute_not_exists({SORT_KEY}) OR epoch_ms < :epoch OR (epoch_ms = :epoch AND ordinal <= :ordinal) "
    "OR expires_ms <= :now"
)
"""The rule of `ProfileRow.replaces`."""

Answer = TypeVar("Answer")


class DynamoProfiles:
    """A `ProfileStore` in a DynamoDB table, which `create` makes; reads are strongly consistent.

    ``timeout_s`` is the deadline in total of each read, and of the write of each row. Raises
    `ProfileStoreError` if the AWS settings are invalid or there are no credentials.
    """

    def __init__(self, url: StoreUrl, *, timeout_s: float) -> None:
        self._url = url
        self._table = url.path
        self._is_checked = False
        try:
            self._client = aws_client("dynamodb", AwsSettings.load(), read_timeout_s=timeout_s)
        except (AwsCredentialsError, SettingsError) as error:
            msg = f"the profile store {url} can't be used: {error}"
            raise ProfileStoreError(msg) from error
        self._reader = DynamoReader(self._client, self._table)
        self._calls: DeadlineCalls[Any] = DeadlineCalls(timeout_s, self._client.close)

    def create(self) -> bool:
        """Create the table; False if it exists. Raises `ProfileStoreError`."""
        return create_profile_table(self._client, self._table)

    def read(self, keys: Sequence[ProfileKey]) -> list[ProfileRow | None]:
        """Return the row of each key, in one round trip up to 100 small profiles; see `ProfileStore.read`."""
        items = {key: item_key(key) for key in keys}

        def call() -> dict[ProfileKey, ProfileRow]:
            self._check_layout()
            return self._reader.rows(items)

        found = self._run(call) if keys else {}
        return [found.get(key) for key in keys]

    def progress(self) -> list[ProfileProgress]:
        """Return the progress of every task; see `ProfileStore.progress`."""

        def call() -> list["Item"]:
            self._check_layout()
            return self._reader.progress()

        return [progress_of(item) for item in self._run(call)]

    def write(self, rows: Sequence[ProfileRow], now_ms: int) -> None:
        """Write rows one after another: DynamoDB has no batch of conditions; see `ProfileStore.write`."""
        self._prepare()
        for row in rows:
            self._run(lambda: self._put(row, now_ms))  # noqa: B023 - runs before the next turn

    def report(self, progress: ProfileProgress) -> None:
        """Replace the progress of a task; see `ProfileStore.report`."""
        self._prepare()
        self._run(lambda: self._client.put_item(TableName=self._table, Item=progress_item(progress)))

    def counts(self, on_count: OnCount = ignore_count) -> list[EntityCount]:
        """Scan the table, which costs as much as reading all of it; see `ProfileInventory.counts`."""
        rows: Counter[str] = Counter()
        size: Counter[str] = Counter()
        start: Item | None = None
        while True:
            page = self._run(lambda: self._scan(start))  # noqa: B023 - runs before the next turn
            for item in page["Items"]:
                entity, separator, _ = item[PARTITION_KEY]["S"].partition("#")
                if separator and item[SORT_KEY]["S"] == HEAD:
                    rows[entity] += 1
                    size[entity] += int(item["size"]["N"])
            on_count(rows.total())
            start = page.get("LastEvaluatedKey")
            if not start:
                return [EntityCount(entity, rows[entity], size[entity]) for entity in sorted(rows)]

    def expire(self, now_ms: int, on_count: OnCount = ignore_count) -> int:
        """Return 0: DynamoDB deletes expired items itself, within days."""
        del now_ms
        on_count(0)
        return 0

    def close(self) -> None:
        """Close the connections."""
        self._calls.close()
        self._client.close()

    def _scan(self, start: "Item | None") -> Any:  # noqa: ANN401 - a page of boto3
        request: dict[str, Any] = {"ExclusiveStartKey": start} if start else {}
        return self._client.scan(
            TableName=self._table,
            ProjectionExpression="#key, #part, #size",
            ExpressionAttributeNames={"#key": PARTITION_KEY, "#part": SORT_KEY, "#size": "size"},
            **request,
        )

    def _put(self, row: ProfileRow, now_ms: int) -> None:
        write_id = secrets.token_hex(8)
        head, *chunks = items_of(row, write_id)
        for chunk in chunks:
            self._client.put_item(TableName=self._table, Item=chunk)
        try:
            answer = self._client.put_item(
                TableName=self._table,
                Item=head,
                ConditionExpression=CONDITION,
                ExpressionAttributeValues={
                    ":epoch": {"N": str(row.epoch_ms)},
                    ":ordinal": {"N": str(row.ordinal)},
                    ":now": {"N": str(now_ms)},
                },
                ReturnValues="ALL_OLD",
            )
        except AWS_ERRORS as error:
            if error_code(error) != CONDITION_FAILED:
                raise
            stale = [item_key(row.key, chunk[SORT_KEY]["S"]) for chunk in chunks]
        else:
            old = answer.get("Attributes")
            stale = chunk_keys(row.key, old) if old else []
        for each in stale:
            self._client.delete_item(TableName=self._table, Key=each)

    def _prepare(self) -> None:
        """Give an empty table its layout, and refuse another layout before anything is written."""

        def call() -> None:
            if not self._is_checked:
                try:
                    self._client.put_item(
                        TableName=self._table,
                        Item={**plain_key(META, "layout"), "layout": {"S": LAYOUT}},
                        ConditionExpression=f"attribute_not_exists({SORT_KEY})",
                    )
                except AWS_ERRORS as error:
                    if error_code(error) != CONDITION_FAILED:
                        raise
                self._check_layout()

        self._run(call)

    def _check_layout(self) -> None:
        if not self._is_checked:
            layout = self._reader.layout()
            if layout is not None:
                check_layout(layout, str(self._url))
                self._is_checked = True

    def _run(self, call: Callable[[], Answer]) -> Answer:
        with self._errors_explained():
            return cast("Answer", self._calls.run(call))

    @contextmanager
    def _errors_explained(self) -> Iterator[None]:
        try:
            yield
        except (*AWS_ERRORS, CallTimeoutError) as error:
            missing = isinstance(error, Exception) and error_code(error) == "ResourceNotFoundException"
            remedy = (
                "create the table with `fraudstream profiles create`"
                if missing
                else "check the AWS settings, and the permissions of deploy/iam/profiles-reader.json"
            )
            msg = f"the profile store {self._url} can't be used: {error}; {remedy}"
            raise ProfileStoreError(msg) from error

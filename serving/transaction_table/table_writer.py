"""Writes items to the transaction table in batches, until each is written."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from fraudstream.runtime.aws_errors import (
    AWS_ERRORS,
    DeniedError,
    error_code,
    explained,
    is_denied,
    is_transient,
)
from fraudstream.runtime.backoff import Backoff
from fraudstream.runtime.bounded_calls import StopRequestedError
from fraudstream.runtime.outages import Outage
from fraudstream.runtime.stop_signals import StopSignal
from fraudstream.streams.positions import Position
from serving.transaction_table.table_items import (
    ACCOUNT,
    SORT,
    Item,
    position_item,
    position_partition,
    stored_position,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

BATCH_ITEMS: Final = 25
"""Limit of a BatchWriteItem call (API reference)."""
PARALLEL_WRITES: Final = 4
LONGEST_WAIT_S: Final = 10.0
PART: Final = "table"
UNPROCESSED: Final = "UnprocessedItems: DynamoDB throttles the table"
THROTTLED: Final = frozenset({"RequestLimitExceeded", "ThrottlingException"})


class TransactionTableError(Exception):
    """The table can't be used; the message says what is wrong and how to fix it."""


class TransactionTableDeniedError(TransactionTableError, DeniedError):
    """AWS refuses the caller the use of the table."""


@contextmanager
def transaction_table_errors(table: str) -> Iterator[None]:
    """Convert DynamoDB's errors to a `TransactionTableError` that names the table."""
    try:
        yield
    except AWS_ERRORS as error:
        if error_code(error) == "ResourceNotFoundException":
            msg = (
                f"DynamoDB table {table!r} not found; create it with `python -m localstack.tables` on an "
                "emulator, or as docs/ingestion-gateway.md describes on AWS"
            )
        else:
            msg = f"the DynamoDB table {table!r} can't be used: {explained(error)}"
        raise (TransactionTableDeniedError if is_denied(error) else TransactionTableError)(msg) from error


class TransactionTableWriter:
    """Writes to the table; transient errors are retried until ``stop``, and reported to ``outage``.

    Every method raises `TransactionTableError` for an error that no retry fixes, and `StopRequestedError` if
    the stop came first.
    """

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        *,
        outage: Outage,
        stop: StopSignal,
        backoff: Backoff | None = None,
    ) -> None:
        self._client = client
        self._table = table
        self._outage = outage
        self._stop = stop
        self._backoff = backoff or Backoff(cap_s=LONGEST_WAIT_S)
        self._threads = ThreadPoolExecutor(PARALLEL_WRITES, thread_name_prefix="table-writer")

    def write(self, items: Sequence[Item]) -> None:
        """Write the items; of several with the same key the last one."""
        distinct = list({(each[ACCOUNT]["S"], each[SORT]["S"]): each for each in items}.values())
        batches = [distinct[start : start + BATCH_ITEMS] for start in range(0, len(distinct), BATCH_ITEMS)]
        for _ in self._threads.map(self._write_batch, batches):
            pass

    def positions(self, stream: str) -> dict[str, Position]:
        """Return the stored positions in a stream, by shard id."""
        found: dict[str, Position] = {}
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "#account = :partition",
            "ExpressionAttributeNames": {"#account": ACCOUNT},
            "ExpressionAttributeValues": {":partition": {"S": position_partition(stream)}},
            "ConsistentRead": True,
        }
        while True:
            page = self._endure(lambda: self._client.query(**request))
            found.update(map(stored_position, page["Items"]))
            if not page.get("LastEvaluatedKey"):
                return found
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def save(self, stream: str, positions: Mapping[str, Position]) -> None:
        """Store positions, behind records whose items are written."""
        self.write([position_item(stream, shard_id, position) for shard_id, position in positions.items()])

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown()

    def _write_batch(self, items: list[Item]) -> None:
        left: Any = {self._table: [{"PutRequest": {"Item": item}} for item in items]}
        retry = 0
        while left:
            answer = self._endure(partial(self._put_batch, left))
            left = answer.get("UnprocessedItems")
            if left:
                self._outage.failed(PART, UNPROCESSED)
                self._wait(retry)
                retry += 1
        self._outage.worked(PART)

    def _put_batch(self, requests: Any) -> Any:  # noqa: ANN401 - as the client has them
        return self._client.batch_write_item(RequestItems=requests)

    def _endure(self, call: Callable[[], Any]) -> Any:  # noqa: ANN401 - the answer of a client
        retry = 0
        while True:
            with transaction_table_errors(self._table):
                try:
                    return call()
                except AWS_ERRORS as error:
                    if not is_transient(error) and error_code(error) not in THROTTLED:
                        raise
                    self._outage.failed(PART, explained(error))
            self._wait(retry)
            retry += 1

    def _wait(self, retry: int) -> None:
        if self._stop.wait(self._backoff.wait_s(retry)):
            msg = f"stopped during an outage: {self._outage.problem}"
            raise StopRequestedError(msg)

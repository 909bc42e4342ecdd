"""DynamoDB table of customers' metadata: partition key ``user_id``, with the customer's id.

Further attributes, all optional: ``segment`` (text), ``kyc_level`` (number or text, 0 to 3) and
``customer_since`` (text, a date). The kernel's ``DynamoCustomers`` reads the same table for the job.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from fraudstream.domain.customer import METADATA_FIELDS, Customer
from fraudstream.runtime.aws_clients import aws_client
from fraudstream.runtime.aws_errors import AWS_ERRORS, error_code, explained
from fraudstream.runtime.aws_settings import AwsSettings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

KEY: Final = "user_id"
DEFAULT_TABLE: Final = "user-metadata"
OF_ANOTHER_TYPE: Final = " "
"""Text of a value that is no text, nor a number of the level; the kernel accepts it in no column."""
READ_TIMEOUT_S: Final = 2.0
_PROJECTION: Final = {
    "ProjectionExpression": ", ".join((f"#{KEY}", *(f"#{field}" for field in METADATA_FIELDS))),
    # One of them, segment, is a reserved word of DynamoDB.
    "ExpressionAttributeNames": {f"#{name}": name for name in (KEY, *METADATA_FIELDS)},
}
_PER_WRITE: Final = 25
"""Most items of a BatchWriteItem."""
_CALLS: Final = 4
_PAUSE_S: Final = 0.05


class CustomerTableError(Exception):
    """The table can't be read or written; the message names it, the reason and the fix."""


class CustomerTable:
    """Reads and writes metadata in a table."""

    def __init__(
        self, client: "DynamoDBClient", table: str, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._client = client
        self._table = table
        self._sleep = sleep

    @classmethod
    def open(cls, settings: AwsSettings, table: str) -> "CustomerTable":
        """Return the table at the endpoint of the settings, without calling it."""
        return cls(aws_client("dynamodb", settings, read_timeout_s=READ_TIMEOUT_S), table)

    def read(self, ids: Sequence[str]) -> dict[str, dict[str, str]]:
        """Return the texts of the customers' attributes by id, without those whom the table doesn't have.

        At most 100 different ids. Raises `CustomerTableError` if the table can't be read.
        """
        # No table has an empty key.
        keys = [{KEY: {"S": id_}} for id_ in ids if id_]
        found: dict[str, dict[str, str]] = {}

        def call(due: Any) -> Any:  # noqa: ANN401 - requests by table
            answer = self._client.batch_get_item(RequestItems=due)
            for item in answer["Responses"].get(self._table, []):
                found[item[KEY]["S"]] = dict(_texts(item))
            return answer.get("UnprocessedKeys")

        if keys:
            self._until_done({self._table: {"Keys": keys} | _PROJECTION}, call)
        return found

    def write(self, customers: Iterable[tuple[str, Customer]]) -> Iterator[int]:
        """Write customers, replacing those that are there; yields how many are written so far.

        Raises `CustomerTableError` if the table can't be written.
        """
        left = iter(customers)
        written = 0
        while batch := list(islice(left, _PER_WRITE)):
            requests = [{"PutRequest": {"Item": _item(id_, each)}} for id_, each in batch]
            self._until_done(
                {self._table: requests},
                lambda due: self._client.batch_write_item(RequestItems=due).get("UnprocessedItems"),
            )
            written += len(batch)
            yield written

    def _until_done(self, due: Any, call: Callable[[Any], Any]) -> None:  # noqa: ANN401 - requests by table
        """Repeat a call, which returns what it left, for as long as there is any, but not for ever."""
        for number in range(_CALLS):
            self._sleep(number * _PAUSE_S)
            try:
                due = call(due)
            except AWS_ERRORS as error:
                raise CustomerTableError(self._problem(error)) from error
            if not due:
                return
        msg = f"DynamoDB table {self._table!r} is throttled; raise its capacity, or try again"
        raise CustomerTableError(msg)

    def _problem(self, error: Exception) -> str:
        if error_code(error) == "ResourceNotFoundException":
            return (
                f"DynamoDB table {self._table!r} not found; create it with `fraudstream create-tables` on an "
                "emulator, or as docs/customer-metadata.md describes on AWS"
            )
        return f"DynamoDB table {self._table!r} can't be used: {explained(error)}"


def _texts(item: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for field in METADATA_FIELDS:
        value = item.get(field)
        if value is not None and "NULL" not in value:
            number = value.get("N") if field == "kyc_level" else None
            yield field, value.get("S", number or OF_ANOTHER_TYPE)


def _item(id_: str, customer: Customer) -> dict[str, Any]:
    return {KEY: {"S": id_}} | {
        field: {"N" if field == "kyc_level" else "S": text} for field, text in customer.texts().items()
    }

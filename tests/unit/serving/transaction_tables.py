"""A transaction table in moto, stream records to fill it with, and a reader of lists."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3
import orjson
from moto import mock_aws

from fraudstream.runtime.backoff import Backoff
from fraudstream.runtime.outages import Outage
from fraudstream.runtime.stop_signals import StopSignal
from fraudstream.streams.positions import Position
from fraudstream.streams.protocols import StreamRecord
from localstack.tables import create_transaction_table
from serving.transaction_table.table_consumer import TableConsumer, TableSource
from serving.transaction_table.table_items import ItemKind
from serving.transaction_table.table_writer import TransactionTableWriter

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

TABLE = "Transactions"
DAY_MS = 86_400_000
ARRIVAL_MS = 1_767_323_046_000
"""2026-01-02T03:04:06Z"""


class ListReader:
    """Returns the given lists of records, one by each poll."""

    def __init__(self, *polls: list[StreamRecord]) -> None:
        self.polls = list(polls)
        self.position = Position(None, 0)

    def poll(self) -> list[StreamRecord]:
        found = self.polls.pop(0) if self.polls else []
        if found:
            self.position = Position(found[-1].sequence_number, found[-1].arrival_ms)
        return found

    def positions(self) -> dict[str, Position]:
        return {"shard-0": self.position}


@contextmanager
def table_client() -> Iterator["DynamoDBClient"]:
    """Yield a client whose account has the table, empty."""
    with mock_aws():
        client = boto3.client(
            "dynamodb", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
        )
        create_transaction_table(client, TABLE)
        yield client


def stream_record(data: object, *, arrival_ms: int = ARRIVAL_MS, number: int = 1) -> StreamRecord:
    """Return a record of a stream; ``data`` is bytes or a JSON value."""
    raw = data if isinstance(data, bytes) else orjson.dumps(data)
    return StreamRecord(raw, "key", "shard-0", str(number), arrival_ms)


def table_writer(client: "DynamoDBClient", stop: StopSignal | None = None) -> TransactionTableWriter:
    """Return a writer that waits hardly at all between retries."""
    outage = Outage("table", lambda _line: None)
    return TransactionTableWriter(
        client, TABLE, outage=outage, stop=stop or StopSignal(), backoff=Backoff(base_s=1e-6)
    )


def filled(
    client: "DynamoDBClient", records: dict[ItemKind, list[StreamRecord]], *, keep_ms: int = 90 * DAY_MS
) -> tuple[TableConsumer, list[str]]:
    """Write records of each kind; returns the consumer, and why it skipped records."""
    skipped: list[str] = []
    sources = [TableSource(kind, f"{kind}s", ListReader(found)) for kind, found in records.items()]
    consumer = TableConsumer(
        sources,
        table_writer(client),
        keep_ms=keep_ms,
        on_skipped=lambda _record, reason: skipped.append(reason),
    )
    consumer.step()
    consumer.save()
    return consumer, skipped

"""Undeliverable records in a DynamoDB table, for consumers without a disk that lasts.

In the table of the progress (`alerts.store.dynamodb`): ``pk`` is ``refused#CONSUMER``, ``sk`` the SHA-256 of
the alert's id, or the record's shard and sequence number, and the number of the part.
"""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from alerts.handlers.handler_protocol import Refusal
from alerts.store.dynamodb import EXPIRY, table_errors_explained
from fraudstream.domain.transaction import format_time
from fraudstream.streams.protocols import StreamRecord

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

PART_BYTES: Final = 350_000
"""Bytes of a record in one item; an item has 400 KB at most. A record of 10 MiB has 30 parts."""


class RefusedTable:
    """A `RefusedRecords` in a DynamoDB table; a record that comes again replaces its items.

    ``keep_ms`` is their time to live. The methods raise `StoreError` if the table can't be written.
    """

    def __init__(self, client: "DynamoDBClient", table: str, consumer: str, *, keep_ms: int) -> None:
        self._client = client
        self._table = table
        self._partition = f"refused#{consumer}"
        self._keep_ms = keep_ms

    @property
    def path(self) -> str:
        """The table and the partition key of the items."""
        return f"DynamoDB table {self._table!r}, pk {self._partition!r}"

    def add_alerts(self, refusals: Sequence[Refusal], now_ms: int) -> None:
        """Put alerts that their target refused permanently."""
        for refusal in refusals:
            alert_id = refusal.handover.alert.alert_id
            # Of any id: a sort key has 1,024 bytes at most, and 256 characters may be as many.
            digest = hashlib.sha256(alert_id.encode()).hexdigest()
            self._put(f"alert#{digest}", refusal.handover.body, refusal.reason, now_ms)

    def add_record(self, record: StreamRecord, reason: str, now_ms: int) -> None:
        """Put a stream record that is not a valid alert."""
        # The parts of an aggregated record have one sequence number.
        place = f"record#{record.shard_id}#{record.sequence_number}#{record.parts_left}"
        self._put(place, record.data, reason, now_ms)

    def _put(self, place: str, data: bytes, reason: str, now_ms: int) -> None:
        parts = [data[at : at + PART_BYTES] for at in range(0, len(data), PART_BYTES)] or [b""]
        with table_errors_explained(self._table):
            for number, part in enumerate(parts):
                self._client.put_item(
                    TableName=self._table,
                    Item={
                        "pk": {"S": self._partition},
                        "sk": {"S": f"{place}#{number:03}"},
                        "raw": {"B": part},
                        "parts": {"N": str(len(parts))},
                        "reason": {"S": reason},
                        "refused_at": {"S": format_time(now_ms)},
                        EXPIRY: {"N": str((now_ms + self._keep_ms) // 1000)},
                    },
                )

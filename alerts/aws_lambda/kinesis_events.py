"""Events by which Lambda hands over records of a Kinesis stream, and the answer about failed ones.

https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from fraudstream.streams.kinesis.stream_records import stream_records
from fraudstream.streams.positions import Position
from fraudstream.streams.protocols import StreamRecord


class EventError(ValueError):
    """The event is not one of a Kinesis stream: the function has another trigger."""


def records_of(event: Mapping[str, Any]) -> list[StreamRecord]:
    """Return the records of an event in order, with aggregated ones taken apart.

    An event has records of one shard. Raises `EventError` if it is not an event of Kinesis.
    """
    try:
        return [each for record in event["Records"] for each in _records(record)]
    except (KeyError, TypeError, AttributeError, OverflowError, binascii.Error) as error:
        msg = (
            f"not an event of a Kinesis stream ({type(error).__name__}: {error}): make an event source "
            "mapping from the stream of alerts to this function, and no other trigger"
        )
        raise EventError(msg) from error


def _records(record: Mapping[str, Any]) -> list[StreamRecord]:
    content = record["kinesis"]
    shard_id = str(record["eventID"]).partition(":")[0]
    return stream_records(
        {
            "Data": base64.b64decode(content["data"], validate=True),
            "PartitionKey": content["partitionKey"],
            "SequenceNumber": content["sequenceNumber"],
            "ApproximateArrivalTimestamp": datetime.fromtimestamp(
                content["approximateArrivalTimestamp"], UTC
            ),
        },
        shard_id,
    )


def batch_answer(failed: Sequence[StreamRecord]) -> dict[str, list[dict[str, str]]]:
    """Return the partial batch response: Lambda invokes again from the first failed record on."""
    return {"batchItemFailures": [{"itemIdentifier": each.sequence_number} for each in failed[:1]]}


class EventReader:
    """A `RecordReader` of the records of one event; Lambda keeps the positions."""

    def __init__(self, records: Sequence[StreamRecord]) -> None:
        self._records = list(records)

    def poll(self) -> list[StreamRecord]:
        """Return all records once."""
        records, self._records = self._records, []
        return records

    def positions(self) -> dict[str, Position]:
        """Return none."""
        return {}

    def reached_ms(self) -> int | None:
        """Return None."""
        return None

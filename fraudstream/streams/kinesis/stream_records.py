"""Conversion of Kinesis' records to stream records, with aggregated ones taken apart."""

from typing import TYPE_CHECKING

from fraudstream.streams.kinesis.kpl_aggregate import parts_of
from fraudstream.streams.protocols import StreamRecord

if TYPE_CHECKING:
    from mypy_boto3_kinesis.type_defs import RecordTypeDef


def stream_records(record: "RecordTypeDef", shard_id: str) -> list[StreamRecord]:
    """Return the records of an aggregated one (Kinesis Producer Library) in order, or the record itself.

    A damaged aggregate is returned as it is, as is one within another: to its reader it is a record of bytes
    that mean nothing.
    """
    parts = parts_of(record["Data"])
    contents = [(record["Data"], record["PartitionKey"])] if parts is None else parts
    return [
        StreamRecord(
            data=data,
            partition_key=partition_key,
            shard_id=shard_id,
            sequence_number=record["SequenceNumber"],
            arrival_ms=round(record["ApproximateArrivalTimestamp"].timestamp() * 1000),
            parts_left=len(contents) - 1 - place,
        )
        for place, (data, partition_key) in enumerate(contents)
    ]

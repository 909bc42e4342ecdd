"""Aggregation of small records into one stream record, to save cost and stay below shard limits."""

import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from fraudstream.streams.protocols import FailedRecord, PutResult, Record, RecordWriter

PAYLOAD_UNIT_BYTES: Final = 25 * 1024
"""One PUT payload unit as billed by Kinesis (pricing page, provisioned mode); larger records save nothing."""
BUCKETS: Final = 64
"""Number of partition keys, instead of one per account: many more than shards, so that these fill evenly, and
few enough that a batch has several records per bucket."""
SEPARATOR: Final = b"\n"
"""Separator of aggregated records; the job starts a new record at each line that begins with a brace."""


class _Bundle(NamedTuple):
    """An aggregated record, and the positions of its parts in the given records."""

    record: Record
    positions: tuple[int, ...]


class AggregatingWriter:
    """Writer like `StreamWriter` that aggregates the records of a bucket as lines of one record.

    A bucket is a fixed subset of the partition keys, so the records of a key keep their order and their
    shard. ``max_bytes`` is the largest size of an aggregated record without its key. A record that is larger
    by itself is written alone, as is one that is not a JSON object on a single line, because a reader could
    not split it off.
    """

    def __init__(
        self, writer: RecordWriter, *, buckets: int = BUCKETS, max_bytes: int = PAYLOAD_UNIT_BYTES
    ) -> None:
        self._writer = writer
        self._buckets = buckets
        self._max_bytes = max_bytes

    def put(self, records: Sequence[Record]) -> PutResult:
        """Write the records and report the outcome of each one, as if each had been written alone.

        ``shards`` counts stream records: an aggregated record counts as one. Raises `StreamError` as
        `StreamWriter.put` does.
        """
        bundles = list(self._bundles(records))
        written = self._writer.put([bundle.record for bundle in bundles])
        failures = [
            FailedRecord(position, records[position], failure.error_code, failure.message)
            for failure in written.failures
            for position in bundles[failure.position].positions
        ]
        failures.sort(key=lambda failure: failure.position)
        return PutResult(
            len(records) - len(failures), written.retries, written.shards, failures, written.unanswered
        )

    def _bundles(self, records: Sequence[Record]) -> Iterator[_Bundle]:
        """Aggregate the records of each bucket in order; buckets are ordered by their first record."""
        members: defaultdict[int, list[int]] = defaultdict(list)
        for position, record in enumerate(records):
            members[zlib.crc32(record.partition_key.encode()) % self._buckets].append(position)
        for bucket, positions in members.items():
            for chunk in self._chunks(records, positions):
                data = SEPARATOR.join(records[position].data for position in chunk)
                yield _Bundle(Record(data, f"bucket-{bucket}"), tuple(chunk))

    def _chunks(self, records: Sequence[Record], positions: Sequence[int]) -> Iterator[list[int]]:
        chunk: list[int] = []
        chunk_bytes = 0
        for position in positions:
            data = records[position].data
            size_bytes = len(data) + len(SEPARATOR)
            is_alone = not _is_line(data)
            if chunk and (is_alone or chunk_bytes + size_bytes > self._max_bytes):
                yield chunk
                chunk, chunk_bytes = [], 0
            if is_alone:
                yield [position]
                continue
            chunk.append(position)
            chunk_bytes += size_bytes
        if chunk:
            yield chunk


def _is_line(data: bytes) -> bool:
    return data.startswith(b"{") and SEPARATOR not in data

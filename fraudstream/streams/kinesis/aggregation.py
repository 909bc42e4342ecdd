"""Several small records in one of the stream's: fewer to pay for, and to count against a shard's limit."""

import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from fraudstream.streams.protocols import FailedRecord, PutResult, Record, RecordWriter

PAYLOAD_UNIT_BYTES: Final = 25 * 1024
"""What Kinesis bills as one PUT payload unit (pricing page, provisioned mode): more in it saves nothing."""
BUCKETS: Final = 64
"""Partition keys in place of one for each account: many more than shards, so that these fill evenly, and few
enough for a batch to bring several records of one."""
SEPARATOR: Final = b"\n"
"""The job begins a new record where a line begins with a brace."""


class _Bundle(NamedTuple):
    """A record for the stream, and the places of those in it among what was given."""

    record: Record
    positions: tuple[int, ...]


class AggregatingWriter:
    """Writes as a `StreamWriter` does, with records of one bucket joined as lines of one record.

    A bucket is a share of the partition keys, the same ones in every `put`, so records of one key keep their
    order and their shard. ``max_bytes`` is the most that a joined record has, its key apart. A record that is
    larger by itself, or is no JSON object on a single line, goes alone: its reader could not tell it apart.
    """

    def __init__(
        self, writer: RecordWriter, *, buckets: int = BUCKETS, max_bytes: int = PAYLOAD_UNIT_BYTES
    ) -> None:
        self._writer = writer
        self._buckets = buckets
        self._max_bytes = max_bytes

    def put(self, records: Sequence[Record]) -> PutResult:
        """Write the records and say what became of each, as if each had been written alone.

        ``shards`` counts what is in the stream, joined records each as one. Raises `StreamError` as
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
        return PutResult(len(records) - len(failures), written.retries, written.shards, failures)

    def _bundles(self, records: Sequence[Record]) -> Iterator[_Bundle]:
        """Join records of one bucket, in their order; a bucket's first record decides its place."""
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

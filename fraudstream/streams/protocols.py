"""Stream records, and the protocols of their readers and writers, for any kind of stream."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

from fraudstream.streams.positions import Position

Start = Literal["TRIM_HORIZON", "LATEST"] | datetime
"""Start of reading: the oldest record, new records only, or records that arrived at or after a time."""


class Record(NamedTuple):
    """One record to write; records of the same partition key stay in order."""

    data: bytes
    partition_key: str

    @property
    def size_bytes(self) -> int:
        """Bytes that count against a stream's limits: the data and the key in UTF-8."""
        return len(self.data) + len(self.partition_key.encode())


@dataclass(frozen=True, slots=True)
class FailedRecord:
    """A record that was not written: its position in the argument of `RecordWriter.put`, and the error."""

    position: int
    record: Record
    error_code: str
    message: str


@dataclass(slots=True)
class PutResult:
    """Outcome of one `RecordWriter.put`: ``sent + len(failures)`` is the number of its records."""

    sent: int = 0
    retries: int = 0
    """Number of requests beyond the first one of each chunk."""
    shards: Counter[str] = field(default_factory=Counter)
    """Records written, by shard id."""
    failures: list[FailedRecord] = field(default_factory=list)
    unanswered: int = 0
    """Number of requests that failed and may still have written their records."""


class RecordWriter(Protocol):
    """Writes records at least once; records of one partition key keep their order from put to put."""

    def put(self, records: Sequence[Record]) -> PutResult:
        """Write the records in order and report the outcome of each one.

        Failures that a retry may fix are retried, then reported in the result; others raise `StreamError`.
        """


@dataclass(frozen=True, slots=True)
class StreamRecord:
    """A record as read; ``arrival_ms`` is the time at which the stream accepted it (epoch milliseconds).

    Records that a producer aggregated have shard, sequence number and arrival in common, and a partition key
    each. A reader resumes behind a sequence number, so only behind the last of them: ``parts_left`` is the
    number of those that follow.
    """

    data: bytes
    partition_key: str
    shard_id: str
    sequence_number: str
    arrival_ms: int
    parts_left: int = 0


class RecordReader(Protocol):
    """Reads every record of a stream; order is preserved within a partition key."""

    def poll(self) -> list[StreamRecord]:
        """Return the records that arrived since the last call, after the poll interval; may be empty."""

    def positions(self) -> dict[str, Position]:
        """Return the position in each shard, from which a later reader can resume."""

    def reached_ms(self) -> int | None:
        """Return the time (epoch milliseconds) before which every arrived record was returned, or None."""

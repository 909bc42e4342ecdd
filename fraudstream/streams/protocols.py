"""Records of a stream, and the protocols of what reads and writes them, whatever kind of stream it is."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

from fraudstream.streams.positions import Position

Start = Literal["TRIM_HORIZON", "LATEST"] | datetime
"""The oldest record there is, what comes from now on, or what arrived at a time or after it."""


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
    """A record that is not in the stream: its place in what was given to `RecordWriter.put`, and why."""

    position: int
    record: Record
    error_code: str
    message: str


@dataclass(slots=True)
class PutResult:
    """Outcome of the records of one `RecordWriter.put`: ``sent + len(failures)`` is their number."""

    sent: int = 0
    retries: int = 0
    """Requests beyond the first one of each chunk."""
    shards: Counter[str] = field(default_factory=Counter)
    """Records written, by shard id."""
    failures: list[FailedRecord] = field(default_factory=list)


class RecordWriter(Protocol):
    """Writes records at least once; records of one partition key keep their order from put to put."""

    def put(self, records: Sequence[Record]) -> PutResult:
        """Write the records in order and account for each of them.

        Failures that a retry may fix are retried, then reported in the result; others raise `StreamError`.
        """


@dataclass(frozen=True, slots=True)
class StreamRecord:
    """A record as it came; ``arrival_ms`` is when the stream took it (epoch milliseconds)."""

    data: bytes
    partition_key: str
    shard_id: str
    sequence_number: str
    arrival_ms: int


class RecordReader(Protocol):
    """Reads every record of a stream; order holds within a partition key."""

    def poll(self) -> list[StreamRecord]:
        """Return what has arrived since the last call, after the pause between two reads; may be empty."""

    def positions(self) -> dict[str, Position]:
        """Return by shard how far reading has come, for a later reader to go on from there."""

    def reached_ms(self) -> int | None:
        """Return the time (epoch milliseconds) before which all that arrived was handed out; or None."""

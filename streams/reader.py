"""Reads every record of every shard of a stream, while shards are split and merged.

Order holds within a shard, and from a parent to its children: a child is read only after its
parents have been read to their end, so the records of a partition key come in the order in which
they were written.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal

from streams.backoff import Backoff
from streams.errors import AWS_ERRORS, CONNECTION_REMEDY, StreamError, error_code, is_transient, stream_error

if TYPE_CHECKING:
    from mypy_boto3_kinesis.client import KinesisClient
    from mypy_boto3_kinesis.type_defs import (
        GetRecordsOutputTypeDef,
        GetShardIteratorInputTypeDef,
        ListShardsInputTypeDef,
        ShardTypeDef,
    )

Start = Literal["TRIM_HORIZON", "LATEST"]

MAX_RECORDS_A_READ: Final = 10_000
"""The most one call returns (GetRecords API reference)."""
DISCOVERY_INTERVAL_S: Final = 5.0
"""A shard's end is followed by a look for its children at once; this finds what no end announces."""
MAX_FAILURES_IN_A_ROW: Final = 10
"""With the default back-off these are about 20 seconds without an answer."""


@dataclass(frozen=True, slots=True)
class StreamRecord:
    """A record as it came; ``arrival_ms`` is when the stream took it (epoch milliseconds)."""

    data: bytes
    partition_key: str
    shard_id: str
    sequence_number: str
    arrival_ms: int


@dataclass(slots=True)
class _Attempts:
    """The tries of one kind of call: how many failed in a row, and when the next one may be."""

    failures: int = 0
    resume_at_s: float = 0.0


@dataclass(slots=True)
class _Shard:
    shard_id: str
    parents: tuple[str, ...]
    start: Start
    attempts: _Attempts
    iterator: str | None = None
    opened_at: datetime | None = None
    last_sequence_number: str | None = None
    is_closed: bool = False
    is_caught_up: bool = False
    is_finished: bool = False

    @property
    def is_drained(self) -> bool:
        """Whether its children may be read.

        Kinesis ends a closed shard's iterators; some emulators never do, so a closed shard with
        nothing more in it counts too. Such a one goes on being read: they may still write to it.
        """
        return self.is_finished or (self.is_closed and self.is_caught_up)


class StreamReader:
    """Reads one stream from ``start`` on, all shards in turn.

    ``LATEST`` holds for the shards that exist at the first read; those that appear later are read
    from their beginning, as everything in them is new. Every record is handed out once, and again
    only if its writer wrote it twice. Not for use by several threads at once.
    """

    def __init__(  # noqa: PLR0913 - the time sources are named one by one, for tests to replace
        self,
        client: "KinesisClient",
        stream_name: str,
        *,
        start: Start = "TRIM_HORIZON",
        poll_interval_ms: int = 200,
        monotonic_s: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        backoff: Backoff | None = None,
    ) -> None:
        self._client = client
        self._stream_name = stream_name
        self._start: Start = start
        self._poll_interval_s = poll_interval_ms / 1000
        self._monotonic_s = monotonic_s
        self._sleep = sleep
        self._backoff = backoff or Backoff()
        self._shards: dict[str, _Shard] = {}
        self._discovery = _Attempts()
        self._discover_at_s = float("-inf")
        self._next_round_s = float("-inf")

    def __iter__(self) -> Iterator[StreamRecord]:
        """Hand out records for ever, waiting where there are none."""
        while True:
            yield from self.poll()

    def poll(self) -> list[StreamRecord]:
        """Read each shard once; the list is empty where there was nothing new.

        Sleeps first where the last round began less than ``poll_interval_ms`` ago. Raises
        `StreamError` if the stream is not there or gives no answer in a good number of tries.
        """
        self._wait_for_round()
        now_s = self._monotonic_s()
        if now_s >= max(self._discover_at_s, self._discovery.resume_at_s):
            self._discover()
        records: list[StreamRecord] = []
        for shard in list(self._shards.values()):
            if self._is_readable(shard, now_s):
                records += self._read(shard)
        return records

    def _wait_for_round(self) -> None:
        wait_s = self._next_round_s - self._monotonic_s()
        if wait_s > 0:
            self._sleep(wait_s)
        self._next_round_s = self._monotonic_s() + self._poll_interval_s

    def _is_readable(self, shard: _Shard, now_s: float) -> bool:
        if shard.is_finished or now_s < shard.attempts.resume_at_s:
            return False
        # A parent that is no longer listed has outlived the stream's retention.
        parents = [self._shards[shard_id] for shard_id in shard.parents if shard_id in self._shards]
        return all(parent.is_drained for parent in parents)

    def _discover(self) -> None:
        try:
            listed = self._list_shards()
        except AWS_ERRORS as error:
            self._failed(self._discovery, error)
            return
        self._discovery = _Attempts()
        self._discover_at_s = self._monotonic_s() + DISCOVERY_INTERVAL_S
        is_first = not self._shards
        for description in listed:
            shard = self._shards.get(description["ShardId"])
            if shard is None:
                shard = self._new_shard(description, is_first=is_first)
                self._shards[shard.shard_id] = shard
            shard.is_closed = "EndingSequenceNumber" in description["SequenceNumberRange"]

    def _list_shards(self) -> list["ShardTypeDef"]:
        shards: list[ShardTypeDef] = []
        request: ListShardsInputTypeDef = {"StreamName": self._stream_name}
        while True:
            page = self._client.list_shards(**request)
            shards += page["Shards"]
            if not page.get("NextToken"):
                return shards
            request = {"NextToken": page["NextToken"]}

    def _new_shard(self, description: "ShardTypeDef", *, is_first: bool) -> _Shard:
        start = self._start if is_first else "TRIM_HORIZON"
        parents = (description.get("ParentShardId"), description.get("AdjacentParentShardId"))
        return _Shard(
            shard_id=description["ShardId"],
            # From LATEST on nothing precedes anything: waiting for parents would lose what comes meanwhile.
            parents=() if start == "LATEST" else tuple(parent for parent in parents if parent),
            start=start,
            attempts=_Attempts(),
        )

    def _read(self, shard: _Shard) -> list[StreamRecord]:
        try:
            if shard.iterator is None:
                shard.iterator = self._open(shard)
            response = self._client.get_records(ShardIterator=shard.iterator, Limit=MAX_RECORDS_A_READ)
        except AWS_ERRORS as error:
            if error_code(error) == "ExpiredIteratorException":
                shard.iterator = None  # the next round takes a new one, after the last record that came
            else:
                self._failed(shard.attempts, error)
            return []
        shard.attempts = _Attempts()
        return self._take(shard, response)

    def _open(self, shard: _Shard) -> str:
        request: GetShardIteratorInputTypeDef = {
            "StreamName": self._stream_name,
            "ShardId": shard.shard_id,
            "ShardIteratorType": shard.start,
        }
        if shard.last_sequence_number is not None:
            request["ShardIteratorType"] = "AFTER_SEQUENCE_NUMBER"
            request["StartingSequenceNumber"] = shard.last_sequence_number
        elif shard.start == "LATEST" and shard.opened_at is not None:
            # LATEST once more would skip what came since the first time.
            request["ShardIteratorType"] = "AT_TIMESTAMP"
            request["Timestamp"] = shard.opened_at
        opened_at = datetime.now(UTC)
        iterator = self._client.get_shard_iterator(**request)["ShardIterator"]
        shard.opened_at = shard.opened_at or opened_at
        return iterator

    def _take(self, shard: _Shard, response: "GetRecordsOutputTypeDef") -> list[StreamRecord]:
        records = [
            StreamRecord(
                data=record["Data"],
                partition_key=record["PartitionKey"],
                shard_id=shard.shard_id,
                sequence_number=record["SequenceNumber"],
                arrival_ms=round(record["ApproximateArrivalTimestamp"].timestamp() * 1000),
            )
            for record in response["Records"]
        ]
        if records:
            shard.last_sequence_number = records[-1].sequence_number
        shard.is_caught_up = not records and response.get("MillisBehindLatest", 0) == 0
        shard.iterator = response.get("NextShardIterator")
        shard.is_finished = shard.iterator is None
        if shard.is_finished or response.get("ChildShards"):
            self._discover_at_s = float("-inf")
        return records

    def _failed(self, attempts: _Attempts, error: Exception) -> None:
        """Put the next try off, or raise where no further try can help."""
        if not is_transient(error):
            raise stream_error(error, self._stream_name) from error
        if attempts.failures == MAX_FAILURES_IN_A_ROW:
            msg = (
                f"stream {self._stream_name!r} gives no answer, {attempts.failures + 1} tries: {error}; "
                f"{CONNECTION_REMEDY}"
            )
            raise StreamError(msg) from error
        attempts.resume_at_s = self._monotonic_s() + self._backoff.wait_s(attempts.failures)
        attempts.failures += 1

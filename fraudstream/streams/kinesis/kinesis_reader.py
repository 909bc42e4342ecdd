"""Kinesis stream reader: reads every record of every shard, also while shards are split and merged.

Order is preserved within a shard, and from parent to child shards: a child is read only after its parents
have been read to their end, so the records of a partition key come in the order in which they were written.

A reader can resume where another one stopped: `StreamReader.positions` returns its positions, and the
parameter ``positions`` starts from them. Records that the stream no longer has by then are reported as gaps,
never skipped silently.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from fraudstream.runtime.aws_errors import AWS_ERRORS, CONNECTION_REMEDY, error_code, explained, is_transient
from fraudstream.runtime.backoff import Backoff
from fraudstream.runtime.clock import SYSTEM_CLOCK, Clock
from fraudstream.runtime.outages import Outage
from fraudstream.streams.kinesis.kinesis_errors import stream_error
from fraudstream.streams.kinesis.stream_records import stream_records
from fraudstream.streams.positions import Gap, Position
from fraudstream.streams.protocols import Start, StreamRecord
from fraudstream.streams.stream_errors import StreamError

if TYPE_CHECKING:
    from mypy_boto3_kinesis.client import KinesisClient
    from mypy_boto3_kinesis.type_defs import (
        GetRecordsOutputTypeDef,
        GetShardIteratorInputTypeDef,
        ListShardsInputTypeDef,
        ShardTypeDef,
    )

MAX_RECORDS_A_READ: Final = 10_000
"""Most records that one call returns (GetRecords API reference)."""
DISCOVERY_INTERVAL_S: Final = 5.0
"""Interval of shard discovery. The end of a shard triggers one at once; this finds all other new shards."""
FAILURE_DIVIDES_READ_BY: Final = 4
"""Each failure makes the next read smaller, so that a response that is too large for its deadline on a slow
connection becomes small enough. Each success doubles it: at full size at once, every second would fail."""
MAX_FAILURES_IN_A_ROW: Final = 10
"""With the default backoff, about 20 seconds without a response."""
LONGEST_WAIT_S: Final = 30.0
"""Longest wait between two attempts in an outage; the first ones are as short as always."""
MIN_RETENTION_MS: Final = 24 * 3_600_000
"""Shortest retention of a stream (CreateStream API reference)."""
LIST_OF_SHARDS: Final = "list of shards"
HOUR_MS: Final = 3_600_000
RETENTION_PASSED: Final = "its position is older than the stream's retention"
POSITION_UNKNOWN: Final = "the stream does not have its position: it expired, or the stream was recreated"
SHARD_GONE: Final = "the shard was deleted before it was read to its end"


def _no_gap_expected(_gap: Gap) -> None:
    """Ignore a gap: default for readers without positions, for which there are no gaps."""


@dataclass(slots=True)
class _Attempts:
    """State of the retries of one kind of call: consecutive failures, and the time of the next attempt."""

    failures: int = 0
    resume_at_s: float = 0.0


@dataclass(slots=True)
class _Shard:
    shard_id: str
    parents: tuple[str, ...]
    start: Start
    attempts: _Attempts
    limit: int = MAX_RECORDS_A_READ
    """Most records of the next read."""
    iterator: str | None = None
    opened_at: datetime | None = None
    last_sequence_number: str | None = None
    reached_ms: int | None = None
    is_resumed: bool = False
    is_closed: bool = False
    is_caught_up: bool = False
    is_finished: bool = False
    is_listed: bool = True

    @property
    def is_drained(self) -> bool:
        """Whether the shard's children may be read.

        Kinesis ends the iterators of a closed shard. Some emulators never do, so a closed shard without
        further records counts as drained, too. It is still polled, as those emulators may still write to it.
        """
        return self.is_finished or (self.is_closed and self.is_caught_up)


class StreamReader:
    """Reads one stream from ``start``, polling all shards in turn. Not thread-safe.

    ``LATEST`` applies to the shards that exist at the first read; shards that appear later are read from
    their beginning, as everything in them is new. Every record is returned once, unless its writer wrote it
    twice. Records that the Kinesis Producer Library aggregated are returned one by one.

    A shard in ``positions`` is read from its position instead of ``start``. ``on_gap`` is called for each
    position from which the stream can't be read any more because its retention has passed; reading then
    continues at the oldest record left.

    With an ``outage`` the reader survives failures of any length and reports them there: transient ones
    always, all others once a read has succeeded, as permissions and streams get repaired. Each shard is
    retried by itself, so one that fails does not hold up the others. ``gaps`` and ``expired_iterators`` count
    what happened since the start.
    """

    def __init__(  # noqa: PLR0913 - independent options
        self,
        client: "KinesisClient",
        stream_name: str,
        *,
        start: Start = "TRIM_HORIZON",
        positions: Mapping[str, Position] | None = None,
        on_gap: Callable[[Gap], None] = _no_gap_expected,
        poll_interval_ms: int = 200,
        clock: Clock = SYSTEM_CLOCK,
        backoff: Backoff | None = None,
        outage: Outage | None = None,
    ) -> None:
        self.gaps = 0
        self.expired_iterators = 0
        self._client = client
        self._stream_name = stream_name
        self._start: Start = start
        self._resumed_at = dict(positions or {})
        self._report_gap = on_gap
        self._poll_interval_s = poll_interval_ms / 1000
        self._clock = clock
        self._backoff = backoff or (Backoff(cap_s=LONGEST_WAIT_S) if outage else Backoff())
        self._outage = outage
        self._has_read = False
        self._shards: dict[str, _Shard] = {}
        self._discovery = _Attempts()
        self._discover_at_s = float("-inf")
        self._next_round_s = float("-inf")

    def __iter__(self) -> Iterator[StreamRecord]:
        """Yield records forever, waiting while there are none."""
        while True:
            yield from self.poll()

    def poll(self) -> list[StreamRecord]:
        """Read each shard once and return the records; the list is empty if there is nothing new.

        Sleeps first if the last round began less than ``poll_interval_ms`` ago. Raises `StreamError` if the
        stream does not exist or, without an ``outage``, does not respond after `MAX_FAILURES_IN_A_ROW`
        retries.
        """
        self._wait_for_round()
        now_s = self._clock.monotonic_s()
        if now_s >= max(self._discover_at_s, self._discovery.resume_at_s):
            self._discover()
        records: list[StreamRecord] = []
        for shard in list(self._shards.values()):
            if self._is_readable(shard, now_s):
                records += self._read(shard)
        return records

    def positions(self) -> dict[str, Position]:
        """Return the position in each shard, after all records that were returned so far.

        Shards that have not been read yet are left out. A shard that no longer exists is at its end.
        """
        gone = {shard_id: position for shard_id, position in self._resumed_at.items() if position.is_end}
        read = {
            shard.shard_id: Position(shard.last_sequence_number, shard.reached_ms, shard.is_finished)
            for shard in self._shards.values()
            if shard.reached_ms is not None
        }
        return gone | read

    def reached_ms(self) -> int | None:
        """Return the time (epoch milliseconds) before which every arrived record has been returned.

        None until every shard has been read once. Based on this machine's clock and on
        ``MillisBehindLatest``, the stream's information on how far a read was behind the newest record.
        """
        reached_ms = [shard.reached_ms for shard in self._shards.values() if not shard.is_finished]
        known_ms = [each for each in reached_ms if each is not None]
        # After the end of a shard, its children have not been discovered yet.
        is_known = known_ms and len(known_ms) == len(reached_ms) and self._discover_at_s > float("-inf")
        return min(known_ms) if is_known else None

    def _wait_for_round(self) -> None:
        wait_s = self._next_round_s - self._clock.monotonic_s()
        if wait_s > 0:
            self._clock.sleep(wait_s)
        self._next_round_s = self._clock.monotonic_s() + self._poll_interval_s

    def _is_readable(self, shard: _Shard, now_s: float) -> bool:
        if shard.is_finished or now_s < shard.attempts.resume_at_s:
            return False
        # A parent that is no longer listed is older than the stream's retention.
        parents = [self._shards[shard_id] for shard_id in shard.parents if shard_id in self._shards]
        return all(parent.is_drained for parent in parents)

    def _discover(self) -> None:
        is_first = not self._shards
        try:
            listed = self._list_shards()
            oldest_ms = self._oldest_ms() if is_first and self._resumed_at else 0
        except AWS_ERRORS as error:
            self._failed(self._discovery, error, LIST_OF_SHARDS)
            return
        self._worked(LIST_OF_SHARDS)
        self._discovery = _Attempts()
        self._discover_at_s = self._clock.monotonic_s() + DISCOVERY_INTERVAL_S
        for description in listed:
            shard = self._shards.get(description["ShardId"])
            if shard is None:
                shard = self._new_shard(description, is_first=is_first)
                self._shards[shard.shard_id] = shard
            shard.is_closed = "EndingSequenceNumber" in description["SequenceNumberRange"]
        listed_ids = {description["ShardId"] for description in listed}
        for shard in self._shards.values():
            shard.is_listed = shard.shard_id in listed_ids
        if is_first:
            self._resume(oldest_ms)

    def _resume(self, oldest_ms: int) -> None:
        """Set the shards to their given positions and report gaps."""
        for shard_id, position in list(self._resumed_at.items()):
            shard = self._shards.get(shard_id)
            if shard is None:
                self._gone(shard_id, position)
                continue
            shard.reached_ms = position.reached_ms
            shard.last_sequence_number = position.sequence_number
            shard.is_resumed = position.sequence_number is not None
            shard.is_finished = position.is_end
            if position.reached_ms < oldest_ms and not position.is_end:
                self._on_gap(Gap(shard_id, position.reached_ms, oldest_ms, RETENTION_PASSED))

    def _gone(self, shard_id: str, position: Position) -> None:
        if not position.is_end:
            self._on_gap(Gap(shard_id, position.reached_ms, None, SHARD_GONE))
            self._resumed_at[shard_id] = dataclasses.replace(position, is_end=True)

    def _oldest_ms(self) -> int:
        """Return the start of the stream's retention (epoch milliseconds)."""
        summary = self._client.describe_stream_summary(StreamName=self._stream_name)
        return self._clock.now_ms() - summary["StreamDescriptionSummary"]["RetentionPeriodHours"] * HOUR_MS

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
            # With LATEST there is no earlier record to wait for; waiting for parents would lose new records.
            parents=() if start == "LATEST" else tuple(parent for parent in parents if parent),
            start=start,
            attempts=_Attempts(),
        )

    def _read(self, shard: _Shard) -> list[StreamRecord]:
        asked_ms = self._clock.now_ms()
        try:
            if shard.iterator is None:
                shard.iterator = self._open(shard)
            response = self._client.get_records(ShardIterator=shard.iterator, Limit=shard.limit)
        except AWS_ERRORS as error:
            self._unreadable(shard, error)
            return []
        self._has_read = True
        self._worked(shard.shard_id)
        shard.attempts = _Attempts()
        shard.limit = min(MAX_RECORDS_A_READ, shard.limit * 2)
        return self._take(shard, response, asked_ms)

    def _unreadable(self, shard: _Shard, error: Exception) -> None:
        """Continue in the way that an error of a read asks for."""
        code = error_code(error)
        if code == "ExpiredIteratorException":
            self.expired_iterators += 1
            shard.iterator = None  # the next round opens a new one after the last record
        elif code == "InvalidArgumentException" and self._is_position_rejected(shard):
            self._start_over(shard)
        elif code == "ResourceNotFoundException" and not shard.is_listed:
            self._worked(shard.shard_id)
            self._on_gap(Gap(shard.shard_id, shard.reached_ms or 0, None, SHARD_GONE))
            shard.is_finished = True
        else:
            if not is_transient(error):
                # The stream may be another one of the same name by the next attempt.
                shard.iterator = None
                self._discover_at_s = float("-inf")
            shard.limit = max(1, shard.limit // FAILURE_DIVIDES_READ_BY)
            self._failed(shard.attempts, error, shard.shard_id)

    @staticmethod
    def _is_position_rejected(shard: _Shard) -> bool:
        """Whether the refused request named a position, which the stream then no longer has."""
        return shard.is_resumed or (shard.iterator is None and shard.last_sequence_number is not None)

    def _start_over(self, shard: _Shard) -> None:
        """Continue at the oldest record, because the stream rejects the position."""
        self._on_gap(Gap(shard.shard_id, shard.reached_ms or 0, self._clock.now_ms(), POSITION_UNKNOWN))
        shard.is_resumed = False
        shard.last_sequence_number = None
        shard.start = "TRIM_HORIZON"
        shard.iterator = None

    def _open(self, shard: _Shard) -> str:
        request: GetShardIteratorInputTypeDef = {
            "StreamName": self._stream_name,
            "ShardId": shard.shard_id,
            "ShardIteratorType": "AT_TIMESTAMP" if isinstance(shard.start, datetime) else shard.start,
        }
        if shard.last_sequence_number is not None:
            request["ShardIteratorType"] = "AFTER_SEQUENCE_NUMBER"
            request["StartingSequenceNumber"] = shard.last_sequence_number
        elif shard.start == "LATEST" and shard.opened_at is not None:
            # Opening LATEST again would skip the records that arrived since the first time.
            request["ShardIteratorType"] = "AT_TIMESTAMP"
            request["Timestamp"] = shard.opened_at
        elif isinstance(shard.start, datetime):
            request["Timestamp"] = shard.start
        self._check_retention(shard)
        opened_at = datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC)
        iterator = self._client.get_shard_iterator(**request)["ShardIterator"]
        shard.opened_at = shard.opened_at or opened_at
        return iterator

    def _check_retention(self, shard: _Shard) -> None:
        """Report a gap if a shard that was being read is opened again after more than the retention."""
        reached_ms = shard.reached_ms
        if shard.opened_at is None or reached_ms is None:
            return
        if self._clock.now_ms() - reached_ms > MIN_RETENTION_MS and reached_ms < (
            oldest_ms := self._oldest_ms()
        ):
            self._on_gap(Gap(shard.shard_id, reached_ms, oldest_ms, RETENTION_PASSED))
            shard.reached_ms = oldest_ms

    def _on_gap(self, gap: Gap) -> None:
        self.gaps += 1
        self._report_gap(gap)

    def _take(self, shard: _Shard, response: "GetRecordsOutputTypeDef", asked_ms: int) -> list[StreamRecord]:
        records = [part for each in response["Records"] for part in stream_records(each, shard.shard_id)]
        behind_ms = response.get("MillisBehindLatest", 0)
        if records:
            shard.last_sequence_number = records[-1].sequence_number
            shard.is_resumed = False
        shard.reached_ms = max(shard.reached_ms or 0, asked_ms - behind_ms)
        shard.is_caught_up = not records and behind_ms == 0
        shard.iterator = response.get("NextShardIterator")
        shard.is_finished = shard.iterator is None
        if shard.is_finished or response.get("ChildShards"):
            self._discover_at_s = float("-inf")
        return records

    def _worked(self, part: str) -> None:
        if self._outage is not None:
            self._outage.worked(part)

    def _failed(self, attempts: _Attempts, error: Exception, part: str) -> None:
        """Schedule the next attempt, or raise if no retry can help or there were too many."""
        if not (is_transient(error) or (self._outage is not None and self._has_read)):
            raise stream_error(error, self._stream_name) from error
        if self._outage is not None:
            self._outage.failed(part, f"{part}: {explained(error)}")
        elif attempts.failures == MAX_FAILURES_IN_A_ROW:
            msg = (
                f"stream {self._stream_name!r} does not respond after {attempts.failures + 1} attempts: "
                f"{error}; {CONNECTION_REMEDY}"
            )
            raise StreamError(msg) from error
        attempts.resume_at_s = self._clock.monotonic_s() + self._backoff.wait_s(attempts.failures)
        attempts.failures += 1

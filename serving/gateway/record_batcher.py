"""Coalescing of concurrent requests into PutRecords calls, with a bounded queue.

The records of a request stay together, in their order, in one call. A call waits for further requests until
it is full or its oldest request has lingered, longer by as much for each call in progress, and while all
parallel calls are in progress. A call costs about as much CPU time as 100 records: the busier the stream, the
fewer and larger the calls.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

from fraudstream.streams.kinesis.kinesis_writer import (
    MAX_RECORDS,
    MAX_REQUEST_BYTES,
    OnWritten,
    PlacedRecord,
)
from fraudstream.streams.protocols import FailedRecord, PutResult, Record
from fraudstream.streams.stream_errors import StreamError

QUEUE_TIMEOUT: Final = "QueueTimeout"
"""Error code of a record that waited too long for its turn and was not sent."""
MAKE_WRITER_PAUSE_S: Final = 1.0


class Written(NamedTuple):
    """The place of a record in its stream."""

    shard_id: str
    sequence_number: str


class NotWritten(NamedTuple):
    """A record that the stream did not confirm; ``is_in_doubt``: it may be in the stream all the same."""

    error_code: str
    is_in_doubt: bool


PutOutcome = Written | NotWritten


class QueueFullError(Exception):
    """The queue has no room for the records of a request: nothing was sent."""


class PlacingWriter(Protocol):
    """Writes records and tells the place of each one, like `StreamWriter`."""

    def put(self, records: Sequence[Record], on_written: OnWritten) -> PutResult:
        """See `StreamWriter.put`."""


class BatcherEvents(Protocol):
    """Receives what a batcher does, for metrics; called in the event loop."""

    def queued(self, records: int) -> None:
        """Take the number of records that wait or are being written."""

    def put_done(self, seconds: float, result: PutResult | None) -> None:
        """Take the duration of a put with its retries; ``result`` is None if it raised."""

    def failed(self, error: Exception) -> None:
        """Take the error that a put raised: no retry helps, and an operator must."""


@dataclass(slots=True)
class _Group:
    """The records of one request."""

    records: Sequence[Record]
    size_bytes: int
    future: "asyncio.Future[list[PutOutcome]]"
    since_s: float
    outcomes: list[PutOutcome | None] = field(default_factory=list)
    left: int = 0


class _Put:
    """One put in progress: passes each record's outcome from the writer's thread to the event loop."""

    def __init__(self, groups: list[_Group], loop: asyncio.AbstractEventLoop) -> None:
        self.records = [record for group in groups for record in group.records]
        self._owners = [(group, place) for group in groups for place in range(len(group.records))]
        self._loop = loop
        self._settled: deque[tuple[int, PutOutcome]] = deque()
        self._is_announced = False

    def written(self, record: PlacedRecord) -> None:
        """Note a written record; called in the writer's thread. One wake-up serves all until it runs."""
        self._settled.append((record.position, Written(record.shard_id, record.sequence_number)))
        if not self._is_announced:
            self._is_announced = True
            self._loop.call_soon_threadsafe(self.deliver)

    def deliver(self) -> None:
        """Complete the requests of which every record is settled; runs in the event loop."""
        self._is_announced = False
        while self._settled:
            position, outcome = self._settled.popleft()
            self._settle(position, outcome)

    def fail(self, failures: Sequence[FailedRecord], *, is_in_doubt: bool) -> None:
        """Settle the records that were given up; runs in the event loop."""
        for failure in failures:
            self._settle(failure.position, NotWritten(failure.error_code, is_in_doubt))

    def fail_rest(self, outcome: NotWritten) -> None:
        """Settle every record that has no outcome yet; runs in the event loop."""
        for position, (group, place) in enumerate(self._owners):
            if group.outcomes[place] is None:
                self._settle(position, outcome)

    def _settle(self, position: int, outcome: PutOutcome) -> None:
        group, place = self._owners[position]
        group.outcomes[place] = outcome
        group.left -= 1
        if group.left == 0 and not group.future.done():
            group.future.set_result([each for each in group.outcomes if each is not None])


class RecordBatcher:
    """Puts the records of concurrent requests of one event loop onto one stream.

    ``make_writer`` is called in a thread, before the first put, and again as long as it raises `StreamError`;
    its error stands for `MAKE_WRITER_PAUSE_S`, as an attempt costs as much CPU time as dozens of requests.
    At most ``max_queued`` records are accepted and unsettled at a time. A request that waited ``max_wait_s``
    for its turn is not sent any more: its client has given up, too.
    """

    def __init__(  # noqa: PLR0913 - independent options
        self,
        make_writer: Callable[[], PlacingWriter],
        events: BatcherEvents,
        *,
        linger_s: float,
        max_queued: int,
        parallel_puts: int,
        max_wait_s: float,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._make_writer = make_writer
        self._writer: PlacingWriter | None = None
        self._no_writer: tuple[float, StreamError] | None = None
        self._events = events
        self._linger_s = linger_s
        self._max_queued = max_queued
        self._parallel_puts = parallel_puts
        self._free_puts = parallel_puts
        self._max_wait_s = max_wait_s
        self._monotonic_s = monotonic_s
        self._threads = ThreadPoolExecutor(parallel_puts, thread_name_prefix="put-records")
        self._waiting: deque[_Group] = deque()
        self._waiting_records = 0
        self._unsettled = 0
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def send(self, records: Sequence[Record]) -> list[PutOutcome]:
        """Return the outcome of each record, once all have one.

        Raises `QueueFullError`; then no record was sent. ``records`` fit into one PutRecords.
        """
        if self._unsettled + len(records) > self._max_queued:
            raise QueueFullError
        loop = asyncio.get_running_loop()
        group = _Group(
            records, sum(each.size_bytes for each in records), loop.create_future(), self._monotonic_s()
        )
        group.outcomes, group.left = [None] * len(records), len(records)
        self._count(len(records))
        group.future.add_done_callback(lambda _future: self._count(-len(records)))
        self._waiting.append(group)
        self._waiting_records += len(records)
        if self._waiting_records >= MAX_RECORDS:
            self._flush()
        elif self._timer is None:
            self._schedule()
        # A request that is cancelled has been accepted all the same: its records are written.
        return await asyncio.shield(group.future)

    async def drain(self) -> None:
        """Write what is queued, and wait for all calls in progress."""
        self._flush()
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def close(self) -> None:
        """Drain, and end the threads."""
        await self.drain()
        self._threads.shutdown(wait=False)

    def _count(self, change: int) -> None:
        self._unsettled += change
        self._events.queued(self._unsettled)

    def _schedule(self) -> None:
        """Send what waits once its oldest request has lingered; without a free call, the next end does."""
        self._cancel_timer()
        if self._waiting and self._free_puts:
            linger_s = self._linger_s * (1 + self._parallel_puts - self._free_puts)
            left_s = self._waiting[0].since_s + linger_s - self._monotonic_s()
            self._timer = asyncio.get_running_loop().call_later(max(0.0, left_s), self._flush)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _flush(self) -> None:
        self._cancel_timer()
        while self._waiting and self._free_puts:
            groups = self._next_groups()
            if groups:
                self._free_puts -= 1
                task = asyncio.get_running_loop().create_task(self._put(groups))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    def _next_groups(self) -> list[_Group]:
        """Take the requests of the next call; those that waited too long are settled instead."""
        groups: list[_Group] = []
        records = size_bytes = 0
        oldest_s = self._monotonic_s() - self._max_wait_s
        while self._waiting:
            group = self._waiting[0]
            records += len(group.records)
            size_bytes += group.size_bytes
            if groups and (records > MAX_RECORDS or size_bytes > MAX_REQUEST_BYTES):
                break
            self._waiting.popleft()
            self._waiting_records -= len(group.records)
            if group.since_s < oldest_s:
                records -= len(group.records)
                size_bytes -= group.size_bytes
                group.future.set_result([NotWritten(QUEUE_TIMEOUT, is_in_doubt=False)] * len(group.records))
            else:
                groups.append(group)
        return groups

    async def _put(self, groups: list[_Group]) -> None:
        loop = asyncio.get_running_loop()
        put = _Put(groups, loop)
        began_s = self._monotonic_s()
        result: PutResult | None = None
        try:
            result = await loop.run_in_executor(self._threads, self._write, put)
            put.deliver()
            put.fail(result.failures, is_in_doubt=result.unanswered > 0)
        except StreamError as error:
            put.deliver()
            self._events.failed(error)
            put.fail_rest(NotWritten(type(error).__name__, error.may_be_written))
        except Exception as error:  # noqa: BLE001 - each request must be answered, whatever happened
            put.deliver()
            self._events.failed(error)
            put.fail_rest(NotWritten(type(error).__name__, is_in_doubt=True))
        finally:
            self._free_puts += 1
            self._events.put_done(self._monotonic_s() - began_s, result)
            self._schedule()

    def _write(self, put: _Put) -> PutResult:
        # Threads that race here make a writer too many, which does no harm.
        writer = self._writer or self._made_writer()
        return writer.put(put.records, put.written)

    def _made_writer(self) -> PlacingWriter:
        now_s = self._monotonic_s()
        if self._no_writer is not None and now_s < self._no_writer[0]:
            raise self._no_writer[1]
        try:
            self._writer = self._make_writer()
        except StreamError as error:
            self._no_writer = (now_s + MAKE_WRITER_PAUSE_S, error)
            raise
        return self._writer

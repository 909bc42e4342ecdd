"""The stream: paced flows of events, and the clients that follow them.

A flow makes events at one pace into a ring; clients at that pace each hold a place in the ring and
nothing else, so a client costs a few hundred bytes and one that is slow holds nobody up. A client
whose next event has left the ring is too far behind and is dropped.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from secrets import token_hex
from typing import Final, Protocol

import orjson

from fraudstream.domain.transaction import Transaction
from fraudstream.runtime.clock import AsyncClock
from producer.api.ring import Event, Ring

LONGEST_SLEEP_S: Final = 0.25
"""So long a changed pace or a start may go unnoticed."""
CHUNK_BYTES: Final = 65_536
"""Of a backlog, so much is written at a time; it is the memory a resuming client takes for a moment."""
RETRY_MS: Final = 3_000
"""After a lost connection an EventSource waits this long."""
_EVENT_ID: Final = re.compile(r"([0-9a-f]{16})\.(\d{1,18})")


@dataclass(frozen=True, slots=True)
class Pace:
    """An event each ``frequency_s`` seconds, of ``batch_size`` transactions."""

    frequency_s: float
    batch_size: int


class Source(Protocol):
    """Where a flow gets its transactions."""

    async def take(self, count: int) -> list[Transaction]:
        """Return the next ``count`` transactions."""


@dataclass(frozen=True, slots=True)
class Ending:
    """The last event of a client, and why."""

    event: str
    reason: str


class Client:
    """A place in a flow's ring; `take` and `wait` are for the one task that writes to the client.

    ``place`` gives the number of the first event and what is to be said before it. It is asked when
    the client first takes, so that what it is given then can't have left the ring in the meantime.
    """

    def __init__(self, ring: Ring, place: Callable[[], tuple[int, bytes]]) -> None:
        self.ending: Ending | None = None
        self._next_number: int | None = None
        self._ring = ring
        self._place = place
        self._news = asyncio.Event()

    @property
    def is_too_far_behind(self) -> bool:
        """Whether the event it needs next is no longer kept."""
        return self._next_number is not None and self._next_number < self._ring.oldest_number

    def take(self) -> bytes:
        """Return what is to be written now, at most about `CHUNK_BYTES`; nothing if there is no news."""
        self._news.clear()
        opening = b""
        if self._next_number is None:
            self._next_number, opening = self._place()
        events = self._ring.read(self._next_number, CHUNK_BYTES)
        self._next_number += len(events)
        return opening + b"".join(event.data for event in events)

    async def wait(self, timeout_s: float) -> bool:
        """Wait for news; False if there was none in that time."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._news.wait()
        except TimeoutError:
            return False
        return True

    def wake(self) -> None:
        """Tell the writing task that there is news."""
        self._news.set()

    def end(self, event: str, reason: str) -> None:
        """Let the client's next event be its last one; the first reason given counts."""
        self.ending = self.ending or Ending(event, reason)
        self.wake()


class Flow:
    """One pace's events; ``pace`` is asked before each, so that it may change; ``on_event`` counts them."""

    def __init__(
        self,
        pace: Callable[[], Pace],
        source: Source,
        ring: Ring,
        clock: AsyncClock,
        on_event: Callable[[], None],
    ) -> None:
        self.token = token_hex(8)
        """Begins the ids of this flow's events; another flow's, or an earlier process's, begin otherwise."""
        self.clients: set[Client] = set()
        self.ring = ring
        self._pace = pace
        self._source = source
        self._on_event = on_event
        self._clock = clock
        self._empty_since_s = clock.monotonic_s()

    def join(self, last_event_id: str | None) -> Client:
        """Return a new client: from what comes next on, or from the event after ``last_event_id``.

        If that one can't be followed any more, the client is told so by an event ``gap`` and goes on
        from the oldest event kept.
        """
        upcoming = self.ring.next_number
        client = Client(self.ring, lambda: self._place(last_event_id, upcoming))
        self.clients.add(client)
        return client

    def leave(self, client: Client) -> None:
        """Forget a client."""
        self.clients.discard(client)
        self._empty_since_s = self._clock.monotonic_s()

    def idle_s(self) -> float:
        """Return for how many seconds there has been no client."""
        return 0.0 if self.clients else self._clock.monotonic_s() - self._empty_since_s

    async def run(self, keep: Callable[[], bool], is_streaming: Callable[[], bool]) -> None:
        """Make events while ``keep`` says so; while ``is_streaming`` says no, none are made.

        The pace is open-loop: what is late is made up for, but never more than one event's time.
        """
        last_s: float | None = None
        while keep():
            frequency_s = self._pace().frequency_s
            now_s = self._clock.monotonic_s()
            left_s = 0.0 if last_s is None else last_s + frequency_s - now_s
            if not is_streaming():
                last_s = None
                await self._clock.sleep(LONGEST_SLEEP_S)
            elif left_s > 0:
                await self._clock.sleep(min(left_s, LONGEST_SLEEP_S))
            else:
                last_s = now_s if last_s is None else max(last_s + frequency_s, now_s - frequency_s)
                await self._emit()

    async def _emit(self) -> None:
        transactions = await self._source.take(self._pace().batch_size)
        self._on_event()
        number = self.ring.next_number
        self.ring.append(Event(number, _encode(f"{self.token}.{number}", transactions)))
        for client in tuple(self.clients):
            if client.is_too_far_behind:
                client.end("dropped", "too_far_behind")
            client.wake()

    def _place(self, last_event_id: str | None, upcoming: int) -> tuple[int, bytes]:
        """Return the number to go on with, and what to say first: that something is missing, if it is."""
        opening = b"retry: %d\n\n" % RETRY_MS
        if last_event_id is None:
            return max(upcoming, self.ring.oldest_number), opening
        match = _EVENT_ID.fullmatch(last_event_id)
        if match is not None and match[1] == self.token:
            number = int(match[2]) + 1
            if self.ring.oldest_number <= number <= self.ring.next_number:
                return number, opening
            reason = "the events after this id are no longer kept"
        else:
            reason = "this id is none of this stream at this pace since the server was started"
        oldest = self.ring.oldest_number
        gap = {"reason": reason, "last_event_id": last_event_id, "continues_with": f"{self.token}.{oldest}"}
        return oldest, opening + named_event("gap", gap)


def named_event(name: str, data: object) -> bytes:
    """Return an event without an id, so that a client's last id stays that of a transaction."""
    return b"event: %b\ndata: %b\n\n" % (name.encode(), orjson.dumps(data))


def transactions_json(transactions: Sequence[Transaction]) -> bytes:
    """Return ``{"count": ..., "transactions": [...]}``."""
    items = b",".join(transaction.to_json() for transaction in transactions)
    return b'{"count":%d,"transactions":[%b]}' % (len(transactions), items)


def _encode(event_id: str, transactions: Sequence[Transaction]) -> bytes:
    return b"id: %b\ndata: %b\n\n" % (event_id.encode(), transactions_json(transactions))

"""Paced flows of events, and the clients that follow them.

A flow makes events at one pace and keeps the newest in a ring. A client at that pace only has a position in
the ring, so it costs a few hundred bytes, and a slow client delays nobody. A client whose next event has left
the ring is too far behind and is dropped.
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
from producer.api.record_format import ToJson, transactions_json
from producer.api.ring import Event, Ring

MAX_SLEEP_S: Final = 0.25
"""Longest time until a changed pace or a start is noticed."""
CHUNK_BYTES: Final = 65_536
"""Bytes of a backlog that are written at a time: the memory that a resuming client takes for a moment."""
RETRY_MS: Final = 3_000
"""Wait of an EventSource after a lost connection."""
_EVENT_ID: Final = re.compile(r"([0-9a-f]{16})\.(\d{1,18})")


@dataclass(frozen=True, slots=True)
class Pace:
    """Pace of a flow: one event every ``frequency_s`` seconds, of ``batch_size`` transactions."""

    frequency_s: float
    batch_size: int


class Source(Protocol):
    """Supplies flows with transactions."""

    async def take(self, count: int) -> list[Transaction]:
        """Return the next ``count`` transactions."""


@dataclass(frozen=True, slots=True)
class Ending:
    """Last event of a client, and its reason."""

    event: str
    reason: str


class Client:
    """Position of a client in a flow's ring; `take` and `wait` are for the one task that writes to it.

    ``place`` returns the number of the first event and the bytes to send before it. It is called when the
    client first takes, so that this event can't have left the ring in the meantime.
    """

    def __init__(self, ring: Ring, place: Callable[[], tuple[int, bytes]]) -> None:
        self.ending: Ending | None = None
        self._next_number: int | None = None
        self._ring = ring
        self._place = place
        self._news = asyncio.Event()

    @property
    def is_too_far_behind(self) -> bool:
        """Whether the client's next event is no longer kept."""
        return self._next_number is not None and self._next_number < self._ring.oldest_number

    def take(self) -> bytes:
        """Return the bytes to write now, at most about `CHUNK_BYTES`; empty if there is nothing new."""
        self._news.clear()
        opening = b""
        if self._next_number is None:
            self._next_number, opening = self._place()
        events = self._ring.read(self._next_number, CHUNK_BYTES)
        self._next_number += len(events)
        return opening + b"".join(event.data for event in events)

    async def wait(self, timeout_s: float) -> bool:
        """Wait for something new; returns False if nothing came within ``timeout_s``."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._news.wait()
        except TimeoutError:
            return False
        return True

    def wake(self) -> None:
        """Tell the writing task that there is something new."""
        self._news.set()

    def end(self, event: str, reason: str) -> None:
        """Make the client's next event its last one; only the first reason given counts."""
        self.ending = self.ending or Ending(event, reason)
        self.wake()


class Flow:
    """Events of one pace. ``pace`` is read before each, so it may change; ``on_event`` counts them."""

    def __init__(  # noqa: PLR0913 - the parts of a flow
        self,
        pace: Callable[[], Pace],
        source: Source,
        ring: Ring,
        clock: AsyncClock,
        on_event: Callable[[], None],
        *,
        to_json: ToJson = Transaction.to_json,
    ) -> None:
        self.token = token_hex(8)
        """Prefix of this flow's event ids; other flows and earlier processes have other prefixes."""
        self.clients: set[Client] = set()
        self.ring = ring
        self._pace = pace
        self._source = source
        self._on_event = on_event
        self._to_json = to_json
        self._clock = clock
        self._empty_since_s = clock.monotonic_s()

    def join(self, last_event_id: str | None) -> Client:
        """Return a new client, which starts with the next event, or with the event after ``last_event_id``.

        If the stream can't be resumed there, the client gets a ``gap`` event and continues with the oldest
        event kept.
        """
        upcoming = self.ring.next_number
        client = Client(self.ring, lambda: self._place(last_event_id, upcoming))
        self.clients.add(client)
        return client

    def leave(self, client: Client) -> None:
        """Remove a client."""
        self.clients.discard(client)
        self._empty_since_s = self._clock.monotonic_s()

    def idle_s(self) -> float:
        """Return for how many seconds there has been no client; 0 if there is one."""
        return 0.0 if self.clients else self._clock.monotonic_s() - self._empty_since_s

    async def run(self, keep: Callable[[], bool], is_streaming: Callable[[], bool]) -> None:
        """Make events while ``keep`` returns True, but none while ``is_streaming`` returns False.

        The pace is open-loop: a delay is made up for, but never by more than one event's interval.
        """
        last_s: float | None = None
        while keep():
            frequency_s = self._pace().frequency_s
            now_s = self._clock.monotonic_s()
            left_s = 0.0 if last_s is None else last_s + frequency_s - now_s
            if not is_streaming():
                last_s = None
                await self._clock.sleep(MAX_SLEEP_S)
            elif left_s > 0:
                await self._clock.sleep(min(left_s, MAX_SLEEP_S))
            else:
                last_s = now_s if last_s is None else max(last_s + frequency_s, now_s - frequency_s)
                await self._emit()

    async def _emit(self) -> None:
        transactions = await self._source.take(self._pace().batch_size)
        self._on_event()
        number = self.ring.next_number
        self.ring.append(Event(number, _encode(f"{self.token}.{number}", transactions, self._to_json)))
        for client in tuple(self.clients):
            if client.is_too_far_behind:
                client.end("dropped", "too_far_behind")
            client.wake()

    def _place(self, last_event_id: str | None, upcoming: int) -> tuple[int, bytes]:
        """Return the number to continue with, and the bytes to send first: a ``gap`` if any are missing."""
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
            reason = "unknown event id: another pace, or the server has restarted"
        oldest = self.ring.oldest_number
        gap = {"reason": reason, "last_event_id": last_event_id, "continues_with": f"{self.token}.{oldest}"}
        return oldest, opening + named_event("gap", gap)


def named_event(name: str, data: object) -> bytes:
    """Return an event without an id, so that a client's last id stays that of an event with transactions."""
    return b"event: %b\ndata: %b\n\n" % (name.encode(), orjson.dumps(data))


def _encode(event_id: str, transactions: Sequence[Transaction], to_json: ToJson) -> bytes:
    return b"id: %b\ndata: %b\n\n" % (event_id.encode(), transactions_json(transactions, to_json))

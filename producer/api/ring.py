"""Ring buffer of a flow's recent events, in bounded memory."""

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """Encoded event; the numbers in a ring rise by one."""

    number: int
    data: bytes


class Ring:
    """The newest events: at most ``max_events``, and at most ``max_bytes`` of data unless one has more."""

    def __init__(self, max_events: int, max_bytes: int) -> None:
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._events: deque[Event] = deque()
        self._bytes = 0

    @property
    def size_bytes(self) -> int:
        """Bytes of data held."""
        return self._bytes

    @property
    def next_number(self) -> int:
        """Number of the next event; the first of all has 1."""
        return self._events[-1].number + 1 if self._events else 1

    @property
    def oldest_number(self) -> int:
        """Number of the oldest event kept, or of the next one if the ring is empty."""
        return self._events[0].number if self._events else 1

    def append(self, event: Event) -> None:
        """Append an event, whose number is `next_number`; evicts the oldest events to make room."""
        self._events.append(event)
        self._bytes += len(event.data)
        while len(self._events) > self._max_events or (
            self._bytes > self._max_bytes and len(self._events) > 1
        ):
            self._bytes -= len(self._events.popleft().data)

    def read(self, number: int, max_bytes: int) -> list[Event]:
        """Return the events from ``number`` on that fit ``max_bytes``, but at least one if there is one.

        ``number`` must not be before `oldest_number`.
        """
        found: list[Event] = []
        size_bytes = 0
        for position in range(number - self.oldest_number, len(self._events)):
            size_bytes += len(self._events[position].data)
            if found and size_bytes > max_bytes:
                break
            found.append(self._events[position])
        return found

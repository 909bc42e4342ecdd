"""The recent events of a pace, in bounded memory."""

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """An event as it goes over the wire; numbers of a ring rise by one."""

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
        """The data that is held."""
        return self._bytes

    @property
    def next_number(self) -> int:
        """The number of the event that comes next; the first of all has 1."""
        return self._events[-1].number + 1 if self._events else 1

    @property
    def oldest_number(self) -> int:
        """The number of the oldest event kept, or of the next one while there is none."""
        return self._events[0].number if self._events else 1

    def append(self, event: Event) -> None:
        """Keep an event, which has `next_number`; the oldest make room for it."""
        self._events.append(event)
        self._bytes += len(event.data)
        while len(self._events) > self._max_events or (
            self._bytes > self._max_bytes and len(self._events) > 1
        ):
            self._bytes -= len(self._events.popleft().data)

    def read(self, number: int, max_bytes: int) -> list[Event]:
        """Return the events from ``number`` on, as many as fit ``max_bytes`` but at least one if there is.

        ``number`` is not before `oldest_number`.
        """
        found: list[Event] = []
        size_bytes = 0
        for position in range(number - self.oldest_number, len(self._events)):
            size_bytes += len(self._events[position].data)
            if found and size_bytes > max_bytes:
                break
            found.append(self._events[position])
        return found

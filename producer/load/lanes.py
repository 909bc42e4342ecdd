"""The bounded queues between the one that makes records and those that send them."""

import threading
import zlib
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from fraudstream.streams.protocols import Record


class Due(NamedTuple):
    """A record and when it is due, in seconds from the start of the run."""

    due_s: float
    record: Record


class Lane:
    """The records that wait for one sender, in order; at most ``capacity`` and one hand-over more."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._waiting: deque[Due] = deque()
        self._is_closed = False
        self._changed = threading.Condition()

    def __len__(self) -> int:
        """Return how many records wait."""
        return len(self._waiting)

    def put(self, records: Sequence[Due]) -> bool:
        """Append all of them, when there is room; False, and none is in, if the lane is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or len(self._waiting) < self._capacity)
            if self._is_closed:
                return False
            self._waiting.extend(records)
            self._changed.notify_all()
            return True

    def take(self, most: int) -> list[Due]:
        """Return up to ``most`` records, when there are any; none if the lane is closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or bool(self._waiting))
            taken = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
            self._changed.notify_all()
            return taken

    def close(self) -> None:
        """Take no more records; those that wait can still be taken out."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()


def lane_number(partition_key: str, lanes: int) -> int:
    """Return the lane of a key, the same in every run: a key's records keep their order in one lane."""
    return zlib.crc32(partition_key.encode()) % lanes

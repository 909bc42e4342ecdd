"""Lanes: bounded queues between the maker of the records and the senders."""

import threading
import zlib
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from fraudstream.streams.protocols import Record


class Due(NamedTuple):
    """A record and its due time, in seconds from the start of the run."""

    due_s: float
    record: Record


class Lane:
    """Records that wait for one sender, in order; at most ``capacity`` plus one hand-over."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._waiting: deque[Due] = deque()
        self._is_closed = False
        self._changed = threading.Condition()

    def __len__(self) -> int:
        """Return the number of waiting records."""
        return len(self._waiting)

    def put(self, records: Sequence[Due]) -> bool:
        """Append all records once there is room; returns False, and appends none, if the lane is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or len(self._waiting) < self._capacity)
            if self._is_closed:
                return False
            self._waiting.extend(records)
            self._changed.notify_all()
            return True

    def take(self, most: int) -> list[Due]:
        """Return up to ``most`` records once there are any; none if the lane is closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or bool(self._waiting))
            taken = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
            self._changed.notify_all()
            return taken

    def close(self) -> None:
        """Accept no more records; those that wait can still be taken."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()


def lane_number(partition_key: str, lanes: int) -> int:
    """Return the lane of a partition key, the same in every run: a key's records keep their order."""
    return zlib.crc32(partition_key.encode()) % lanes

"""Limit on repeated log lines, so that strangers can't fill a disk with the log of their requests."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

WINDOW_S: Final = 60.0
LEFT_OUT: Final = "left_out"
"""Field with the number of lines of the same kind that were left out before this one."""


@dataclass(slots=True)
class _Window:
    begun_s: float
    lines: int = 0
    left_out: int = 0


class RepeatLimit:
    """Lets through a number of lines per kind and minute, and counts the others.

    Kinds must be few: each keeps a count forever.
    """

    def __init__(self, per_minute: int, now_s: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._now_s = now_s
        self._windows: dict[str, _Window] = {}

    def left_out(self, kind: str) -> int | None:
        """Return None if the next line of ``kind`` is to be left out, else how many were before it."""
        now_s = self._now_s()
        window = self._windows.setdefault(kind, _Window(now_s))
        if now_s - window.begun_s >= WINDOW_S:
            window.begun_s, window.lines = now_s, 0
        if window.lines >= self._per_minute:
            window.left_out += 1
            return None
        window.lines += 1
        left_out, window.left_out = window.left_out, 0
        return left_out


class RepeatFilter(logging.Filter):
    """Applies a `RepeatLimit` to the messages of a logger; a kind is a message without its arguments."""

    def __init__(self, limit: RepeatLimit) -> None:
        super().__init__()
        self._limit = limit

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record is logged; adds the number that was left out before it."""
        left_out = self._limit.left_out(str(record.msg))
        if left_out:
            setattr(record, LEFT_OUT, left_out)
        return left_out is not None

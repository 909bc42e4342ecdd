"""The time sources of a program in one object, so that a test can bring its own."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final


def wall_clock_ms() -> int:
    """Return the time of day in epoch milliseconds; it may be set back."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSources:
    """Wall clock (epoch milliseconds) and monotonic seconds, of which only differences mean anything."""

    now_ms: Callable[[], int] = wall_clock_ms
    monotonic_s: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock(TimeSources):
    """The clock of a thread: ``sleep`` blocks it for so many seconds."""

    sleep: Callable[[float], object] = time.sleep


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncClock(TimeSources):
    """The clock of an event loop: ``sleep`` lets its other tasks go on."""

    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


SYSTEM_CLOCK: Final = Clock()
"""This machine's clock."""

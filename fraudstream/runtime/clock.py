"""Clocks: the time sources of a program in one object that tests can replace."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final


def wall_clock_ms() -> int:
    """Return the wall clock time in epoch milliseconds; it can jump backwards if the clock is set."""
    return time.time_ns() // 1_000_000


def monotonic_ms() -> int:
    """Return a time in milliseconds of which only differences are meaningful; it never jumps."""
    return time.monotonic_ns() // 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSources:
    """Wall clock (epoch milliseconds) and monotonic clock (seconds; only differences are meaningful)."""

    now_ms: Callable[[], int] = wall_clock_ms
    monotonic_s: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock(TimeSources):
    """The clock of a thread: ``sleep`` blocks the thread for a number of seconds."""

    sleep: Callable[[float], object] = time.sleep


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncClock(TimeSources):
    """The clock of an event loop: ``sleep`` suspends the current task only."""

    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


SYSTEM_CLOCK: Final = Clock()
"""The clock of this machine."""

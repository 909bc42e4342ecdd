"""The time sources of the API in one object, so that a test can bring its own."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from producer.transaction_sender import wall_clock_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiClock:
    """Wall clock (epoch milliseconds), monotonic seconds, and a sleep that lets other clients go on."""

    now_ms: Callable[[], int] = wall_clock_ms
    monotonic_s: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

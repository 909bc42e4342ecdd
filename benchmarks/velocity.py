"""Velocity features of the rivals: count and sum over an account's last 5 minutes and last hour.

Pure Python with the standard library only, because it runs in PyFlink's workers and in the rival engine's
environment.
"""

from datetime import datetime
from typing import Final

SHORT_MS: Final = 5 * 60_000
LONG_MS: Final = 60 * 60_000

Event = tuple[int, float]
"""Event time in epoch milliseconds, and amount."""
Features = tuple[float, float, float, float]
"""Count and sum of the short window, then of the long one."""

FEATURE_NAMES: Final = ("count_5m", "amount_sum_5m", "count_1h", "amount_sum_1h")


def advance(events: list[Event], time_ms: int, amount: float) -> tuple[list[Event], Features]:
    """Add an event to an account's events; return the remaining events and the features of the new one.

    ``events`` are those of the long window in time order; the new event must be the latest. A window is
    (t - length, t]: it excludes its start and includes the transaction itself.

        |<------------- 1 h ------------->|
        (  x     x            (  x  x     t]
                              |<-- 5 m -->|
    """
    kept = [event for event in events if event[0] > time_ms - LONG_MS]
    kept.append((time_ms, amount))
    recent = [amount for at_ms, amount in kept if at_ms > time_ms - SHORT_MS]
    return kept, (len(recent), sum(recent), len(kept), sum(amount for _, amount in kept))


def epoch_ms(text: str) -> int:
    """Convert an RFC 3339 time to epoch milliseconds."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)

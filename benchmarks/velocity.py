"""The four features that every rival computes: count and sum of an account's last 5 minutes and hour.

Pure Python, standard library only: it runs in PyFlink's workers and in the rival engine's environment.
"""

from datetime import datetime
from typing import Final

SHORT_MS: Final = 5 * 60_000
LONG_MS: Final = 60 * 60_000

Event = tuple[int, float]
"""Event time in milliseconds, amount."""
Features = tuple[float, float, float, float]
"""Count and sum of the short window, count and sum of the long one."""

FEATURE_NAMES: Final = ("count_5m", "amount_sum_5m", "count_1h", "amount_sum_1h")


def advance(events: list[Event], time_ms: int, amount: float) -> tuple[list[Event], Features]:
    """Return the account's events with one more, and the features as of it.

    ``events`` are those of the long window in the order of their time; the new one is the latest. A
    window is (t - length, t]: open at its far edge, the transaction itself included.

        |<------------- 1 h ------------->|
        (  x     x            (  x  x     t]
                              |<-- 5 m -->|
    """
    kept = [event for event in events if event[0] > time_ms - LONG_MS]
    kept.append((time_ms, amount))
    recent = [amount for at_ms, amount in kept if at_ms > time_ms - SHORT_MS]
    return kept, (len(recent), sum(recent), len(kept), sum(amount for _, amount in kept))


def epoch_ms(text: str) -> int:
    """Return the epoch milliseconds of an RFC 3339 time."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)

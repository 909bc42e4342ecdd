"""Rate limits: an in-memory moving window for each API key, JWT subject or address."""

import math
import time

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter


class RateLimiter:
    """Counts requests against ``rate``, like ``6000/minute``, within this process only."""

    def __init__(self, rate: str) -> None:
        self._rate = parse(rate)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def retry_after_s(self, who: str) -> int | None:
        """Count a request of ``who``; return None if it is allowed, else the seconds until a retry."""
        if self._limiter.hit(self._rate, who):
            return None
        reset_s = self._limiter.get_window_stats(self._rate, who).reset_time
        return max(1, math.ceil(reset_s - time.time()))

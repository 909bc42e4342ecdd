"""How often somebody may ask: a moving window for each key, JWT subject or address, in memory."""

import math
import time

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter


class RateLimiter:
    """Counts requests against ``rate``, like ``6000/minute``; the count is of this process alone."""

    def __init__(self, rate: str) -> None:
        self._rate = parse(rate)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def retry_after_s(self, who: str) -> int | None:
        """Count a request of ``who``; None if it may go on, else in how many seconds to try again."""
        if self._limiter.hit(self._rate, who):
            return None
        reset_s = self._limiter.get_window_stats(self._rate, who).reset_time
        return max(1, math.ceil(reset_s - time.time()))

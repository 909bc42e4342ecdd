"""Rate limits: an in-memory moving window for each API key, JWT subject or address.

The moving window of `limits` inserts each request at the front of a list, which takes longer with every
request of the window, and starts a thread to remove old ones. Here both ends of a deque do.
"""

import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final

from limits import parse

MAX_CALLERS: Final = 100_000
"""Beyond that, the caller whose last request was allowed longest ago is forgotten."""


class RateLimiter:
    """Counts requests against ``rate``, like ``6000/minute``, within this process only.

    An allowed request takes about 32 bytes until its window ends.
    """

    def __init__(self, rate: str, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        limit = parse(rate)
        self._most: int = limit.amount
        self._period_s: int = limit.get_expiry()
        self._monotonic_s = monotonic_s
        self._allowed_s: OrderedDict[str, deque[float]] = OrderedDict()
        """By caller, in the order of their last ones: the times of the allowed requests of its window."""

    def retry_after_s(self, who: str) -> int | None:
        """Count a request of ``who``; return None if it is allowed, else the seconds until a retry."""
        now_s = self._monotonic_s()
        oldest_s = now_s - self._period_s
        times_s = self._allowed_s.setdefault(who, deque())
        while times_s and times_s[0] <= oldest_s:
            times_s.popleft()
        if len(times_s) >= self._most:
            return max(1, math.ceil(times_s[0] - oldest_s))
        times_s.append(now_s)
        self._allowed_s.move_to_end(who)
        self._forget(oldest_s)
        return None

    def _forget(self, oldest_s: float) -> None:
        """Forget callers whose window is empty, and those beyond `MAX_CALLERS`."""
        while len(self._allowed_s) > MAX_CALLERS or next(iter(self._allowed_s.values()))[-1] <= oldest_s:
            self._allowed_s.popitem(last=False)

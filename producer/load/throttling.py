"""Adaptive pace of a sender under throttling: additive increase, multiplicative decrease."""

import math
from typing import Final

from fraudstream.runtime.clock import SYSTEM_CLOCK, Clock

CUT: Final = 0.5
"""Factor for the pace that was too fast, as in TCP."""
RAISE_PER_S: Final = 50.0
"""Increase of the pace (records per second) in each second: a twentieth of a shard's limit."""
LOWEST_PER_S: Final = 10.0
"""A sender never stops completely, or it would not notice that the stream has room again."""


class AdaptivePace:
    """Most records per second that one sender may write; unlimited until the stream throttles it.

    The pace counts records and not requests: Kinesis limits records and bytes, and a sender with fewer
    requests would put more records into each. Not thread-safe.
    """

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self.rate_per_s = math.inf
        self._clock = clock
        self._free_at_s = -math.inf
        self._began_s = -math.inf
        self._raised_at_s = -math.inf

    def wait(self, records: int) -> None:
        """Sleep until the next request, with this number of records, may be sent."""
        wait_s = self._free_at_s - self._clock.monotonic_s()
        if wait_s > 0:
            self._clock.sleep(wait_s)
        self._began_s = self._clock.monotonic_s()
        self._free_at_s = self._began_s + records / self.rate_per_s

    def slow_down(self, got_through: int) -> None:
        """Reduce the pace after a throttled request.

        ``got_through`` is the number of its accepted records, or of all its records if none was accepted. The
        first reduction starts from this number, as there is no pace yet.
        """
        now_s = self._clock.monotonic_s()
        got_through_per_s = got_through / max(now_s - self._began_s, 1e-3)
        self.rate_per_s = max(LOWEST_PER_S, CUT * min(self.rate_per_s, got_through_per_s))
        self._raised_at_s = now_s

    def speed_up(self) -> None:
        """Raise the pace after a request without throttling, by the time since the last change."""
        if math.isfinite(self.rate_per_s):
            now_s = self._clock.monotonic_s()
            self.rate_per_s += RAISE_PER_S * (now_s - self._raised_at_s)
            self._raised_at_s = now_s

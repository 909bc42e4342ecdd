"""Exponential backoff with jitter between retries."""

import random
from dataclasses import dataclass, field
from typing import Final

LARGEST_EXPONENT: Final = 64
"""Bound of the exponent: an outage of days has more retries than a float has powers of two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Exponential waits with jitter, so that writers that failed together don't retry together.

    The wait before retry n (from 0) is uniform in [0.5, 1) times ``min(cap_s, base_s * 2**n)``.
    """

    base_s: float = 0.1
    cap_s: float = 5.0
    rng: random.Random = field(default_factory=random.Random)

    def wait_s(self, retry: int) -> float:
        """Return the wait before retry number ``retry``, counted from 0, in seconds."""
        longest_s = min(self.cap_s, self.base_s * 2.0 ** min(retry, LARGEST_EXPONENT))
        return longest_s * self.rng.uniform(0.5, 1.0)

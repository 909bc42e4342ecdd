"""Histogram of any number of durations, in a few kilobytes, for percentiles."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

GROWTH: Final = 1.02
"""Upper edge of each bucket relative to that of the bucket below: a percentile is at most 2 % too high."""
LOWEST_MS: Final = 0.01
HIGHEST_MS: Final = 1e8
"""More than a day; a longer duration is counted as this, and ``max_ms`` still has its value."""
BUCKETS: Final = math.ceil(math.log(HIGHEST_MS / LOWEST_MS) / math.log(GROWTH)) + 1


class LogHistogram:
    """Counts durations in logarithmic buckets; ``max_ms`` is exact. Not thread-safe."""

    def __init__(self) -> None:
        self.max_ms: float | None = None
        self._counts = np.zeros(BUCKETS, dtype=np.int64)

    def record(self, durations_ms: npt.ArrayLike) -> None:
        """Count durations in milliseconds; those below `LOWEST_MS` count as that."""
        durations = np.atleast_1d(np.asarray(durations_ms, dtype=np.float64))
        if not durations.size:
            return
        steps = np.log(np.clip(durations, LOWEST_MS, HIGHEST_MS) / LOWEST_MS) / math.log(GROWTH)
        places = np.clip(np.ceil(steps).astype(np.int64), 0, BUCKETS - 1)
        self._counts += np.bincount(places, minlength=BUCKETS)
        longest_ms = float(durations.max())
        self.max_ms = longest_ms if self.max_ms is None else max(self.max_ms, longest_ms)

    def record_one(self, duration_ms: float) -> None:
        """Count one duration as `record` does, at a tenth of its cost."""
        within_ms = min(max(duration_ms, LOWEST_MS), HIGHEST_MS)
        place = math.ceil(math.log(within_ms / LOWEST_MS) / math.log(GROWTH))
        self._counts[min(place, BUCKETS - 1)] += 1
        self.max_ms = duration_ms if self.max_ms is None else max(self.max_ms, duration_ms)

    def percentile_ms(self, percent: float) -> float | None:
        """Return the percentile in milliseconds, 0 % to 2 % too high; None if nothing was recorded."""
        if self.max_ms is None:
            return None
        rank = max(1, math.ceil(percent / 100 * int(self._counts.sum())))
        place = int(np.searchsorted(np.cumsum(self._counts), rank))
        return float(min(LOWEST_MS * GROWTH**place, self.max_ms))


def percentiles_ms(histogram: LogHistogram, percents: Sequence[int]) -> dict[str, float | None]:
    """Return the percentiles under names such as ``p99``, and ``max``; None if nothing was recorded."""
    values = {f"p{percent}": histogram.percentile_ms(percent) for percent in percents}
    return {
        name: None if value is None else round(value, 2)
        for name, value in (values | {"max": histogram.max_ms}).items()
    }

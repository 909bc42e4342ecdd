"""When things happen: the hours of a Vietnamese day in which people, and fraudsters, are active."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from random import Random
from typing import Final

from fraudstream.duration import DAY_MS, HOUR_MS

VIETNAM_OFFSET_MS: Final = 7 * HOUR_MS
"""Vietnam is at UTC+7 all year."""

HOURS_PER_DAY: Final = 24


class Rhythm:
    """Activity over the hours of a day in Vietnam time, the same every day.

    It maps time to activity and back: one day is one unit of activity, spread over its hours by
    their weights. A process that is even in activity so keeps its daily rate and follows the rhythm.
    """

    def __init__(self, hourly_weights: Sequence[int]) -> None:
        if len(hourly_weights) != HOURS_PER_DAY or min(hourly_weights) < 0 or not any(hourly_weights):
            msg = f"hourly_weights={hourly_weights!r}: give 24 weights, none negative, not all zero"
            raise ValueError(msg)
        total = sum(hourly_weights)
        # Whole weights make the last sum exactly 1.0, and an hour of weight 0 exactly empty.
        self._ends = [weight_sum / total for weight_sum in accumulate(hourly_weights)]
        self._starts = [0.0, *self._ends[:-1]]
        self._widths = [weight / total for weight in hourly_weights]

    def after(self, time_ms: int, gap_days: float) -> int:
        """Return the time that lies ``gap_days`` of activity after ``time_ms``, never before it."""
        day, in_day_ms = divmod(time_ms + VIETNAM_OFFSET_MS, DAY_MS)
        hour, in_hour_ms = divmod(in_day_ms, HOUR_MS)
        activity = day + self._starts[hour] + self._widths[hour] * (in_hour_ms / HOUR_MS) + gap_days
        day = int(activity)
        in_day = activity - day
        hour = bisect_right(self._ends, in_day)
        in_hour = (in_day - self._starts[hour]) / self._widths[hour]
        later_ms = day * DAY_MS + int((hour + in_hour) * HOUR_MS) - VIETNAM_OFFSET_MS
        return max(time_ms, later_ms)


def vietnam_hour(time_ms: int) -> int:
    """Return the hour of the day, 0 to 23, in Vietnam."""
    return (time_ms + VIETNAM_OFFSET_MS) % DAY_MS // HOUR_MS


def spread_times(rng: Random, start_ms: int, count: int, span_ms: int) -> list[int]:
    """Draw ``count`` times in order, both ends inclusive; the first is ``start_ms`` itself."""
    offsets_ms = sorted(rng.randint(0, span_ms) for _ in range(count - 1))
    return [start_ms, *(start_ms + offset_ms for offset_ms in offsets_ms)]


#                       00 01 02 03 04 05 06  07  08  09  10  11  12  13  14  15  16  17  18  19  20  21 22 23
DAY_PEOPLE: Final = Rhythm(
    (3, 2, 1, 1, 2, 8, 25, 45, 60, 65, 65, 70, 75, 55, 55, 60, 60, 65, 75, 80, 75, 60, 35, 15)
)
"""Most customers: two peaks, at noon and after work; about 5 % of the day between 22:00 and 03:59."""

NIGHT_PEOPLE: Final = Rhythm(
    (60, 55, 60, 50, 35, 25, 20, 15, 8, 4, 3, 3, 3, 4, 8, 20, 30, 35, 40, 45, 50, 55, 60, 65)
)
"""Night-shift workers, drivers, bar staff: they sleep in the morning."""

OFF_HOURS: Final = Rhythm((1, 1, 1, 1, *(0 for _ in range(18)), 1, 1))
"""22:00 to 03:59 only."""

OFFICE_HOURS: Final = Rhythm((*(0 for _ in range(8)), *(1 for _ in range(9)), *(0 for _ in range(7))))
"""08:00 to 16:59 only: when a bank pays out loans."""

AROUND_THE_CLOCK: Final = Rhythm((1,) * HOURS_PER_DAY)
"""What runs by itself, or does not care about the hour."""

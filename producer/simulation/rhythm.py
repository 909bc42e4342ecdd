"""Rhythm of traffic in Vietnam: the hours of a day, the days of its week and month, and Tet.

All weights are chosen by hand; none is measured.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import accumulate
from typing import Final

import numpy as np

from fraudstream.domain.arrays import Floats, Ints
from fraudstream.domain.duration import DAY_MS, HOUR_MS
from fraudstream.domain.patterns.fraud_pattern import RhythmName

VIETNAM_OFFSET_MS: Final = 7 * HOUR_MS
"""Vietnam is at UTC+7 all year."""
HOURS_PER_DAY: Final = 24
DAYS_PER_MONTH: Final = 30.4375

TET: Final = (
    "2024-02-10", "2025-01-29", "2026-02-17", "2027-02-06", "2028-01-26", "2029-02-13",
    "2030-02-02", "2031-01-23", "2032-02-11", "2033-01-31", "2034-02-19", "2035-02-08",
)  # fmt: skip
"""First day of the lunar year in Vietnam; years outside 2024 to 2035 have no Tet here."""
_TET_DAYS: Final = np.array(TET, dtype="datetime64[D]").astype(np.int64)

WEEKDAY_WEIGHTS: Final = (1000, 1000, 1000, 1000, 1080, 1060, 860)
"""Monday to Sunday, in thousandths; the mean is 1."""
PAY_DAYS_WEIGHT: Final = 1250
"""Weight of the last 3 days of a month and its first 5, in thousandths."""
OTHER_DAYS_WEIGHT: Final = 909
"""Weight of all other days; with 8 pay-days in 30 the mean is 1."""
LAST_PAY_DAY: Final = 5
PAY_DAYS_BEFORE_END: Final = 3
TET_PHASES: Final = ((-14, 0, 1350), (0, 7, 400), (7, 14, 800))
"""Days from Tet (from, before) and their weight in thousandths: shopping, the feast, the days after it."""


def vietnam_day(time_ms: Ints) -> Ints:
    """Return the day in Vietnam, in days since 1970-01-01."""
    return (time_ms + VIETNAM_OFFSET_MS) // DAY_MS


def day_weights(days: Ints) -> Floats:
    """Return the activity of each day (in days since 1970-01-01); nearly 1 on average over a year."""
    weights: Floats = _day_weights_nano(days) / 1e9
    return weights


def _day_weights_nano(days: Ints) -> Ints:
    weekdays = np.array(WEEKDAY_WEIGHTS, dtype=np.int64)[(days + 3) % 7]
    pay_days = np.where(pay_day_offsets(days) != 0, PAY_DAYS_WEIGHT, OTHER_DAYS_WEIGHT)
    weights: Ints = weekdays * pay_days * _tet_weights(days)
    return weights


def pay_day_offsets(days: Ints) -> Ints:
    """Return -3 to -1 for the last days of a month, 1 to 5 for its first, 0 for all others."""
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    number = (dates - months.astype("datetime64[D]")).astype(np.int64) + 1
    left = ((months + 1).astype("datetime64[D]") - dates).astype(np.int64)
    first = np.where(number <= LAST_PAY_DAY, number, 0)
    return np.where(left <= PAY_DAYS_BEFORE_END, -left, first)


def _tet_weights(days: Ints) -> Ints:
    weights = np.full(days.shape, 1000, np.int64)
    next_ = np.searchsorted(_TET_DAYS, days, side="right")
    for around in (np.clip(next_ - 1, 0, None), np.clip(next_, None, len(_TET_DAYS) - 1)):
        distance = days - _TET_DAYS[around]
        for first, end, weight in TET_PHASES:
            weights[(distance >= first) & (distance < end)] = weight
    return weights


_FIRST_DAY: Final = -1
_WEIGHTED_DAYS: Final = 84_000
"""Days since 1970 that have a calendar, to the year 2199; all later days are alike."""


@cache
def _activity_before() -> Ints:
    """Return the activity before each day of the calendar, in 1e-9 average days."""
    weights = _day_weights_nano(np.arange(_FIRST_DAY, _WEIGHTED_DAYS))
    return np.concatenate(([0], np.cumsum(weights)))


class Rhythm:
    """Activity over the hours of a day in Vietnam time, the same on all days except for their weights.

    It maps time to activity and back: an average day is one unit of activity, spread over its hours by their
    weights. Events at even distances of activity thus keep their rate and follow the rhythm. Raises
    ``ValueError`` unless there are 24 weights, none negative, not all zero.
    """

    def __init__(self, hourly_weights: Sequence[int]) -> None:
        if len(hourly_weights) != HOURS_PER_DAY or min(hourly_weights) < 0 or not any(hourly_weights):
            msg = f"hourly_weights={hourly_weights!r}: give 24 weights, none negative, not all zero"
            raise ValueError(msg)
        total = sum(hourly_weights)
        self.shares: Floats = np.array([weight / total for weight in hourly_weights])
        """Share of each of the 24 hours in a day."""
        # Integer weights make the last sum exactly 1.0, and an hour of weight 0 exactly empty.
        self._ends = np.array([weight_sum / total for weight_sum in accumulate(hourly_weights)])
        self._starts = np.concatenate(([0.0], self._ends[:-1]))

    def times_ms(self, activity: Floats) -> Ints:
        """Return the times at which this much activity has passed since 1969-12-31 in Vietnam."""
        before = _activity_before() / 1e9
        days = np.searchsorted(before, activity, side="right") - 1
        past = days >= len(before) - 1
        weights = np.where(past, 1.0, np.diff(before, append=before[-1] + 1.0)[days])
        into = activity - before[days]
        days = np.where(past, days + into.astype(np.int64), days)
        in_day = np.where(past, into - np.floor(into), np.minimum(into / weights, _LAST_MOMENT))
        hours = np.searchsorted(self._ends, in_day, side="right")
        in_hour = (in_day - self._starts[hours]) / self.shares[hours]
        in_day_ms = hours * HOUR_MS + np.minimum(in_hour * HOUR_MS, HOUR_MS - 1).astype(np.int64)
        found: Ints = (days + _FIRST_DAY) * DAY_MS + in_day_ms - VIETNAM_OFFSET_MS
        return found

    def activity(self, time_ms: int) -> float:
        """Return the activity from 1969-12-31 in Vietnam until ``time_ms``, in average days."""
        day, in_day_ms = divmod(time_ms + VIETNAM_OFFSET_MS, DAY_MS)
        hour, in_hour_ms = divmod(in_day_ms, HOUR_MS)
        before, place = _activity_before() / 1e9, day - _FIRST_DAY
        last = len(before) - 1
        weight = float(before[place + 1] - before[place]) if place < last else 1.0
        in_day = float(self._starts[hour]) + float(self.shares[hour]) * (in_hour_ms / HOUR_MS)
        return float(before[min(place, last)]) + max(0, place - last) + weight * in_day


_LAST_MOMENT: Final = 1.0 - 2.0**-53


#                       00 01 02 03 04 05 06  07  08  09  10  11  12  13  14  15  16  17  18  19  20  21 22 23
DAY_PEOPLE: Final = Rhythm(
    (3, 2, 1, 1, 2, 8, 25, 45, 60, 65, 65, 70, 75, 55, 55, 60, 60, 65, 75, 80, 75, 60, 35, 15)
)
"""Most customers: peaks at noon and after work; about 5 % of the day between 22:00 and 03:59."""

NIGHT_PEOPLE: Final = Rhythm(
    (60, 55, 60, 50, 35, 25, 20, 15, 8, 4, 3, 3, 3, 4, 8, 20, 30, 35, 40, 45, 50, 55, 60, 65)
)
"""Night-shift workers, drivers, bar staff: they sleep in the morning."""

OFF_HOURS: Final = Rhythm((1, 1, 1, 1, *(0 for _ in range(18)), 1, 1))
"""22:00 to 03:59 only."""

OFFICE_HOURS: Final = Rhythm((*(0 for _ in range(8)), *(1 for _ in range(9)), *(0 for _ in range(7))))
"""08:00 to 16:59 only, when a bank pays out loans."""

AROUND_THE_CLOCK: Final = Rhythm((1,) * HOURS_PER_DAY)
"""For events that are automatic or independent of the hour."""

OF_CAMPAIGNS: Final[Mapping[RhythmName, Rhythm]] = {
    "around_the_clock": AROUND_THE_CLOCK,
    "off_hours": OFF_HOURS,
    "office_hours": OFFICE_HOURS,
}
"""Rhythms by the names that fraud patterns use."""

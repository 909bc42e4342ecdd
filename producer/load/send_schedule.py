"""Schedule of a load test: the due time of each record."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SendSchedule:
    """Even pace, fixed before the run; nothing that the stream does changes it.

    ``records`` is the number of records, None for all that the source has. ``rate_per_s`` is None for a run
    without a pace, where each record is due when it is made.
    """

    records: int | None
    rate_per_s: float | None

    def due_s(self, number: int, made_s: float) -> float:
        """Return when record ``number`` (from 0) is due, in seconds from the start.

        ``made_s``, on the same clock, is returned for a run without a pace.
        """
        return made_s if self.rate_per_s is None else number / self.rate_per_s

    def due_until(self, now_s: float) -> int | None:
        """Return how many records are due at ``now_s`` or before; None for a run without a pace."""
        return None if self.rate_per_s is None else int(now_s * self.rate_per_s) + 1


def schedule_of(count: int | None, rps: float | None, duration_s: float | None) -> SendSchedule:
    """Return the schedule for ``count`` records, or ``rps`` for ``duration_s``, or the fewer of both.

    Raises ``ValueError`` for a duration without a rate, which does not give a number of records.
    """
    if duration_s is None:
        return SendSchedule(records=count, rate_per_s=rps)
    if rps is None:
        msg = "--duration needs the rate of the schedule; give --rps too"
        raise ValueError(msg)
    scheduled = max(1, round(rps * duration_s))
    return SendSchedule(records=scheduled if count is None else min(count, scheduled), rate_per_s=rps)

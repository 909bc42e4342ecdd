"""When each record of a load test is due."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SendSchedule:
    """An even pace, fixed before the run: nothing that the stream does changes it.

    ``records`` is how many there are, None for as many as the source has. ``rate_per_s`` is None for
    a run without a pace: there each record is due when it is made.
    """

    records: int | None
    rate_per_s: float | None

    def due_s(self, number: int, made_s: float) -> float:
        """Return when record ``number`` (from 0) is due, in seconds from the start.

        ``made_s``, on the same clock, is the answer of a run without a pace.
        """
        return made_s if self.rate_per_s is None else number / self.rate_per_s

    def due_until(self, now_s: float) -> int | None:
        """Return how many records are due at ``now_s`` or before; None where none ever waits."""
        return None if self.rate_per_s is None else int(now_s * self.rate_per_s) + 1


def schedule_of(count: int | None, rps: float | None, duration_s: float | None) -> SendSchedule:
    """Make the schedule of a command line: ``count`` records, or ``rps`` for ``duration_s``, or the fewer.

    Raises ``ValueError`` for a duration without a rate, which says nothing of how many records.
    """
    if duration_s is None:
        return SendSchedule(records=count, rate_per_s=rps)
    if rps is None:
        msg = "--duration is the length of a schedule: give --rps too"
        raise ValueError(msg)
    scheduled = max(1, round(rps * duration_s))
    return SendSchedule(records=scheduled if count is None else min(count, scheduled), rate_per_s=rps)

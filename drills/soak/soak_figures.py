"""Figures of a soak and the limits of their growth. Plain numbers: no clock, no processes."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

SECONDS_PER_MINUTE: Final = 60
COMPARED_MINUTES: Final = 5
"""Length of the two periods that are compared: right after the warm-up, and at the end."""
WARM_UP_MINUTES: Final = 5
"""By then the longest window has passed, and the JVM has compiled the hot code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoakSample:
    """Measurements at one point in time; memory in megabytes (1,000,000 bytes)."""

    at_s: float
    """Seconds since the start of the load."""
    records: int
    """Transactions parsed since the job was started."""
    state_mb: float
    """Size of the newest checkpoint."""
    jvm_resident_mb: float
    """Resident memory of the TaskManager's process, as the operating system counts it."""
    python_resident_mb: float
    """Resident memory of all Python processes of the TaskManager; shared pages count once per process."""
    heap_mb: float
    """Used heap of the JVM, including garbage."""
    non_heap_mb: float
    direct_mb: float


@dataclass(frozen=True, slots=True)
class Minute:
    """Figures of one minute of the load; None if there is no measurement."""

    minute: int
    tx_per_s: float | None
    state_mb: float
    jvm_resident_mb: float
    python_resident_mb: float
    heap_mb: float
    """Minimum within the minute: the heap after collections."""
    non_heap_mb: float
    direct_mb: float
    p50_ms: float | None
    """Time from when a transaction was due until its score, for transactions that alerted."""
    p99_ms: float | None


@dataclass(frozen=True, slots=True)
class Limit:
    """Maximum factor by which a figure may grow from the first period to the last."""

    name: str
    at_most: float


LIVE_HEAP: Final = Limit("live_heap_mb", 1.05)
LIMITS: Final = (
    Limit("state_mb", 1.05),
    Limit("jvm_resident_mb", 1.05),
    Limit("python_resident_mb", 1.05),
    Limit("non_heap_mb", 1.05),
    Limit("p50_ms", 1.25),
    Limit("p99_ms", 1.5),
)
"""A figure that grows by 5 % within 25 minutes doubles in a night; less than that is lost in the noise of a
process. The limits of latency are wider because other programs share the machine, and because its p99 depends
on single pauses."""


@dataclass(frozen=True, slots=True)
class Change:
    """A figure after the warm-up and at the end, as medians over `COMPARED_MINUTES`."""

    name: str
    first: float
    last: float
    at_most: float

    @property
    def factor(self) -> float:
        """Ratio of the last value to the first; infinite if the first is 0."""
        return self.last / self.first if self.first else math.inf

    @property
    def is_kept(self) -> bool:
        """Whether the figure stayed within its limit."""
        return self.factor <= self.at_most


def minutes_of(
    samples: Sequence[SoakSample], latencies: Iterable[tuple[float, npt.NDArray[np.float64]]]
) -> list[Minute]:
    """Return the whole minutes that the samples span, in order.

    ``latencies`` are pairs of a minute and the latencies (ms) of the transactions that arrived in it.
    """
    by_minute = {int(minute): values for minute, values in latencies if len(values)}
    spanned = int(samples[-1].at_s // SECONDS_PER_MINUTE)
    return [_minute(number, samples, by_minute.get(number)) for number in range(spanned)]


def _minute(number: int, samples: Sequence[SoakSample], latencies: npt.NDArray[np.float64] | None) -> Minute:
    inside = [sample for sample in samples if sample.at_s // SECONDS_PER_MINUTE == number]
    p50, p99 = (None, None) if latencies is None else np.percentile(latencies, [50, 99]).tolist()
    return Minute(
        minute=number,
        tx_per_s=_rate(inside),
        state_mb=_median([sample.state_mb for sample in inside]),
        jvm_resident_mb=_median([sample.jvm_resident_mb for sample in inside]),
        python_resident_mb=_median([sample.python_resident_mb for sample in inside]),
        heap_mb=min(sample.heap_mb for sample in inside),
        non_heap_mb=_median([sample.non_heap_mb for sample in inside]),
        direct_mb=_median([sample.direct_mb for sample in inside]),
        p50_ms=p50,
        p99_ms=p99,
    )


def _rate(inside: Sequence[SoakSample]) -> float | None:
    first, last = inside[0], inside[-1]
    return (last.records - first.records) / (last.at_s - first.at_s) if last.at_s > first.at_s else None


def changes(minutes: Sequence[Minute]) -> list[Change]:
    """Compare the minutes after the warm-up with the last ones, for each figure in `LIMITS`.

    Raises ``ValueError`` if the load was too short for both periods, or if a period has no value of a figure.
    """
    first = minutes[WARM_UP_MINUTES : WARM_UP_MINUTES + COMPARED_MINUTES]
    last = minutes[-COMPARED_MINUTES:]
    if len(minutes) < WARM_UP_MINUTES + 2 * COMPARED_MINUTES:
        msg = (
            f"{len(minutes)} minutes are too few: the warm-up takes {WARM_UP_MINUTES}, and each of the two "
            f"compared periods {COMPARED_MINUTES}"
        )
        raise ValueError(msg)
    return [
        Change(limit.name, _typical(first, limit.name), _typical(last, limit.name), limit.at_most)
        for limit in LIMITS
    ]


def live_heap(first_mb: Sequence[float], last_mb: Sequence[float]) -> Change:
    """Compare the live heap at the end of the warm-up with that after the load, by their medians."""
    return Change(LIVE_HEAP.name, _median(first_mb), _median(last_mb), LIVE_HEAP.at_most)


def _typical(minutes: Sequence[Minute], name: str) -> float:
    values = [value for minute in minutes if (value := getattr(minute, name)) is not None]
    if not values:
        msg = f"no measurement of {name} in minutes {minutes[0].minute} to {minutes[-1].minute}"
        raise ValueError(msg)
    return _median(values)


def _median(values: Sequence[float]) -> float:
    return float(np.median(values))

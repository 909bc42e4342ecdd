"""What a soak measures, and what of it must stay as it is: plain numbers, no clock, no processes."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

SECONDS_PER_MINUTE: Final = 60
COMPARED_MINUTES: Final = 5
"""The last so many minutes are compared with as many after the warm-up."""
WARM_UP_MINUTES: Final = 5
"""By then the longest window has passed, and the JVM has compiled what it is going to compile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoakSample:
    """What was seen at one time; memory in megabytes (1,000,000 bytes)."""

    at_s: float
    """Since the beginning of the load."""
    records: int
    """Transactions that have been parsed since the job was started."""
    state_mb: float
    """The newest checkpoint."""
    jvm_resident_mb: float
    """The TaskManager's process, as the operating system counts it."""
    python_resident_mb: float
    """All processes of Python that the TaskManager has started; pages that they share count for each."""
    heap_mb: float
    """In use in the JVM's heap, what nobody needs any more included."""
    non_heap_mb: float
    direct_mb: float


@dataclass(frozen=True, slots=True)
class Minute:
    """A minute of the load; None where it has no measurement."""

    minute: int
    tx_per_s: float | None
    state_mb: float
    jvm_resident_mb: float
    python_resident_mb: float
    heap_mb: float
    """The least of the minute: what collections left."""
    non_heap_mb: float
    direct_mb: float
    p50_ms: float | None
    """From when a transaction was due to its score, of those that alerted."""
    p99_ms: float | None


@dataclass(frozen=True, slots=True)
class Limit:
    """How much larger, as a factor, a figure of the end may be than that of the beginning."""

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
"""What grows by a twentieth within 25 minutes doubles in a night; less than that is lost in the noise of a
process. Latency is of a machine with neighbours, and its p99 hangs on single pauses."""


@dataclass(frozen=True, slots=True)
class Change:
    """A figure after the warm-up and at the end: medians over `COMPARED_MINUTES`."""

    name: str
    first: float
    last: float
    at_most: float

    @property
    def factor(self) -> float:
        """How much larger it became."""
        return self.last / self.first if self.first else math.inf

    @property
    def is_kept(self) -> bool:
        """Whether it stayed within its limit."""
        return self.factor <= self.at_most


def minutes_of(
    samples: Sequence[SoakSample], latencies: Iterable[tuple[float, npt.NDArray[np.float64]]]
) -> list[Minute]:
    """Return the whole minutes that the samples span, in order.

    ``latencies`` are pairs of a minute and the milliseconds of those that arrived in it.
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
    """Compare the minutes after the warm-up with the last ones; see `LIMITS` for what.

    Raises ``ValueError`` if the load was too short for both, or a figure is missing in all of them.
    """
    first = minutes[WARM_UP_MINUTES : WARM_UP_MINUTES + COMPARED_MINUTES]
    last = minutes[-COMPARED_MINUTES:]
    if len(minutes) < WARM_UP_MINUTES + 2 * COMPARED_MINUTES:
        msg = (
            f"{len(minutes)} minutes are too few: {WARM_UP_MINUTES} to warm up, and twice {COMPARED_MINUTES} "
            "to compare"
        )
        raise ValueError(msg)
    return [
        Change(limit.name, _typical(first, limit.name), _typical(last, limit.name), limit.at_most)
        for limit in LIMITS
    ]


def live_heap(first_mb: Sequence[float], last_mb: Sequence[float]) -> Change:
    """Compare counts of the live objects, made at the end of the warm-up, with counts after the load."""
    return Change(LIVE_HEAP.name, _median(first_mb), _median(last_mb), LIVE_HEAP.at_most)


def _typical(minutes: Sequence[Minute], name: str) -> float:
    values = [value for minute in minutes if (value := getattr(minute, name)) is not None]
    if not values:
        msg = f"no measurement of {name} in minutes {minutes[0].minute} to {minutes[-1].minute}"
        raise ValueError(msg)
    return _median(values)


def _median(values: Sequence[float]) -> float:
    return float(np.median(values))

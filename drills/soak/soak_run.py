"""Run of a soak in two parts: measure the job's maximum rate, then run it at a share of that."""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmarks.latency import stamps
from drills.soak.soak_figures import (
    SECONDS_PER_MINUTE,
    WARM_UP_MINUTES,
    Change,
    Minute,
    SoakSample,
    changes,
    live_heap,
    minutes_of,
)
from drills.soak.soak_job import SoakJob, running_job
from drills.soak.soak_traffic import traffic_file
from fraudstream.runtime.clock import wall_clock_ms

SHARE: Final = 0.7
"""Share of the maximum rate. A job should run at this load, so that it can catch up after a fault."""
FILLING_TRANSACTIONS: Final = 2_000_000
"""Transactions before the maximum is measured. They span more than the longest window of 30 days, so that the
state is full."""
MAXIMUM_S: Final = 30.0
"""Duration of the measurement of the maximum."""
MAXIMUM_TRANSACTIONS: Final = 6_000_000
"""Enough to fill the state and measure at 100,000 per second, more than two cores of today process."""
RAMP_S: Final = 30
TIME_TO_LIVE: Final = "2m"
"""Time to live, by the wall clock, of state that is not accessed again. From 13,000 transactions per second
on, more than a month of event time passes in it, so it exceeds every window. It does so in a live stream too,
where event time and wall clock advance together."""
SAMPLE_S: Final = 5.0
COUNTING_MINUTES: Final = 1
"""Time after the load for measurements of the live heap, with the job still running."""
SPARE_MINUTES: Final = 1
"""Extra length of the file, for transactions that are sent before the sampling starts."""
MILLISECONDS: Final = 1000

Tell = Callable[[str, float, float], None]
"""Progress callback: the current activity, the amount done, and the total."""


@dataclass(frozen=True, slots=True)
class Soaked:
    """Results of a soak."""

    maximum_tx_per_s: float
    offered_tx_per_s: float
    minutes: list[Minute]
    changes: list[Change]

    @property
    def is_kept(self) -> bool:
        """Whether every figure stayed within its limit."""
        return all(change.is_kept for change in self.changes)


def run(folder: Path, minutes: int, tell: Tell) -> Soaked:
    """Measure the maximum rate, then run the job at `SHARE` of it for ``minutes``.

    The transactions are kept in ``folder`` for the next soak; the caller deletes the rest. Raises
    `ClusterError` if the job fails, or reaches the end of the file before the time is over.
    """
    source = _traffic(folder, MAXIMUM_TRANSACTIONS, tell)
    maximum = _maximum(folder / "maximum", source, tell)
    offered = math.floor(SHARE * maximum)
    needed = offered * (minutes + COUNTING_MINUTES + SPARE_MINUTES) * SECONDS_PER_MINUTE
    source = _traffic(folder, needed, tell)
    rate = ("--source-rate", str(offered), "--source-ramp", f"{RAMP_S}s")
    with running_job(folder / "soak", source, *rate, "--source-ttl", TIME_TO_LIVE) as job:
        return _run_and_sample(job, maximum, offered, minutes, tell)


def _traffic(folder: Path, transactions: int, tell: Tell) -> Path:
    written = 0

    def on_written(more: int) -> None:
        nonlocal written
        written += more
        tell("writing transactions", written, transactions)

    return traffic_file(folder, transactions, on_written)


def _maximum(folder: Path, source: Path, tell: Tell) -> float:
    """Return the job's maximum rate in transactions per second, with input always available."""
    with running_job(folder, source, "--source-ttl", TIME_TO_LIVE) as job:
        while (records := job.records()) < FILLING_TRANSACTIONS:
            tell("maximum: filling the state", records, FILLING_TRANSACTIONS)
            _pause(job)
        begin_s, read = time.monotonic(), records
        # Polled continuously, because Flink returns the count as of the previous request.
        while (spent_s := time.monotonic() - begin_s) < MAXIMUM_S:
            tell("maximum: measuring", spent_s, MAXIMUM_S)
            _pause(job)
            read = job.records()
        return (read - records) / spent_s


def _run_and_sample(job: SoakJob, maximum: float, offered: float, minutes: int, tell: Tell) -> Soaked:
    """Sample the running job, and measure its live heap in the minutes before and after the compared ones.

    Measuring the live heap stops the job for seconds.
    """
    begin_s, begin_ms = time.monotonic(), wall_clock_ms()
    whole_s = (minutes + COUNTING_MINUTES) * SECONDS_PER_MINUTE
    samples: list[SoakSample] = []
    heap_mb: dict[int, list[float]] = {WARM_UP_MINUTES - 1: [], minutes: []}
    while not samples or samples[-1].at_s < whole_s:
        samples.append(job.sample(time.monotonic() - begin_s))
        tell(_news(samples), samples[-1].at_s, whole_s)
        if (counts := heap_mb.get(int(samples[-1].at_s // SECONDS_PER_MINUTE))) is not None:
            counts.append(job.live_heap_mb())
        _pause(job)
    found = minutes_of(samples, _latencies(job.alerts(), begin_ms, minutes))[:minutes]
    return Soaked(maximum, offered, found, [*changes(found), live_heap(*heap_mb.values())])


def _news(samples: list[SoakSample]) -> str:
    before, now = samples[max(len(samples) - 7, 0)], samples[-1]
    rate = (now.records - before.records) / (now.at_s - before.at_s) if now.at_s > before.at_s else 0.0
    return (
        f"soak: {rate:,.0f} tx/s, state {now.state_mb:,.0f} MB, JVM {now.jvm_resident_mb:,.0f} MB, "
        f"Python {now.python_resident_mb:,.0f} MB"
    )


def _pause(job: SoakJob) -> None:
    job.cluster.check("the end of the measurement")
    time.sleep(SAMPLE_S)


def _latencies(
    alerts: Iterable[bytes], begin_ms: int, minutes: int
) -> Iterator[tuple[int, npt.NDArray[np.float64]]]:
    """Yield each minute with the latencies (milliseconds) of the alerted transactions that arrived in it."""
    arrivals_ms, latencies_ms = stamps(alerts)
    minute = (arrivals_ms - begin_ms) // (SECONDS_PER_MINUTE * MILLISECONDS)
    for number in range(minutes):
        yield number, latencies_ms[minute == number].astype(np.float64)

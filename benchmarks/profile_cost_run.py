"""One run of the job with or without a profile store: its rate, its CPU time and what it wrote."""

import os
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from benchmarks import contenders
from benchmarks.contender_run import Program, measure
from benchmarks.process_cpu import DescendantsCpu
from benchmarks.profile_metrics import WrittenProfiles, written_profiles
from benchmarks.progress import OutputSample, measured_span
from fraudstream.runtime.aws_settings import ENV_PREFIX
from localrun.job_process import free_port

END_SHARE: Final = 0.95
"""Share of the output at which the measurement ends. Behind it is a batch that the job holds back until the
store has every profile, so the last byte is much later than the last transaction."""
READING_INTERVAL_S: Final = 1.0
MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCost:
    """Figures of a run, measured from the end of the warm-up to `END_SHARE` of the output."""

    tx_per_s: float
    cpu_s_per_million: float
    """CPU-seconds of the job's processes for a million transactions."""
    ending_s: float
    """From then to the end of the process; with a store the job writes what is left."""
    profiles: WrittenProfiles | None = None
    """At the end of the measurement; None without a store."""


class CostReading(NamedTuple):
    """CPU time and profiles of a job, in seconds since its start."""

    at_s: float
    cpu_s: float
    profiles: WrittenProfiles | None


@dataclass(slots=True)
class RunWatch:
    """Collects the samples of a run's output, and once per `READING_INTERVAL_S` a reading."""

    read: Callable[[float], CostReading]
    on_sample: Callable[[OutputSample], None]
    samples: list[OutputSample] = field(default_factory=list)
    readings: list[CostReading] = field(default_factory=list)

    def look(self, sample: OutputSample) -> None:
        """Take a sample of the output."""
        self.samples.append(sample)
        self.on_sample(sample)
        if not self.readings or sample.at_s >= self.readings[-1].at_s + READING_INTERVAL_S:
            self.readings.append(self.read(sample.at_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class CostedJob:
    """The benchmark's job over a file of transactions, to be run with and without a profile store."""

    source: Path
    transactions: int
    output: contenders.JobOutput
    folder: Path
    """For the job's output and log."""

    def run(
        self, store: str | None, stop: threading.Event, on_sample: Callable[[OutputSample], None]
    ) -> RunCost:
        """Run the job with the store of a URL, without one for None.

        Raises `RunFailedError` and `StoppedError`, as `measure` does.
        """
        port = free_port()
        cpu = DescendantsCpu(os.getpid())

        def read(at_s: float) -> CostReading:
            return CostReading(at_s, cpu.seconds(), written_profiles(f"http://127.0.0.1:{port}"))

        watch = RunWatch(read, on_sample)
        measure(self.program(store, port), stop, watch.look)
        return cost_of(watch.samples, watch.readings, self.transactions)

    def program(self, store: str | None, rest_port: int) -> Program:
        """Return the job, with a REST port for its metrics."""
        name = "profile_cost"
        program = contenders.job(name, self.source, self.transactions, self.folder, output=self.output)
        (command,) = program.commands
        options = [*command[2:], "--rest-port", str(rest_port)]
        # A URL may have a password, which a command line would show.
        variables = {} if store is None else {f"{ENV_PREFIX}PROFILE_STORE": store}
        return replace(
            program,
            commands=[[sys.executable, "-m", "benchmarks.fresh_metrics_job", *options]],
            environment={**program.environment, **variables},
        )


def cost_of(samples: Sequence[OutputSample], readings: Sequence[CostReading], transactions: int) -> RunCost:
    """Return the figures of a run; the CPU time between two readings counts as used evenly."""
    begin, end, share = measured_span(samples, end_share=END_SHARE)
    times_s = [each.at_s for each in readings]
    cpu_begin_s, cpu_end_s = np.interp((begin.at_s, end.at_s), times_s, [each.cpu_s for each in readings])
    counted = transactions * share
    return RunCost(
        tx_per_s=counted / (end.at_s - begin.at_s),
        cpu_s_per_million=float(cpu_end_s - cpu_begin_s) * MILLION / counted,
        ending_s=samples[-1].at_s - end.at_s,
        profiles=next((each.profiles for each in reversed(readings) if each.at_s <= end.at_s), None),
    )

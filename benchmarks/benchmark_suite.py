"""Suite of the benchmark: its parts, the runs of each part, and their results."""

import statistics
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, get_args

from benchmarks import contenders
from benchmarks.benchmark_inputs import Inputs, Sizes
from benchmarks.contender_run import Measurement, Program, measure
from benchmarks.errors import RunFailedError, StoppedError
from benchmarks.latency import WARM_UP_SHARE, Percentiles, latency_percentiles
from benchmarks.progress import OutputSample
from benchmarks.state import AccountState, account_state

Part = Literal[
    "naive",
    "sql_over",
    "bytewax",
    "floor",
    "job",
    "four_features",
    "latency",
    "process",
    "rocksdb",
    "hot_key",
    "accounts",
    "windows",
    "state",
    "parallelism",
]
PARTS: Final[tuple[Part, ...]] = get_args(Part)
ONLY_IN_FULL: Final[frozenset[Part]] = frozenset({"parallelism"})
ON_TOP_OF_JOB: Final[frozenset[Part]] = frozenset({"latency", "process", "rocksdb", "hot_key", "parallelism"})
"""Parts whose figures are meaningful only relative to the job's base run."""

LOAD: Final = 0.7
"""Latency is measured at this share of the job's measured rate."""
WHOLE_HEAP: Final = "-Xms4g -Xmx4g -XX:+AlwaysPreTouch"
"""JVM options for a heap of fixed size, as a TaskManager has. A growing heap stops all threads until the
system has provided the memory."""
LATENCY_SPAN_S: Final = 60.0
LATENCY_RAMP_S: Final = round(WARM_UP_SHARE * LATENCY_SPAN_S)
"""The rate rises during the uncounted warm-up: a cold JVM would take long to catch up with the full rate."""
SLOTS: Final = (2, 4)
"""Parallelisms beyond the base run's 1, which uses two cores: features in one thread, scoring in another."""
STATE_TRANSACTIONS: Final = 300_000
FEW_ACCOUNTS: Final = 10_000
MANY_ACCOUNTS: Final = 1_000_000
FEW_WINDOWS: Final = 20
MANY_WINDOWS: Final = 100


@dataclass(frozen=True, slots=True)
class Latency:
    """Latency percentiles at an offered load."""

    percentiles_ms: Percentiles
    offered_tx_per_s: float


@dataclass(slots=True)
class BenchmarkResults:
    """Measurements so far, by the names of the runs."""

    measurements: dict[str, Measurement] = field(default_factory=dict)
    latency: Latency | None = None
    state: AccountState | None = None
    failures: dict[Part, str] = field(default_factory=dict)

    def tx_per_s(self, name: str) -> float | None:
        """Return the rate of a run in transactions per second; None if it was not measured."""
        measured = self.measurements.get(name)
        return measured.tx_per_s if measured else None

    def ratio(self, name: str, to: str) -> float | None:
        """Return the ratio of two runs' rates; None if one of them is missing."""
        rate, base = self.tx_per_s(name), self.tx_per_s(to)
        return rate / base if rate and base else None


def chosen(only: Part | None, *, is_full: bool) -> list[Part]:
    """Return the parts to run, in order: all of the short or full benchmark, or one and what it needs."""
    if only is not None:
        return ["job", only] if only in ON_TOP_OF_JOB else [only]
    return [part for part in PARTS if is_full or part not in ONLY_IN_FULL]


class Suite:
    """Runs parts of the benchmark.

    ``on_run`` receives the name of each run that begins, ``on_sample`` its progress.
    """

    def __init__(
        self,
        inputs: Inputs,
        sizes: Sizes,
        stop: threading.Event,
        on_run: Callable[[str], None],
        on_sample: Callable[[OutputSample], None],
    ) -> None:
        self.results = BenchmarkResults()
        self._inputs = inputs
        self._sizes = sizes
        self._stop = stop
        self._on_run = on_run
        self._on_sample = on_sample

    def run(self, parts: Iterable[Part]) -> None:
        """Run the parts; a failure is recorded in the results and does not stop the others."""
        steps: dict[Part, Callable[[], None]] = {
            "naive": self._naive,
            "sql_over": self._sql_over,
            "bytewax": self._bytewax,
            "floor": self._floor,
            "job": self._job_alone,
            "four_features": self._four_features,
            "latency": self._latency,
            "process": self._process,
            "rocksdb": self._rocksdb,
            "hot_key": self._hot_key,
            "accounts": self._accounts,
            "windows": self._windows,
            "state": self._state,
            "parallelism": self._parallelism,
        }
        for part in parts:
            if self._stop.is_set():
                raise StoppedError
            self._on_run(part)
            try:
                steps[part]()
            except RunFailedError as error:
                self.results.failures[part] = str(error)

    def _measure(self, *programs: Program) -> None:
        """Measure the programs in turn, repeatedly as configured, and keep the median run of each."""
        runs: dict[str, list[Measurement]] = {program.name: [] for program in programs}
        for _ in range(self._sizes.repeats):
            for program in programs:
                self._on_run(program.name)
                runs[program.name].append(measure(program, self._stop, self._on_sample))
        for name, measured in runs.items():
            middle = statistics.median_low(run.tx_per_s for run in measured)
            self.results.measurements[name] = next(run for run in measured if run.tx_per_s == middle)

    def _job(
        self,
        name: str,
        *options: str,
        source: Path | None = None,
        output: contenders.JobOutput = "scores",
        parallelism: int = 1,
    ) -> Program:
        return contenders.job(
            name,
            source or self._inputs.first(self._sizes.job),
            self._sizes.job,
            self._inputs.folder,
            options=options,
            output=output,
            parallelism=parallelism,
        )

    def _naive(self) -> None:
        inputs, count = self._inputs, self._sizes.naive
        program = contenders.naive_pyflink(inputs.first(count), count, inputs.velocity_model, inputs.folder)
        self._measure(program)

    def _sql_over(self) -> None:
        inputs, count = self._inputs, self._sizes.sql_over
        self._measure(contenders.sql_over(inputs.first(count), count, inputs.velocity_model, inputs.folder))

    def _bytewax(self) -> None:
        inputs, count = self._inputs, self._sizes.bytewax
        arguments = (inputs.python, inputs.first(count), count, inputs.velocity_model, inputs.folder)
        self._measure(contenders.bytewax_worker(*arguments), contenders.bytewax_processes(*arguments))

    def _floor(self) -> None:
        inputs, count = self._inputs, self._sizes.floor
        self._measure(
            contenders.floor(inputs.python, inputs.first(count), count, inputs.raw_model, inputs.folder)
        )

    def _job_alone(self) -> None:
        self._measure(self._job("job"), self._job("job_alerts", output="alerts"))

    def _four_features(self) -> None:
        self._measure(self._job("four_features", *self._inputs.four_features.options))

    def _process(self) -> None:
        self._measure(self._job("process", "--python-mode", "process", output="alerts"))

    def _rocksdb(self) -> None:
        self._measure(self._job("rocksdb", "--state-backend", "rocksdb"))

    def _hot_key(self) -> None:
        self._measure(self._job("hot_key", source=self._inputs.with_hot_key()))

    def _parallelism(self) -> None:
        self._measure(*(self._job(f"parallelism_{slots}", parallelism=slots) for slots in SLOTS))

    def _accounts(self) -> None:
        programs = [
            contenders.job(
                f"accounts_{accounts}",
                self._inputs.spread_over(accounts),
                self._sizes.accounts_sweep,
                self._inputs.folder,
            )
            for accounts in (FEW_ACCOUNTS, MANY_ACCOUNTS)
        ]
        self._measure(*programs)

    def _windows(self) -> None:
        """Measure with alerts as output: with all features written, the longer lines would be measured."""
        programs = [
            self._job(f"windows_{windows}", *self._inputs.windows(windows).options, output="alerts")
            for windows in (FEW_WINDOWS, MANY_WINDOWS)
        ]
        self._measure(*programs)

    def _state(self) -> None:
        count = min(STATE_TRANSACTIONS, self._sizes.job)
        self.results.state = account_state(self._inputs.first(count), count)

    def _latency(self) -> None:
        rate = self.results.tx_per_s("job_alerts")
        if rate is None:
            msg = "the job's throughput was not measured, so no load can be chosen"
            raise RunFailedError(msg)
        offered = round(LOAD * rate)
        count = min(self._sizes.accounts_sweep, round(offered * (LATENCY_SPAN_S - LATENCY_RAMP_S / 2)))
        program = contenders.job(
            "latency",
            self._inputs.first(count),
            count,
            self._inputs.folder,
            options=["--source-rate", str(offered), "--source-ramp", f"{LATENCY_RAMP_S}s"],
            output="alerts",
            jvm_options=WHOLE_HEAP,
        )

        def read(output: list[Path]) -> None:
            with output[0].open("rb") as lines:
                self.results.latency = Latency(latency_percentiles(lines), offered)

        measured = measure(program, self._stop, self._on_sample, read)
        self.results.measurements["latency"] = measured

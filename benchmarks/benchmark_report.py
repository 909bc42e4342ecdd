"""Reports of the benchmark: JSON for programs, terminal tables, a picture and a page for docs/."""

from pathlib import Path
from typing import Any, Final, NamedTuple

from matplotlib import rc_context
from matplotlib.figure import Figure
from rich.table import Table

from benchmarks.benchmark_suite import (
    FEW_ACCOUNTS,
    FEW_WINDOWS,
    MANY_ACCOUNTS,
    MANY_WINDOWS,
    SLOTS,
    BenchmarkResults,
)
from benchmarks.machine import describe_machine
from benchmarks.result_tables import markdown_table, terminal_table

CONTENDERS: Final = {
    "job_alerts": "this job: full catalogue and scoring, alerts out",
    "job": "this job: the same, all scores and features out",
    "four_features": "this job: the rivals' four features and trees",
    "naive": "naive PyFlink: KeyedProcessFunction, defaults",
    "sql_over": "Flink SQL: OVER windows, row UDF",
    "bytewax_1_worker": "Bytewax, one worker",
    "bytewax_2_processes": "Bytewax, two processes",
    "floor": "floor: one thread, msgspec, no features",
}
JOB_RUNS: Final = {
    "process": "Python in a separate process, alerts out",
    "rocksdb": "RocksDB instead of the heap",
    "hot_key": "one account with 25 % of the transactions",
    f"accounts_{FEW_ACCOUNTS}": f"{FEW_ACCOUNTS:,} accounts",
    f"accounts_{MANY_ACCOUNTS}": f"{MANY_ACCOUNTS:,} accounts",
    f"windows_{FEW_WINDOWS}": f"{FEW_WINDOWS} windows, alerts out",
    f"windows_{MANY_WINDOWS}": f"{MANY_WINDOWS} windows, alerts out",
    **{f"parallelism_{slots}": f"parallelism {slots}" for slots in SLOTS},
}
BYTEWAX: Final = ("bytewax_1_worker", "bytewax_2_processes")

METHOD: Final = """\
Each contender runs in its own process, reads the same transactions in the same order from a file, and writes
one JSON line with the score per transaction. Its rate is the growth rate of its output after the first 30 %,
measured from outside; its start-up is the time to the first byte. Slow contenders get only the start of the
file. Lines are counted: a contender that loses a transaction has no figure.

This job runs with a parallelism of 1, which keeps two cores busy: parsing and features in one thread,
scoring and writing in another. It includes de-duplication, late transactions and the full catalogue. The
first row writes alerts, about as many bytes as the rivals. The second row writes about 2 KB per transaction,
all features and the score; so do all other runs of the job unless their label says otherwise. The third row
is this job with the rivals' work. The rivals compute count and sum over 5 minutes and an hour, score these
with the same number of trees of the same depth, and write only the score; none of them checkpoints its state
meanwhile. Bytewax reads a file with one worker, so its second process gets its share through a socket.

Latency is open loop, from the arrival of a transaction to its score, over all transactions that alerted: a
transaction arrives when it is due, however far the job is behind. The rate rises for 20 seconds, which are
not measured, to 70 % of the first row's rate, and holds for 40. The JVM has its whole heap from the start, as
in a TaskManager.

The files with one busy account, and with many or few accounts, have the same transactions, assigned to other
accounts.
"""


class Target(NamedTuple):
    """A target of the job and the measured value."""

    what: str
    measured: float | None
    bar: float
    is_at_least: bool = True

    @property
    def verdict(self) -> str:
        """``yes``, ``no``, or ``-`` without a measured value."""
        if self.measured is None:
            return "-"
        is_met = self.measured >= self.bar if self.is_at_least else self.measured <= self.bar
        return "yes" if is_met else "no"


class BenchmarkReport:
    """Renders the results in all forms."""

    def __init__(self, results: BenchmarkResults, machine: dict[str, str | int]) -> None:
        self._results = results
        self._machine = machine

    def to_json(self) -> dict[str, Any]:
        """Return the content of build/bench.json; a figure that was not measured is null."""
        results = self._results
        measured = results.measurements
        latency = results.latency
        return {
            "job_tx_per_s": _whole(results.tx_per_s("job")),
            "job_alerts_only_tx_per_s": _whole(results.tx_per_s("job_alerts")),
            "naive_tx_per_s": _whole(results.tx_per_s("naive")),
            "sql_over_tx_per_s": _whole(results.tx_per_s("sql_over")),
            "bytewax_tx_per_s": _whole(self._bytewax()),
            "floor_tx_per_s": _whole(results.tx_per_s("floor")),
            "tx_per_s": {name: _whole(run.tx_per_s) for name, run in measured.items()},
            "startup_s": {name: round(run.startup_s, 1) for name, run in measured.items()},
            "transactions": {name: run.transactions for name, run in measured.items()},
            "latency_ms": {
                "p50": latency.percentiles_ms.p50 if latency else None,
                "p99": latency.percentiles_ms.p99 if latency else None,
                "at_tx_per_s": latency.offered_tx_per_s if latency else None,
            },
            "ratios": {name: _rounded(value) for name, value in self._ratios().items()},
            "state_bytes_per_account": _whole(results.state.bytes_per_account) if results.state else None,
            "state_transactions_per_account": (
                _rounded(results.state.transactions_per_account) if results.state else None
            ),
            "failures": results.failures,
            "machine": self._machine,
        }

    def contenders(self) -> list[tuple[str, ...]]:
        """Return the rows of the first table: the contenders, compared with the naive job.

        Columns: contender, transactions per second, number of transactions, start-up, ratio to naive.
        """
        return self._rows(CONTENDERS, "naive")

    def job_runs(self) -> list[tuple[str, ...]]:
        """Return the rows of the second table: the job under other loads, compared with its base run."""
        return self._rows(JOB_RUNS, "job")

    def targets(self) -> list[Target]:
        """Return the job's targets with the measured values."""
        ratios, latency = self._ratios(), self._results.latency
        p50, p99 = latency.percentiles_ms if latency else (None, None)
        return [
            Target("transactions/s, alerts out", self._results.tx_per_s("job_alerts"), 50_000),
            Target("transactions/s, all scores and features out", self._results.tx_per_s("job"), 50_000),
            Target("rate relative to the naive job", ratios["job_to_naive"], 10),
            Target("latency p50 in the job at 70 % load, ms", p50, 20, is_at_least=False),
            Target("latency p99 in the job at 70 % load, ms", p99, 50, is_at_least=False),
            Target(
                f"rate, {MANY_ACCOUNTS:,} accounts / {FEW_ACCOUNTS:,}", ratios["many_accounts_to_few"], 0.8
            ),
            Target("rate, hot account / even load", ratios["hot_key_to_even"], 0.8),
            Target(f"rate, {MANY_WINDOWS} windows / {FEW_WINDOWS}", ratios["many_windows_to_few"], 0.5),
        ]

    def tables(self) -> list[Table]:
        """Return the tables for a terminal, without empty ones."""
        tables = [
            terminal_table(
                ("contender", *_RATE_COLUMNS, "x naive"), self.contenders(), "Contenders, same transactions"
            ),
            terminal_table(("variant", *_RATE_COLUMNS, "x job"), self.job_runs(), "Variants of the job"),
            terminal_table(_TARGET_COLUMNS, self._target_rows(), "Targets"),
        ]
        return [table for table in tables if table.row_count]

    def markdown(self) -> str:
        """Return the page for docs/."""
        return "\n".join(
            [
                "# Benchmark",
                "",
                f"Written by `make bench` on {describe_machine(self._machine)}.",
                "",
                "![transactions per second by contender](pictures/bench.svg)",
                "",
                *markdown_table(("contender", *_RATE_COLUMNS, "x naive"), self.contenders()),
                "",
                *markdown_table(("variant of the job", *_RATE_COLUMNS, "x job"), self.job_runs()),
                "",
                *markdown_table(_TARGET_COLUMNS, self._target_rows()),
                "",
                *self._state(),
                METHOD,
            ]
        )

    def _state(self) -> list[str]:
        state = self._results.state
        if state is None:
            return []
        text = (
            f"An account with {state.transactions_per_account:.0f} transactions in its windows takes "
            f"{state.bytes_per_account:,.0f} bytes in a savepoint, with either state backend."
        )
        return [text, ""]

    def picture(self, path: Path) -> None:
        """Draw the contenders' rates as bars."""
        rates = [
            (label, rate)
            for name, label in CONTENDERS.items()
            if (rate := self._results.tx_per_s(name)) is not None
        ]
        # Text elements, fixed ids and no date, so that the same figures give the same file.
        with rc_context({"svg.fonttype": "none", "svg.hashsalt": "bench", "font.family": "sans-serif"}):
            figure = Figure(figsize=(9, 0.5 * len(rates) + 1), layout="constrained")
            axes = figure.subplots()
            colours = ["#1f6feb" if label.startswith("this job") else "#8b949e" for label, _ in rates]
            bars = axes.barh([label for label, _ in rates], [rate for _, rate in rates], color=colours)
            axes.bar_label(bars, [f"{rate:,.0f}" for _, rate in rates], padding=4)
            axes.invert_yaxis()
            axes.margins(x=0.12)
            axes.set_xlabel("transactions per second")
            axes.xaxis.set_major_formatter("{x:,.0f}")
            axes.spines[["top", "right"]].set_visible(False)
            path.parent.mkdir(parents=True, exist_ok=True)
            figure.savefig(path, metadata={"Date": None})

    def _rows(self, labels: dict[str, str], base: str) -> list[tuple[str, ...]]:
        results = self._results
        return [
            (
                label,
                f"{run.tx_per_s:,.0f}",
                f"{run.transactions:,}",
                f"{run.startup_s:.1f}",
                _text(results.ratio(name, base)),
            )
            for name, label in labels.items()
            if (run := results.measurements.get(name)) is not None
        ]

    def _target_rows(self) -> list[tuple[str, ...]]:
        return [
            (
                target.what,
                _text(target.measured),
                f"{'≥' if target.is_at_least else '≤'} {target.bar:,g}",
                target.verdict,
            )
            for target in self.targets()
            if target.measured is not None
        ]

    def _ratios(self) -> dict[str, float | None]:
        results = self._results
        return {
            "job_to_naive": results.ratio("job", "naive"),
            "process_to_thread": results.ratio("process", "job_alerts"),
            "rocksdb_to_heap": results.ratio("rocksdb", "job"),
            "hot_key_to_even": results.ratio("hot_key", "job"),
            "many_accounts_to_few": results.ratio(f"accounts_{MANY_ACCOUNTS}", f"accounts_{FEW_ACCOUNTS}"),
            "many_windows_to_few": results.ratio(f"windows_{MANY_WINDOWS}", f"windows_{FEW_WINDOWS}"),
            "two_slots_to_one": results.ratio("parallelism_2", "job"),
        }

    def _bytewax(self) -> float | None:
        rates = [rate for name in BYTEWAX if (rate := self._results.tx_per_s(name)) is not None]
        return max(rates, default=None)


_RATE_COLUMNS: Final = ("tx/s", "transactions", "start-up, s")
_TARGET_COLUMNS: Final = ("metric", "measured", "target", "met")


def _text(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"  # noqa: PLR2004 - three digits or two decimals


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)

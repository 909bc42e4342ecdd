"""Cost of profiles to the job's throughput: ``python -m benchmarks.profile_cost``.

The job scores the same file in pairs of runs, without and with a profile store; the order alternates.
"""

import contextlib
import itertools
import statistics
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Final

import typer
from pydantic import SecretStr
from rich.console import Console

from benchmarks import contenders
from benchmarks.benchmark_inputs import Inputs, Sizes
from benchmarks.contender_run import Program, measure
from benchmarks.errors import RunFailedError, StoppedError
from benchmarks.machine import describe_machine, machine
from benchmarks.progress import OutputSample
from benchmarks.result_tables import markdown_table, terminal_table
from fraudstream.profiles.profile_store_factory import profile_store
from fraudstream.profiles.store_protocol import ProfileStoreError
from fraudstream.profiles.store_urls import parse_store_url
from fraudstream.runtime.command_app import run_command
from fraudstream.runtime.project_root import ROOT
from fraudstream.runtime.stop_signals import stop_on_signals
from fraudstream.runtime.terminal import write_error

FOLDER: Final = ROOT / "build" / "bench"
PAGE: Final = ROOT / "docs" / "profile-cost.md"
STORE_VARIABLE: Final = "FRAUDSTREAM_PROFILE_STORE"
MEGABYTE: Final = 1_000_000
COLUMNS: Final = ("pair", "without, tx/s", "with, tx/s", "ratio")
HEAD: Final = """# Cost of profiles to the job

Written by `python -m benchmarks.profile_cost`: the job scores {transactions:,} transactions of a file
in pairs of runs, without and with a [profile store](profiles.md), as fast as it can, writing alerts.
A first run warms up the machine and is not counted. The order within the pairs alternates. *Ratio* is the
throughput with a store divided by that without; the promise is at least {promise:.2f}.

At this rate the job changes more profiles than it may write: a flush gets 5 % of a task's time and the writer
10 % of the processors, so the rest waits, coalesced, in bounded memory, and is written afterwards
([ADR 36](adr/0036-profiles-from-the-job.md)). The limits, not the store, bound the cost.

{machine}

"""
PROMISE: Final = 0.85


@dataclass(frozen=True, slots=True)
class Pair:
    """Throughput of two runs in transactions per second."""

    without: float
    with_store: float

    @property
    def ratio(self) -> float:
        """The part of the throughput that is left with a store."""
        return self.with_store / self.without


@dataclass(frozen=True, slots=True)
class StoreCost:
    """The pairs of one store, by the scheme of its URL."""

    store: str
    pairs: tuple[Pair, ...]

    @property
    def ratio(self) -> float:
        """The median of the pairs' ratios."""
        return statistics.median(pair.ratio for pair in self.pairs)

    def rows(self) -> list[tuple[str, ...]]:
        """Return the cells of the table's rows."""
        rows = [
            (str(number), f"{pair.without:,.0f}", f"{pair.with_store:,.0f}", f"{pair.ratio:.2f}")
            for number, pair in enumerate(self.pairs, start=1)
        ]
        return [*rows, ("median", "", "", f"{self.ratio:.2f}")]


def page(costs: list[StoreCost], transactions: int, facts: dict[str, str | int]) -> str:
    """Return the page of the results."""
    lines = []
    for cost in costs:
        lines += [f"## {cost.store}", "", *markdown_table(COLUMNS, cost.rows()), ""]
    head = HEAD.format(transactions=transactions, promise=PROMISE, machine=describe_machine(facts))
    return head + "\n".join(lines)


def measured(program: Program, store: str, pairs: int, run: Callable[[Program], float]) -> StoreCost:
    """Return the cost of a store; ``run`` returns the transactions per second of a program."""
    with_store = replace(program, environment={**program.environment, STORE_VARIABLE: store})
    made = []
    for _, is_store_first in zip(range(pairs), itertools.cycle((False, True)), strict=False):
        _begin(store)
        if is_store_first:
            with_rate, without_rate = run(with_store), run(program)
        else:
            without_rate, with_rate = run(program), run(with_store)
        made.append(Pair(without_rate, with_rate))
    return StoreCost(parse_store_url(SecretStr(store)).scheme, tuple(made))


def _begin(url: str) -> None:
    """Remove the file of an earlier pair; raises `ProfileStoreError` for a server that can't be reached."""
    if parse_store_url(SecretStr(url)).scheme == "sqlite":
        for name in ("", "-wal", "-shm"):
            Path(url.removeprefix("sqlite:") + name).unlink(missing_ok=True)
        return
    with contextlib.closing(profile_store(SecretStr(url))) as store:
        store.progress()


def main(
    *,
    stores: Annotated[
        list[str] | None, typer.Option("--store", help="URL of a store, repeatable (default: a SQLite file)")
    ] = None,
    transactions: Annotated[int, typer.Option(min=1_000, help="Transactions of a run")] = 1_000_000,
    pairs: Annotated[int, typer.Option(min=1, help="Pairs of runs for each store")] = 5,
) -> None:
    """Measure what profiles cost the job and write docs/profile-cost.md; about a minute and a half a pair."""
    console = Console(soft_wrap=True)
    stop = stop_on_signals()
    inputs = Inputs(FOLDER, Sizes.of(transactions, is_full=False), stop)
    costs = []
    with tempfile.TemporaryDirectory(prefix="fraudstream-bench-") as name, console.status("input") as status:
        program = contenders.job("job", inputs.first(transactions), transactions, FOLDER, output="alerts")

        def run(each: Program) -> float:
            what = "with a store" if STORE_VARIABLE in each.environment else "without a store"

            def show(sample: OutputSample) -> None:
                status.update(f"{what}: {sample.size_bytes / MEGABYTE:,.1f} MB out, {sample.at_s:.0f} s")

            rate = measure(each, stop, show).tx_per_s
            console.print(f"{what}: {rate:,.0f} tx/s")
            return rate

        try:
            run(program)
            for store in stores or [f"sqlite:{Path(name) / 'profiles.sqlite'}"]:
                costs.append(measured(program, store, pairs, run))
                console.print(terminal_table(COLUMNS, costs[-1].rows(), costs[-1].store))
        except (ProfileStoreError, RunFailedError, StoppedError, ValueError) as error:
            write_error(str(error) or "stopped")
            raise typer.Exit(1) from None
    PAGE.write_text(page(costs, transactions, machine()))
    console.print(f"written: {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    run_command(main)

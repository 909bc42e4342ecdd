"""By how much writing profiles lowers the job's highest throughput: ``python -m benchmarks.profile_cost``.

The job runs over the same transactions alternately without a profile store and with one.
"""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Final, NamedTuple

import typer
from pydantic import SecretStr
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.benchmark_inputs import Sizes
from benchmarks.contenders import JobOutput
from benchmarks.errors import RunFailedError, StoppedError
from benchmarks.machine import machine
from benchmarks.profile_cost_page import SUMMARY_COLUMNS, CostPage, CostPair, StoreCost
from benchmarks.profile_cost_run import CostedJob, RunCost
from benchmarks.progress import OutputSample
from benchmarks.result_tables import terminal_table
from benchmarks.transaction_files import TransactionFiles
from fraudstream.profiles.profile_store_factory import profile_store
from fraudstream.profiles.store_protocol import ProfileStoreError
from fraudstream.profiles.store_urls import parse_store_url
from fraudstream.runtime.command_app import run_command
from fraudstream.runtime.project_root import ROOT
from fraudstream.runtime.stop_signals import stop_on_signals
from fraudstream.runtime.terminal import write_error

FOLDER: Final = ROOT / "build" / "profile-cost"
TRANSACTIONS: Final = ROOT / "build" / "bench" / "data"
"""Shared with the benchmark, whose transactions these are."""
FIGURES: Final = ROOT / "build" / "profile-cost.json"
PAGE: Final = ROOT / "docs" / "profile-cost.md"
OWN_SQLITE: Final = "sqlite"
"""In place of a URL: a SQLite file in a temporary folder, a new one for each run."""
NAMES: Final = {
    "sqlite": "SQLite",
    "postgresql": "PostgreSQL",
    "redis": "Redis",
    "rediss": "Redis with TLS",
    "dynamodb": "DynamoDB",
}
MEGABYTE: Final = 1_000_000


class Contents(NamedTuple):
    """Rows of a store and bytes of their profiles."""

    rows: int
    bytes: int


RunWith = Callable[[str | None], RunCost]
"""Runs the job with the store of a URL, without one for None."""


@dataclass(slots=True)
class CostRuns:
    """Measures stores in pairs of runs. ``on_run`` is called with the name of each run that begins."""

    run: RunWith
    on_run: Callable[[str], None]
    on_pair: Callable[[], None]

    def measure(self, store: str, cost: StoreCost, pairs: int) -> None:
        """Add pairs to ``cost``, every second one with the store first; raises as `CostedJob.run` does."""
        for number in range(pairs):
            cost.pairs.append(self._pair(store, cost, is_store_first=number % 2 == 1))
            self.on_pair()

    def _pair(self, store: str, cost: StoreCost, *, is_store_first: bool) -> CostPair:
        if is_store_first:
            with_store = self._with(store, cost)
            return CostPair(without=self._without(), with_store=with_store, first="with")
        without = self._without()
        return CostPair(without=without, with_store=self._with(store, cost), first="without")

    def _without(self) -> RunCost:
        self.on_run("no store")
        return self.run(None)

    def _with(self, store: str, cost: StoreCost) -> RunCost:
        self.on_run(cost.name)
        with store_url(store) as url:
            measured = self.run(url)
            cost.stored_rows, cost.stored_bytes = contents(url)
        return measured


@contextlib.contextmanager
def store_url(store: str) -> Iterator[str]:
    """Yield the URL of a store for a run; the file of `OWN_SQLITE` is deleted afterwards."""
    if store != OWN_SQLITE:
        yield store
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=FOLDER) as folder:
        yield f"sqlite:{Path(folder) / 'profiles.sqlite'}"


def contents(url: str) -> Contents:
    """Return what a store has. Raises `ProfileStoreError`."""
    store = profile_store(SecretStr(url))
    try:
        counts = store.counts()
    finally:
        store.close()
    return Contents(sum(each.rows for each in counts), sum(each.bytes for each in counts))


def name_of(store: str) -> str:
    """Return the name of a store for the page. Raises `ProfileStoreError` unless it is a URL."""
    if store == OWN_SQLITE:
        return NAMES[store]
    try:
        return NAMES[parse_store_url(SecretStr(store)).scheme]
    except ValueError as error:
        raise ProfileStoreError(str(error)) from None


def check_is_empty(store: str) -> None:
    """Raise `ProfileStoreError` if a store has profiles, as those of a bank would be replaced."""
    if store == OWN_SQLITE:
        return
    try:
        rows = contents(store).rows
    except ProfileStoreError:
        # It has no tables yet. If it can't be reached, the job says so.
        return
    if rows:
        msg = (
            f"the profile store {parse_store_url(SecretStr(store))} has {rows:,} profiles, which the "
            "benchmark might replace: use an empty store; empty this one if they are an earlier benchmark's"
        )
        raise ProfileStoreError(msg)


def main(
    *,
    store: Annotated[
        list[str] | None,
        typer.Option(
            envvar="PROFILE_COST_STORES",
            help="URL of an empty profile store, or sqlite for a temporary file; repeatable "
            "(default: sqlite). The variable has several with spaces between",
        ),
    ] = None,
    transactions: Annotated[int, typer.Option(min=1_000, help="Transactions per run")] = Sizes().job,
    pairs: Annotated[int, typer.Option(min=1, help="Pairs of runs per store")] = 5,
    output: Annotated[
        JobOutput, typer.Option(help="Output of the job: alerts alone, or all scores and features")
    ] = "alerts",
    page: Annotated[Path, typer.Option(help="Output file of the page")] = PAGE,
) -> None:
    """Measure the cost of writing profiles and write docs/profile-cost.md; a pair takes about two minutes.

    Exits with code 1 if a run failed.
    """
    stop = stop_on_signals()
    console = Console(soft_wrap=True)
    stores = store or [OWN_SQLITE]
    try:
        costs = [StoreCost(name_of(each), []) for each in stores]
        for each in stores:
            check_is_empty(each)
        report = CostPage(stores=costs, transactions=transactions, output=output, facts=machine())
        _measure(stores, report, pairs, stop, console)
    except StoppedError:
        console.print(f"stopped; the completed pairs are in {FIGURES}")
        raise typer.Exit(130) from None
    except (RunFailedError, ProfileStoreError) as error:
        write_error(str(error))
        raise typer.Exit(1) from None
    page.write_text(report.markdown())
    console.print(terminal_table(SUMMARY_COLUMNS, report.summary()), f"written: {page}, {FIGURES}", sep="\n")


def _measure(
    stores: Sequence[str], report: CostPage, pairs: int, stop: threading.Event, console: Console
) -> None:
    """Measure every store and save the figures so far after each pair."""
    columns = (TextColumn("{task.description:<20}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.fields[output]}"), console=console) as progress:
        task = progress.add_task("transactions", total=len(stores) * pairs, output="")
        count = report.transactions
        source, _ = TransactionFiles(TRANSACTIONS, stop).generated(count)
        job = CostedJob(source=source, transactions=count, output=report.output, folder=FOLDER)

        def on_run(name: str) -> None:
            progress.update(task, description=name, output="starting")

        def on_sample(sample: OutputSample) -> None:
            progress.update(task, output=f"{sample.size_bytes / MEGABYTE:,.0f} MB out, {sample.at_s:.0f} s")

        def on_pair() -> None:
            progress.advance(task)
            FIGURES.write_text(json.dumps(figures(report), indent=2) + "\n")

        def run(url: str | None) -> RunCost:
            return job.run(url, stop, on_sample)

        FOLDER.mkdir(parents=True, exist_ok=True)
        runs = CostRuns(run, on_run, on_pair)
        for store, cost in zip(stores, report.stores, strict=True):
            runs.measure(store, cost, pairs)


def figures(report: CostPage) -> dict[str, Any]:
    """Return the figures so far, JSON-ready."""
    return {
        "transactions": report.transactions,
        "output": report.output,
        "machine": report.facts,
        "stores": [asdict(store) for store in report.stores],
    }


if __name__ == "__main__":
    run_command(main)

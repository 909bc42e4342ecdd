"""Command line of the benchmark: ``python -m benchmarks``, run by `make bench` and `make bench-full`."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.benchmark_inputs import Inputs, Sizes
from benchmarks.benchmark_report import BenchmarkReport
from benchmarks.benchmark_suite import PARTS, BenchmarkResults, Part, Suite, chosen
from benchmarks.errors import StoppedError
from benchmarks.machine import machine
from benchmarks.progress import OutputSample
from fraudstream.runtime.command_app import run_command
from fraudstream.runtime.project_root import ROOT
from fraudstream.runtime.stop_signals import stop_on_signals

FOLDER: Final = ROOT / "build" / "bench"
DOCS: Final = ROOT / "docs"
MEGABYTE: Final = 1_000_000

console = Console()


def _part(text: str) -> str:
    if text not in PARTS:
        msg = f"unknown part {text!r}; use one of {', '.join(PARTS)}"
        raise typer.BadParameter(msg)
    return text


def main(
    *,
    full: Annotated[
        bool, typer.Option("--full", help="Repeat each run three times, and vary the parallelism")
    ] = False,
    only: Annotated[
        str | None, typer.Option(parser=_part, metavar="PART", help=f"Run only this part: {', '.join(PARTS)}")
    ] = None,
    transactions: Annotated[
        int, typer.Option(min=1_000, help="Transactions per run of the job; its rivals get at most as many")
    ] = Sizes().job,
    out: Annotated[Path, typer.Option(help="Output file of the figures")] = ROOT / "build" / "bench.json",
) -> None:
    """Measure this job beside its rivals and write the figures; without --only, also the page and picture.

    Exits with code 1 if a run failed. A missed target is shown but is not a failure.
    """
    stop = stop_on_signals()
    sizes = Sizes.of(transactions, is_full=full)
    parts = chosen(_as_part(only), is_full=full)
    facts = machine()

    def save(results: BenchmarkResults) -> None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(BenchmarkReport(results, facts).to_json(), indent=2) + "\n")

    try:
        results = _run(Inputs(FOLDER, sizes, stop), sizes, parts, stop, save)
    except StoppedError:
        console.print(f"stopped; the completed parts are in {out}")
        raise typer.Exit(130) from None
    report = BenchmarkReport(results, facts)
    console.print(*report.tables(), sep="\n")
    for part, failure in results.failures.items():
        # markup=False: brackets in a log are not markup.
        console.print(f"{part} failed: {failure}", style="red", markup=False, highlight=False)
    if results.failures:
        raise typer.Exit(1)
    if only is None:
        report.picture(DOCS / "pictures" / "bench.svg")
        (DOCS / "bench.md").write_text(report.markdown())
    console.print(f"written: {out}{'' if only else ', docs/bench.md and docs/pictures/bench.svg'}")


def _as_part(text: str | None) -> Part | None:
    return next((part for part in PARTS if part == text), None)


def _run(
    inputs: Inputs,
    sizes: Sizes,
    parts: list[Part],
    stop: threading.Event,
    save: Callable[[BenchmarkResults], None],
) -> BenchmarkResults:
    """Run the parts and save the results so far after each."""
    columns = (TextColumn("{task.description:<20}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.fields[output]}"), console=console) as progress:
        task = progress.add_task("", total=len(parts), output="")

        def on_run(name: str) -> None:
            progress.update(task, description=name, output="preparing")

        def on_sample(sample: OutputSample) -> None:
            progress.update(task, output=f"{sample.size_bytes / MEGABYTE:,.0f} MB out, {sample.at_s:.0f} s")

        suite = Suite(inputs, sizes, stop, on_run, on_sample)
        for part in parts:
            suite.run([part])
            save(suite.results)
            progress.advance(task)
    return suite.results


if __name__ == "__main__":
    run_command(main)

"""Command line of the soak test: ``python -m drills.soak``, run by `make soak`."""

import json
import shutil
import signal
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from benchmarks.machine import machine
from drills.cluster import ClusterError
from drills.soak import soak_report as report
from drills.soak.soak_figures import COMPARED_MINUTES, WARM_UP_MINUTES
from drills.soak.soak_run import Soaked, run
from fraudstream.runtime.command_app import run_command
from fraudstream.runtime.project_root import ROOT
from fraudstream.runtime.terminal import shown

BUILD: Final = ROOT / "build"
DOCS: Final = ROOT / "docs"
MIN_MINUTES: Final = WARM_UP_MINUTES + 2 * COMPARED_MINUTES
"""Minimum length of a soak: the warm-up and two periods to compare."""

console = Console()


def main(
    *,
    minutes: Annotated[int, typer.Option(min=MIN_MINUTES, help="Duration of the load, in minutes")] = 30,
    out: Annotated[Path, typer.Option(help="Output file of the figures")] = BUILD / "soak.json",
) -> None:
    """Run the job for a long time at 70 % of its maximum rate and check that nothing grows.

    Writes docs/soak.md and docs/pictures/soak.svg too. Exits with code 0 if memory, state and latency at the
    end are within their limits compared to the period after the warm-up, else with 1. Needs about 10 GB of
    disk for transactions and alerts.
    """
    # As on Ctrl-C, so that the processes that were started are ended.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        soaked = _run(BUILD / "soak", minutes)
    except ClusterError as error:
        console.print(shown(f"error: {error}"), style="red", markup=False, highlight=False)
        raise typer.Exit(1) from None
    facts = machine()
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(report.to_json(soaked, facts), indent=2) + "\n")
    report.picture(soaked, DOCS / "pictures" / "soak.svg")
    (DOCS / "soak.md").write_text(report.page(soaked, facts))
    console.print(report.table(soaked))
    console.print(f"written: {out}, docs/soak.md and docs/pictures/soak.svg")
    if not soaked.is_kept:
        raise typer.Exit(1)


def _run(folder: Path, minutes: int) -> Soaked:
    columns = (TextColumn("{task.description}"), BarColumn(20), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("starting", total=None)

        def tell(what: str, done: float, total: float) -> None:
            progress.update(task, description=what, completed=done, total=total)

        _clear(folder)
        try:
            return run(folder, minutes, tell)
        finally:
            _clear(folder)


def _clear(folder: Path) -> None:
    """Delete the files of the two runs; the transactions are kept for the next soak."""
    for name in ("maximum", "soak"):
        shutil.rmtree(folder / name, ignore_errors=True)


if __name__ == "__main__":
    run_command(main)

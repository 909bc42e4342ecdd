"""Command line of the drills: ``python -m drills``, run by `make drill`."""

import json
import signal
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from benchmarks.machine import machine
from drills.cluster import ClusterError
from drills.drill_report import fault_table, replace_measured_section, table, to_json
from drills.drill_suite import DrillResults, run
from drills.drill_view import DrillView
from drills.faults import FAULTS
from drills.load import Effort
from drills.rounds_file import FILE as ROUNDS_FILE
from drills.rounds_file import append_new, left
from fraudstream.runtime.command_app import run_command
from fraudstream.runtime.project_root import ROOT
from fraudstream.runtime.terminal import shown
from localstack.emulator import EmulatorError

PAGE: Final = ROOT / "docs" / "drill.md"
DEFAULTS: Final = Effort()

console = Console()


def _fault(text: str) -> str:
    if text not in FAULTS:
        msg = f"unknown fault {text!r}; use one of {', '.join(FAULTS)}"
        raise typer.BadParameter(msg)
    return text


def main(  # noqa: PLR0913 - the options of a command line
    *,
    only: Annotated[
        list[str] | None,
        typer.Option(parser=_fault, metavar="NAME", help="Run only this fault; repeatable"),
    ] = None,
    show_list: Annotated[bool, typer.Option("--list", help="List the faults and exit")] = False,
    transactions: Annotated[
        int, typer.Option(min=300, help="Records to send for each fault, not counting broken ones")
    ] = DEFAULTS.transactions,
    rate: Annotated[float, typer.Option(min=10, max=2_000, help="Records per second")] = DEFAULTS.rate,
    outage_seconds: Annotated[
        float, typer.Option(min=1, help="Seconds the endpoint or the checkpoint storage is unavailable")
    ] = DEFAULTS.outage_s,
    absence_seconds: Annotated[
        float, typer.Option(min=1, help="Seconds the alert consumer is down")
    ] = DEFAULTS.absence_s,
    broken: Annotated[int, typer.Option(min=7, help="Broken records to mix in")] = DEFAULTS.broken,
    seed: Annotated[
        int | None, typer.Option(help="Seed of random pairs of faults, which are run instead")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Number of random pairs")] = 10,
    rounds_file: Annotated[
        Path, typer.Option(help="File of the random pairs; those that it has are not run again")
    ] = ROUNDS_FILE,
    out: Annotated[Path, typer.Option(help="Output file of the figures")] = ROOT / "build" / "drill.json",
) -> None:
    """Inject one fault after the other while the job runs, and account for every transaction.

    Exits with code 0 if every fault was judged, nothing was lost or wrong, and no alert had an unexpected id;
    else with 1. A fault that is skipped because a right is missing counts as not judged if it was asked for
    by name, or if no other was judged. If every fault was injected and judged, the table in docs/drill.md is
    written too.

    With a seed, random pairs of faults are injected. The results are appended to a file; the same command
    resumes an interrupted series.
    """
    if show_list:
        console.print(fault_table(FAULTS.values()))
        return
    # As on Ctrl-C, so that the processes that were started are ended.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    effort = Effort(
        transactions=transactions,
        rate=rate,
        outage_s=outage_seconds,
        absence_s=absence_seconds,
        broken=broken,
    )

    waiting = [] if seed is None else left(rounds_file, seed, rounds, FAULTS)

    def save(results: DrillResults) -> None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(to_json(results), indent=2) + "\n")
        append_new(rounds_file, waiting, results)

    named = [fault for name, fault in FAULTS.items() if not only or name in only]
    faults = named if seed is None else [each.fault() for each in waiting]
    view = DrillView(console, len(faults))
    try:
        with view.shown():
            results = run(faults, effort, view, save)
    except (ClusterError, EmulatorError) as error:
        console.print(shown(f"error: {error}"), style="red", markup=False, highlight=False)
        raise typer.Exit(1) from None
    console.print(table(results))
    for name, reason in results.skipped.items():
        console.print(f"skipped: {name} {reason}")
    page_written = not only and seed is None and not results.failures and not results.skipped
    if page_written:
        PAGE.write_text(replace_measured_section(PAGE.read_text(), results, effort, machine()))
    console.print(f"written: {out}{' and docs/drill.md' if page_written else ''}")
    is_skipped_by_name = bool(only and results.skipped)
    is_nothing_judged = bool(faults) and not results.verdicts
    if is_skipped_by_name or is_nothing_judged or not results.is_survived:
        raise typer.Exit(1)


if __name__ == "__main__":
    run_command(main)

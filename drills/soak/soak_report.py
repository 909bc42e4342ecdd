"""Reports of a soak: JSON for programs, a terminal table, a picture and a page for docs/."""

import dataclasses
from pathlib import Path
from typing import Any, Final

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table

from benchmarks.machine import describe_machine
from benchmarks.result_tables import markdown_table, terminal_table
from drills.soak.soak_figures import COMPARED_MINUTES, WARM_UP_MINUTES, Minute
from drills.soak.soak_run import MAXIMUM_S, RAMP_S, SHARE, TIME_TO_LIVE, Soaked
from drills.soak.soak_traffic import ACCOUNTS

NAMES: Final = {
    "state_mb": "state, MB",
    "jvm_resident_mb": "JVM process, resident memory, MB",
    "python_resident_mb": "Python processes, resident memory, MB",
    "live_heap_mb": "JVM heap, live objects, MB",
    "non_heap_mb": "JVM classes and compiled code, MB",
    "p50_ms": "latency p50, ms",
    "p99_ms": "latency p99, ms",
}
PANELS: Final = {
    "memory, MB": {
        "JVM's process": "jvm_resident_mb",
        "JVM's heap after collections": "heap_mb",
        "Python's processes": "python_resident_mb",
    },
    "state, MB": {"newest checkpoint": "state_mb"},
    "thousand tx/s": {"transactions": "tx_per_s"},
    "latency, ms": {"p50": "p50_ms", "p99": "p99_ms"},
}
THOUSANDS: Final = "thousand tx/s"
COLUMNS: Final = ("metric", "after the warm-up", "at the end", "factor", "limit", "met")

METHOD: Final = f"""\
The job runs as on any cluster: a JobManager and a TaskManager, Python in a separate process, a checkpoint
every 10 s, state on the heap, parallelism 1. It reads the simulated bank's transactions from a file and
writes alerts to files, so that only the job's own speed counts; `make drill` covers Kinesis. First the job
reads as fast as it can until its state is full; its rate over the next {MAXIMUM_S:.0f} s is the maximum. Then
a new cluster gets {SHARE:.0%} of that rate, after a ramp of {RAMP_S} s. The {COMPARED_MINUTES} minutes after
a warm-up of {WARM_UP_MINUTES} are compared with the last {COMPARED_MINUTES}, by their medians.

The bank has {ACCOUNTS:,} accounts with about five transactions per day each, so more than a hundred days of
event time pass in ten minutes: windows of 30 days are soon full, and from then on as much leaves the state as
enters it. Accounts and devices come and go. The state of an entity that is not seen again expires by the
clock: on a stream after the longest window, the allowed lateness, the future tolerance and an hour; here,
where event time runs much faster than the clock, after {TIME_TO_LIVE} (`--source-ttl`).

The memory of a process is its resident memory; the JVM touches its whole heap at startup. Live objects are
those that a full collection leaves, right after a checkpoint (while one is written, changed state is in the
heap twice): the median of the counts in the last minute of the warm-up against that of the minute after the
end. Counting stops the job, so neither minute is part of the other comparisons. Latency is open loop: from
the time when a transaction was due, for transactions that alerted.
"""


def to_json(soaked: Soaked, facts: dict[str, str | int]) -> dict[str, Any]:
    """Return all figures as the content of build/soak.json."""
    return {
        "machine": facts,
        "maximum_tx_per_s": round(soaked.maximum_tx_per_s),
        "offered_tx_per_s": round(soaked.offered_tx_per_s),
        "minutes": [dataclasses.asdict(minute) for minute in soaked.minutes],
        "changes": [
            {**dataclasses.asdict(change), "factor": change.factor, "is_kept": change.is_kept}
            for change in soaked.changes
        ],
    }


def table(soaked: Soaked) -> Table:
    """Return the table of changes for a terminal."""
    return terminal_table(COLUMNS, _rows(soaked))


def page(soaked: Soaked, facts: dict[str, str | int]) -> str:
    """Return the page for docs/."""
    title = (
        f"{len(soaked.minutes)} minutes at {soaked.offered_tx_per_s:,.0f} transactions per second, "
        f"{SHARE:.0%} of the job's maximum of {soaked.maximum_tx_per_s:,.0f} on this machine."
    )
    return "\n".join(
        [
            "# Soak test",
            "",
            f"Written by `make soak` on {describe_machine(facts)}.",
            "",
            title,
            "",
            "![memory, state, rate and latency by minute](pictures/soak.svg)",
            "",
            *markdown_table(COLUMNS, _rows(soaked)),
            "",
            METHOD,
        ]
    )


def _rows(soaked: Soaked) -> list[tuple[str, ...]]:
    return [
        (
            NAMES[change.name],
            f"{change.first:,.0f}",
            f"{change.last:,.0f}",
            f"{change.factor:.3f}",
            f"{change.at_most:.2f}",
            "yes" if change.is_kept else "no",
        )
        for change in soaked.changes
    ]


def picture(soaked: Soaked, path: Path) -> None:
    """Draw memory, state, rate and latency over the minutes, one below the other."""
    # Text elements, fixed ids and no date, so that the same figures give the same file.
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "soak", "font.family": "sans-serif"}):
        figure = Figure(figsize=(9, 9), layout="constrained")
        panels = figure.subplots(len(PANELS), 1, sharex=True, height_ratios=(2, 1, 1, 1.4))
        for axes, (label, curves) in zip(panels, PANELS.items(), strict=True):
            for name, field in curves.items():
                _draw(axes, soaked.minutes, field, name, 1e-3 if label == THOUSANDS else 1.0)
            _dress(axes, label)
        panels[-1].set_xlabel("minute")
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, metadata={"Date": None})


def _draw(axes: Axes, minutes: list[Minute], field: str, name: str, unit: float) -> None:
    points = [(minute.minute, value) for minute in minutes if (value := getattr(minute, field)) is not None]
    axes.plot([at for at, _ in points], [unit * value for _, value in points], marker=".", label=name)


def _dress(axes: Axes, label: str) -> None:
    axes.set_ylabel(label)
    axes.set_ylim(bottom=0)
    axes.grid(axis="y", alpha=0.3)
    axes.axvspan(0, WARM_UP_MINUTES, color="0.93", zorder=0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="center right", fontsize=8, frameon=False)

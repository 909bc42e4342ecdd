"""CPU profile of the job as a page and a picture: ``python -m benchmarks.profiling``."""

import dataclasses
import threading
from pathlib import Path
from typing import Annotated, Final

import typer
from matplotlib import colormaps, rc_context
from matplotlib.figure import Figure
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from benchmarks import contenders
from benchmarks.async_profiler import EVENTS, INTERVAL_MS, SPAN_S, Sampler, fetch
from benchmarks.benchmark_inputs import Inputs, Sizes
from benchmarks.contender_run import measure
from benchmarks.errors import RunFailedError, StoppedError
from benchmarks.machine import describe_machine, machine
from benchmarks.progress import OutputSample
from benchmarks.result_tables import markdown_table, terminal_table
from benchmarks.stacks import OTHER, PARTS, TASKS, THREADS, Profile, read_stacks
from fraudstream.runtime.aws_settings import ENV_PREFIX
from fraudstream.runtime.command_app import run_command
from fraudstream.runtime.project_root import ROOT
from fraudstream.runtime.settings_sources import SettingsError
from fraudstream.runtime.stop_signals import stop_on_signals
from fraudstream.runtime.terminal import shown
from jobs.job_settings import JobSettings
from jobs.python_mode import python_mode

BUILD: Final = ROOT / "build"
DOCS: Final = ROOT / "docs"
MEGABYTE: Final = 1_000_000
SAMPLES_OF_A_CORE: Final = SPAN_S * 1000 / INTERVAL_MS
"""Number of samples of a thread that is busy on a core all the time."""
LABEL_FROM_PERCENT: Final = 4.0
"""Minimum percentage of a segment of the picture that is labelled; narrower ones have no room."""
STEPS: Final = 3
_COLOURS: Final = {
    name: colormaps["tab20"](n) for n, name in enumerate([*(rule.name for rule in PARTS), OTHER])
}
"""Colour by part instead of by size, so that two pictures can be compared."""

THREAD_COLUMNS: Final = ("thread", "share of CPU samples, %", "of one core, %")
PART_COLUMNS: Final = ("part", *(f"of {task}, %" for task in TASKS))
METHOD: Final = f"""\
The job reads the benchmark's transactions from a file with a parallelism of 1 and writes all features and the
score of each; its Python runs in a thread of Flink's process. After a third of the output, async-profiler
samples each thread for {SPAN_S} s, once per {INTERVAL_MS} ms of CPU time. A thread that waits for another
thread, a core or the disk has no samples. *windows* parses and computes features; *scoring* calls the model
and writes. They run in parallel, so savings count in the busier one. A sample belongs to one part: that of
the innermost frame that matches a rule of `benchmarks/stacks.py`, so a hash map counts where it is used.
*page faults* is the operating system's work for memory that any code touches for the first time; *other* has
no frame that matches a rule. There are some hundred samples per thread, from a single run: shares differ by
several points from run to run.
"""
NO_KERNEL: Final = (
    "This machine does not permit profiling of the kernel, so kernel work counts as that of its caller.\n"
)

console = Console()


@dataclasses.dataclass(frozen=True, slots=True)
class Page:
    """A profile, rendered as tables, page and picture."""

    profile: Profile
    transactions: int
    tx_per_s: float
    """Rate of the sampled run, including the profiler's overhead."""
    event: str
    facts: dict[str, str | int]

    def tables(self) -> list[Table]:
        """Return the tables for a terminal."""
        return [
            terminal_table(THREAD_COLUMNS, self._thread_rows()),
            terminal_table(PART_COLUMNS, self._part_rows()),
        ]

    def markdown(self) -> str:
        """Return the page for docs/."""
        where = describe_machine(self.facts)
        how_fast = f"{self.transactions:,} transactions at {self.tx_per_s:,.0f} per second"
        return "\n".join(
            [
                "# Profile",
                "",
                f"Written by `make profile` on {where}: {how_fast}, with the profiler running.",
                "",
                "![CPU time of the two task threads by part](pictures/profile.svg)",
                "",
                *markdown_table(THREAD_COLUMNS, self._thread_rows()),
                "",
                *markdown_table(PART_COLUMNS, self._part_rows()),
                "",
                METHOD + ("" if self.event == EVENTS[0] else NO_KERNEL),
                self.conclusion() + "\n",
            ]
        )

    def conclusion(self) -> str:
        """Return a sentence that names the bottleneck."""
        profile = self.profile
        busier, name = profile.busier, profile.bottleneck
        share, busy = profile.share_of_part(busier, name), _of_core(profile.threads[busier])
        return (
            f"The next bottleneck is *{name}*: {100 * share:.0f} % of *{busier}*, the busier of the two "
            f"threads with {busy:.0f} % of one core."
        )

    def picture(self, path: Path) -> None:
        """Draw a bar per task thread: its length is the thread's CPU time, its segments are the parts."""
        # Text elements, fixed ids and no date, so that the same figures give the same file.
        with rc_context({"svg.fonttype": "none", "svg.hashsalt": "profile", "font.family": "sans-serif"}):
            figure = Figure(figsize=(9, 3.4), layout="constrained")
            axes = figure.subplots()
            begins = [0.0] * len(TASKS)
            for name in self._part_names():
                widths = [_of_core(self.profile.parts[task][name]) for task in TASKS]
                bars = axes.barh(TASKS, widths, left=begins, color=_COLOURS[name], label=name)
                axes.bar_label(bars, [_figure(width) for width in widths], label_type="center", fontsize=8)
                begins = [begin + width for begin, width in zip(begins, widths, strict=True)]
            axes.invert_yaxis()
            axes.set_xlabel("CPU time, % of one core")
            axes.spines[["top", "right"]].set_visible(False)
            figure.legend(loc="outside lower center", ncols=5, fontsize=8, frameon=False)
            path.parent.mkdir(parents=True, exist_ok=True)
            figure.savefig(path, metadata={"Date": None})

    def _thread_rows(self) -> list[tuple[str, ...]]:
        """Return the rows of the thread groups that have samples, task threads first."""
        profile = self.profile
        return [
            (group, f"{100 * profile.share_of_thread(group):.1f}", f"{_of_core(profile.threads[group]):.1f}")
            for group in (*(rule.name for rule in THREADS), OTHER)
            if profile.threads[group]
        ]

    def _part_rows(self) -> list[tuple[str, ...]]:
        return [
            (name, *(_percent(self.profile.share_of_part(task, name)) for task in TASKS))
            for name in self._part_names()
        ]

    def _part_names(self) -> list[str]:
        """Return the parts that have samples, by size because the order of the rules has no meaning."""
        parts = self.profile.parts
        names = [rule.name for rule in PARTS if any(parts[task][rule.name] for task in TASKS)]
        return [*sorted(names, key=lambda name: -max(parts[task][name] for task in TASKS)), OTHER]


def main(
    *,
    transactions: Annotated[
        int, typer.Option(min=1_000, max=Sizes().accounts_sweep, help="Transactions to process")
    ] = 1_000_000,
) -> None:
    """Sample the threads of the running job; write docs/profile.md and docs/pictures/profile.svg.

    Exits with code 1 and writes nothing if the job or the profiler failed or ended too soon.
    """
    stop = stop_on_signals()
    try:
        python_mode(JobSettings.load(["--python-mode", "thread"]), is_on_cluster=False)
        page = _run(transactions, stop)
    except StoppedError:
        console.print("stopped; nothing was written")
        raise typer.Exit(130) from None
    except (RunFailedError, SettingsError) as error:
        # markup=False: brackets in a log are not markup.
        console.print(shown(str(error)), style="red", markup=False, highlight=False)
        raise typer.Exit(1) from None
    page.picture(DOCS / "pictures" / "profile.svg")
    (DOCS / "profile.md").write_text(page.markdown())
    console.print(*page.tables(), page.conclusion().replace("*", ""), sep="\n")
    console.print("written: docs/profile.md and docs/pictures/profile.svg")


def _run(transactions: int, stop: threading.Event) -> Page:
    columns = (TextColumn("{task.description:<20}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.fields[output]}"), console=console) as progress:
        task = progress.add_task("profiler", total=STEPS, output="preparing")
        command = fetch(BUILD / "async-profiler", stop)
        progress.update(task, description="transactions", advance=1)
        inputs = Inputs(BUILD / "bench", Sizes(), stop)
        job = contenders.job("profile", inputs.first(transactions), transactions, inputs.folder)
        program = dataclasses.replace(
            job, environment={**job.environment, f"{ENV_PREFIX}PYTHON_MODE": "thread"}
        )
        progress.update(task, description="job", advance=1)
        stacks = BUILD / "profile.collapsed"
        with Sampler(command, program.parts, transactions, stacks) as sampler:

            def on_sample(sample: OutputSample) -> None:
                sampler.on_sample(sample)
                text = f"{sample.size_bytes / MEGABYTE:,.0f} MB out, {sample.at_s:.0f} s"
                progress.update(task, output=f"{text}{', sampling' if sampler.is_sampling else ''}")

            measurement = measure(program, stop, on_sample)
            sampler.check()
        progress.advance(task)
    with stacks.open() as lines:
        profile = Profile.of(read_stacks(lines))
    return Page(profile, transactions, measurement.tx_per_s, sampler.event, machine())


def _of_core(samples: int) -> float:
    return 100 * samples / SAMPLES_OF_A_CORE


def _percent(share: float) -> str:
    return f"{100 * share:.1f}" if share else "-"


def _figure(percent: float) -> str:
    return f"{percent:.0f}" if percent >= LABEL_FROM_PERCENT else ""


if __name__ == "__main__":
    run_command(main)

"""One run of a contender: start its processes, measure their output, and always end them."""

import contextlib
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.errors import RunFailedError, StoppedError
from benchmarks.progress import OutputSample, OutputWatch, part_files, rate_per_s, startup_s
from benchmarks.transaction_files import count_lines
from fraudstream.runtime.aws_settings import ENV_PREFIX
from fraudstream.runtime.project_root import ROOT
from fraudstream.runtime.settings_sources import ENV_FILE_VARIABLE
from fraudstream.runtime.stop_signals import end_process

POLL_S: Final = 0.1
TIMEOUT_S: Final = 240.0
"""Timeout of a single run; the whole benchmark should end within 20 minutes."""
END_TIMEOUT_S: Final = 30.0
LOG_TAIL_LINES: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """The commands of a contender and the location of its output."""

    name: str
    commands: Sequence[Sequence[str]]
    """One command per process; the processes run in parallel."""
    transactions: int
    parts: Path
    """Folder whose part files grow during the run; emptied before it and deleted afterwards."""
    whole: Path | None = None
    """File into which the program merges its parts at its end; None if it does not."""
    has_line_for_each: bool = True
    """Whether each transaction has a line in the output; otherwise only some have."""
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """Result of a run."""

    name: str
    transactions: int
    tx_per_s: float
    startup_s: float


def measure(
    program: Program,
    stop: threading.Event,
    on_sample: Callable[[OutputSample], None],
    on_output: Callable[[list[Path]], None] | None = None,
) -> Measurement:
    """Run ``program`` to completion and return its rate.

    ``on_output`` can read the output files before they are deleted. Raises `RunFailedError` if the program
    fails, takes longer than `TIMEOUT_S` or loses a transaction, and `StoppedError` if ``stop`` is set
    meanwhile.
    """
    shutil.rmtree(program.parts, ignore_errors=True)
    program.parts.mkdir(parents=True)
    watch = OutputWatch(program.parts)
    log = program.parts.with_name(f"{program.name}.log")
    try:
        with _processes(program, log) as processes:
            _watch(program, processes, watch, stop, on_sample)
        output = [program.whole] if program.whole else part_files(program.parts)
        _check(program, processes, output, log)
        if on_output:
            on_output(output)
    finally:
        shutil.rmtree(program.parts, ignore_errors=True)
        if program.whole:
            program.whole.unlink(missing_ok=True)
    return Measurement(
        name=program.name,
        transactions=program.transactions,
        tx_per_s=rate_per_s(watch.samples, program.transactions),
        startup_s=startup_s(watch.samples),
    )


@contextlib.contextmanager
def _processes(program: Program, log: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Start the processes in their own sessions: Ctrl-C reaches only the benchmark, which ends them."""
    processes: list[subprocess.Popen[bytes]] = []
    with log.open("wb") as output:
        try:
            for command in program.commands:
                processes.append(  # noqa: PERF401 - started processes must be ended if the next start fails
                    subprocess.Popen(
                        command,
                        cwd=ROOT,
                        env=_environment(program.environment),
                        stdout=output,
                        stderr=subprocess.STDOUT,
                        start_new_session=True,
                    )
                )
            yield processes
        finally:
            for process in processes:
                end_process(process, END_TIMEOUT_S)


def _environment(additions: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without the user's fraudstream settings, which would affect the result."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(ENV_PREFIX)}
    return inherited | {ENV_FILE_VARIABLE: os.devnull, "PYTHONPATH": str(ROOT)} | dict(additions)


def _watch(
    program: Program,
    processes: Sequence[subprocess.Popen[bytes]],
    watch: OutputWatch,
    stop: threading.Event,
    on_sample: Callable[[OutputSample], None],
) -> None:
    deadline_s = time.monotonic() + TIMEOUT_S
    while any(process.poll() is None for process in processes):
        if stop.wait(POLL_S):
            raise StoppedError
        on_sample(watch.look())
        if any(process.poll() for process in processes):
            return
        if time.monotonic() > deadline_s:
            msg = f"{program.name} did not finish within {TIMEOUT_S:.0f} s"
            raise RunFailedError(msg)


def _check(
    program: Program, processes: Sequence[subprocess.Popen[bytes]], output: list[Path], log: Path
) -> None:
    codes = [process.returncode for process in processes]
    if any(codes):
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:])
        msg = f"{program.name} exited with codes {codes}; end of {log}:\n{tail}"
        raise RunFailedError(msg)
    lines = count_lines(output)
    is_complete = lines == program.transactions if program.has_line_for_each else lines > 0
    if not is_complete:
        msg = f"{program.name} wrote {lines:,} lines for {program.transactions:,} transactions; see {log}"
        raise RunFailedError(msg)

"""A contender's run: measured on success, stopped on request, rejected if it loses records."""

import os
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.contender_run import Program, measure
from benchmarks.errors import RunFailedError, StoppedError
from benchmarks.progress import OutputSample

WRITES_SLOWLY = """
import pathlib, sys, time
with (pathlib.Path(sys.argv[1]) / "part-0").open("w", buffering=1) as out:
    for number in range(int(sys.argv[2])):
        print(number, file=out)
        time.sleep(0.1)
"""
WAITS = """
import os, pathlib, sys, time
(pathlib.Path(sys.argv[1]) / "part-0").write_text(f"{os.getpid()}")
time.sleep(600)
"""


def program(folder: Path, code: str, *arguments: str) -> Program:
    parts = folder / "parts"
    return Program(
        name="probe",
        commands=[[sys.executable, "-c", code, str(parts), *arguments]],
        transactions=10,
        parts=parts,
    )


def ignore_progress(_sample: OutputSample) -> None:
    """Ignore progress."""


def test_a_run_gives_its_rate_and_cleans_up(tmp_path: Path) -> None:
    measured = measure(program(tmp_path, WRITES_SLOWLY, "10"), threading.Event(), ignore_progress)
    assert (measured.name, measured.transactions) == ("probe", 10)
    assert measured.tx_per_s > 0
    assert not (tmp_path / "parts").exists()


def test_the_output_can_be_read_before_it_is_deleted(tmp_path: Path) -> None:
    seen: list[str] = []

    def read(output: list[Path]) -> None:
        seen.extend(path.read_text() for path in output)

    measure(program(tmp_path, WRITES_SLOWLY, "10"), threading.Event(), ignore_progress, read)
    assert seen == ["".join(f"{number}\n" for number in range(10))]


def test_a_contender_that_writes_only_some_lines_must_write_at_least_one(tmp_path: Path) -> None:
    some = replace(program(tmp_path, WRITES_SLOWLY, "9"), has_line_for_each=False)
    assert measure(some, threading.Event(), ignore_progress).transactions == 10
    nothing = replace(program(tmp_path, WRITES_SLOWLY, "0"), has_line_for_each=False)
    with pytest.raises(RunFailedError, match="0 lines for 10 transactions"):
        measure(nothing, threading.Event(), ignore_progress)


def test_a_lost_transaction_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(RunFailedError, match="9 lines for 10 transactions"):
        measure(program(tmp_path, WRITES_SLOWLY, "9"), threading.Event(), ignore_progress)


def test_a_failing_program_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    with pytest.raises(RunFailedError, match="out of luck"):
        measure(program(tmp_path, "raise SystemExit('out of luck')"), threading.Event(), ignore_progress)


def pid_then_stop(parts: Path, stop: threading.Event, pids: list[int]) -> Callable[[OutputSample], None]:
    def on_sample(sample: OutputSample) -> None:
        if sample.size_bytes:
            pids.append(int((parts / "part-0").read_text()))
            stop.set()

    return on_sample


def test_a_stop_ends_the_process(tmp_path: Path) -> None:
    stop, pids = threading.Event(), list[int]()
    with pytest.raises(StoppedError):
        measure(program(tmp_path, WAITS), stop, pid_then_stop(tmp_path / "parts", stop, pids))
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)

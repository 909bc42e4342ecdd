"""Contenders of the benchmark: the job and its rivals, each as a `Program` to measure."""

import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

from benchmarks.contender_run import Program

JobOutput = Literal["scores", "alerts"]
BYTEWAX_WORKERS: Final = 2
_ACTIVATED: Final = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
"""PATH as in an activated environment of the project: PyFlink starts `python` from it."""


def job(  # noqa: PLR0913 - options of a run
    name: str,
    source: Path,
    transactions: int,
    folder: Path,
    *,
    options: Sequence[str] = (),
    output: JobOutput = "scores",
    parallelism: int = 1,
    jvm_options: str = "",
) -> Program:
    """Return this project's job in bounded mode.

    The output ``scores`` has a line with all features for each transaction, as in the Scored stream. The
    output ``alerts`` has a line for about one transaction in twenty, and about as many bytes as the rivals
    write.
    """
    whole = folder / f"{name}.jsonl"
    command = [sys.executable, "jobs/feature_job.py", "--source", str(source)]
    command += [f"--{output}-out", str(whole), "--parallelism", str(parallelism), *options]
    return Program(
        name=name,
        commands=[command],
        transactions=transactions,
        # The job writes parts there and merges them at its end.
        parts=whole.with_name(f"{whole.name}.parts"),
        whole=whole,
        has_line_for_each=output == "scores",
        environment={"JVM_ARGS": jvm_options},
    )


def naive_pyflink(source: Path, transactions: int, model: Path, folder: Path) -> Program:
    """Return the naive PyFlink job, as most people write it."""
    return _module("naive", sys.executable, "naive_pyflink", source, transactions, model, folder)


def sql_over(source: Path, transactions: int, model: Path, folder: Path) -> Program:
    """Return the Flink SQL job with OVER windows."""
    return _module("sql_over", sys.executable, "sql_over", source, transactions, model, folder)


def floor(python: Path, source: Path, transactions: int, model: Path, folder: Path) -> Program:
    """Return the floor; ``python`` is the interpreter of the rivals' environment."""
    return _module("floor", str(python), "floor", source, transactions, model, folder)


def bytewax_worker(python: Path, source: Path, transactions: int, model: Path, folder: Path) -> Program:
    """Return Bytewax with one worker."""
    parts = folder / "bytewax_1_worker"
    command = _bytewax(python, source, model, parts)
    return Program(name=parts.name, commands=[command], transactions=transactions, parts=parts)


def bytewax_processes(python: Path, source: Path, transactions: int, model: Path, folder: Path) -> Program:
    """Return Bytewax as a cluster of two processes, one per core: threads would share one GIL."""
    parts = folder / "bytewax_2_processes"
    addresses = ";".join(f"127.0.0.1:{port}" for port in _free_ports(BYTEWAX_WORKERS))
    commands = [
        [*_bytewax(python, source, model, parts), "-i", str(number), "-a", addresses]
        for number in range(BYTEWAX_WORKERS)
    ]
    return Program(name=parts.name, commands=commands, transactions=transactions, parts=parts)


def _bytewax(python: Path, source: Path, model: Path, parts: Path) -> list[str]:
    arguments = ", ".join(repr(str(path)) for path in (source, parts, model))
    return [str(python), "-m", "bytewax.run", f"benchmarks.rivals.bytewax_flow:flow({arguments})"]


def _module(  # noqa: PLR0913, PLR0917 - the parts of one command line
    name: str, python: str, module: str, source: Path, transactions: int, model: Path, folder: Path
) -> Program:
    parts = folder / name
    command = [python, "-m", f"benchmarks.rivals.{module}", str(source), str(parts), str(model)]
    return Program(
        name=name, commands=[command], transactions=transactions, parts=parts, environment=_ACTIVATED
    )


def _free_ports(count: int) -> list[int]:
    """Return loopback ports that are free at this moment."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for candidate in sockets:
            candidate.bind(("127.0.0.1", 0))
        return [candidate.getsockname()[1] for candidate in sockets]
    finally:
        for candidate in sockets:
            candidate.close()

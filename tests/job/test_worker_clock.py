"""The agent that gives a worker's JVM another clock, in a JVM of its own."""

import shutil
import subprocess
import time
from pathlib import Path

import pytest

from drills.cluster import Cluster
from drills.worker_clock import WorkerClock

PROBE = """\
package {package};

import java.util.function.LongSupplier;

public final class Probe {{
  static final long LONG = 1L << 40;

  public static void main(String[] arguments) throws Exception {{
    LongSupplier clock = System::currentTimeMillis;
    while (System.in.read() >= 0) {{
      System.out.println(System.currentTimeMillis() + " " + clock.getAsLong());
      System.out.flush();
    }}
  }}
}}
"""
HOUR_MS = 3_600_000


def find_java() -> str:
    java = shutil.which("java")
    assert java is not None
    return java


@pytest.mark.parametrize(("package", "is_stepped"), [("fraudstream.probe", True), ("elsewhere", False)])
def test_only_the_jobs_classes_and_flinks_see_the_step_while_they_run(
    *, package: str, is_stepped: bool, tmp_path: Path
) -> None:
    (tmp_path / "cluster").mkdir()
    (tmp_path / "clock").mkdir()
    cluster = Cluster(tmp_path / "cluster", {})
    clock = WorkerClock(cluster, tmp_path / "clock")
    source = tmp_path / "Probe.java"
    source.write_text(PROBE.format(package=package))
    cluster.run(["javac", "-d", str(tmp_path), str(source)])
    process = subprocess.Popen(
        [find_java(), clock.java_option(), "-cp", str(tmp_path), f"{package}.Probe"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        for offset_ms in (0, HOUR_MS, -HOUR_MS):
            clock.set_off(offset_ms)
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write("\n")
            process.stdin.flush()
            expected_ms = time.time() * 1_000 + (offset_ms if is_stepped else 0)
            found = [int(each) for each in process.stdout.readline().split()]
            assert len(found) == 2
            assert all(abs(each - expected_ms) < HOUR_MS / 10 for each in found)
    finally:
        process.communicate(timeout=60)

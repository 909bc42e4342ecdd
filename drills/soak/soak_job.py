"""Job of a soak on its own cluster, and the measurements of the job and its processes."""

import contextlib
import os
import re
import subprocess
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError

from deploy.package import package
from drills.cluster import (
    Cluster,
    ClusterError,
    attached_job,
    flink_command,
    start_jobmanager,
    start_taskmanager,
)
from drills.soak.soak_figures import SoakSample
from fraudstream.runtime.process_memory import resident_bytes
from fraudstream.runtime.settings_sources import ENV_FILE_VARIABLE
from jobs.environment import milliseconds
from jobs.job_settings import JobSettings

WORKER: Final = (
    "taskmanager.memory.process.size=6g",
    # State is on the heap, so Flink's managed memory would be unused.
    "taskmanager.memory.managed.fraction=0.1",
    "taskmanager.memory.jvm-metaspace.size=512m",
)
FRESH_METRICS: Final = "metrics.fetcher.update-interval=1000"
"""In milliseconds; with Flink's default a metric may be 10 s old."""
WHOLE_HEAP: Final = "-XX:+AlwaysPreTouch"
"""The JVM touches its whole heap at startup, so that first use of memory does not look like growth."""
MEGABYTE: Final = 1_000_000
PARSED: Final = "0.parse.numRecordsOut"
"""Metric of the first task's only subtask."""
JVM_METRICS: Final = {
    "heap_mb": "Status.JVM.Memory.Heap.Used",
    "non_heap_mb": "Status.JVM.Memory.NonHeap.Used",
    "direct_mb": "Status.JVM.Memory.Direct.MemoryUsed",
}
JVM: Final = "org.apache.flink.runtime.taskexecutor.TaskManagerRunner"
"""Substring of the command line of the TaskManager's own process."""
PYTHON_WORKER: Final = "pyflink.fn_execution"
"""Substring of the command lines of a TaskManager's Python processes."""


@dataclass(frozen=True)
class SoakJob:
    """A running job and its files of alerts."""

    cluster: Cluster
    job_id: str
    taskmanager: str
    folder: Path
    """Folder of the files of alerts."""

    def records(self) -> int:
        """Return the number of parsed transactions, from Flink's metric."""
        task = self.cluster.ask(f"/jobs/{self.job_id}")["vertices"][0]["id"]
        return int(self._metrics(f"/jobs/{self.job_id}/vertices/{task}", [PARSED])[PARSED])

    def state_mb(self) -> float:
        """Return the size of the newest checkpoint in megabytes."""
        return float(self._newest_checkpoint()["state_size"]) / MEGABYTE

    def alerts(self) -> Iterator[bytes]:
        """Yield the alerts written so far, as JSON lines."""
        # Files that Flink is writing begin with a dot and may end with a partial line.
        for part in sorted(self.folder.glob("*part-*")):
            with part.open("rb") as file:
                yield from (line for line in file if line.endswith(b"\n"))

    def sample(self, at_s: float) -> SoakSample:
        """Take a sample, ``at_s`` seconds after the start of the load."""
        resident = self._resident_mb()
        return SoakSample(
            at_s=at_s,
            records=self.records(),
            state_mb=self.state_mb(),
            jvm_resident_mb=sum(size for size, is_python in resident if not is_python),
            python_resident_mb=sum(size for size, is_python in resident if is_python),
            **self._jvm(),
        )

    def live_heap_mb(self) -> float:
        """Force a full collection of the JVM and return the live heap in megabytes.

        It first waits for the end of a checkpoint: while one is written, changed state is in the heap twice.
        """
        before = self._newest_checkpoint()["id"]
        self.cluster.wait_for("checkpoint", lambda: self._newest_checkpoint()["id"] != before)
        commands = self.cluster.commands("taskmanager")
        pid = next(pid for pid, command in commands.items() if JVM in command)
        answer = subprocess.run(
            ["jcmd", str(pid), "GC.class_histogram"],  # noqa: S607 - found on the PATH
            check=False,
            capture_output=True,
            text=True,
        )
        total = re.search(r"^Total\s+\d+\s+(\d+)", answer.stdout, re.MULTILINE)
        if total is None:
            msg = f"jcmd did not report the heap: {answer.stdout[-200:]}{answer.stderr[-200:]}"
            raise ClusterError(msg)
        return int(total[1]) / MEGABYTE

    def _newest_checkpoint(self) -> dict[str, Any]:
        """Return Flink's data on the newest completed checkpoint; `running_job` waits for the first one."""
        newest: dict[str, Any] = self.cluster.ask(f"/jobs/{self.job_id}/checkpoints")["latest"]["completed"]
        return newest

    def _jvm(self) -> dict[str, float]:
        values = self._metrics(f"/taskmanagers/{self.taskmanager}", JVM_METRICS.values())
        return {field: values[name] / MEGABYTE for field, name in JVM_METRICS.items()}

    def _metrics(self, of: str, names: Collection[str]) -> dict[str, float]:
        """Return metrics by name. Waits for them, as the JobManager learns of metrics with some delay."""
        values: dict[str, float] = {}

        def are_told() -> bool:
            answer = self.cluster.ask(f"{of}/metrics?get={','.join(names)}")
            values.update((metric["id"], float(metric["value"])) for metric in answer)
            return values.keys() >= set(names)

        self.cluster.wait_for("metrics", are_told)
        return values

    def _resident_mb(self) -> list[tuple[float, bool]]:
        """Return the resident memory of each TaskManager process, and whether it is a Python process."""
        commands = self.cluster.commands("taskmanager")
        return [(_resident_mb(pid), PYTHON_WORKER in command) for pid, command in commands.items()]


def _resident_mb(pid: int) -> float:
    try:
        return resident_bytes(pid) / MEGABYTE
    except FileNotFoundError:
        return 0.0


@contextmanager
def running_job(folder: Path, source: Path, *options: str) -> Iterator[SoakJob]:
    """Run the job over ``source`` on a new cluster while the block runs; it writes alerts to ``folder``.

    The job runs as on any cluster: with checkpoints, Python in its own process and parallelism 1.
    """
    (folder / "cluster").mkdir(parents=True)
    archive = folder / "fraudstream-python.zip"
    package(archive)
    alerts = folder / "alerts.jsonl"
    # Both JVM compilers, unlike in a drill: half an hour amortises the second one.
    environment = {"JVM_ARGS": "", "FLINK_ENV_JAVA_OPTS_TM": WHOLE_HEAP, ENV_FILE_VARIABLE: os.devnull}
    cluster = Cluster(folder / "cluster", environment)
    with contextlib.ExitStack() as ended:
        ended.callback(cluster.end_all)
        start_jobmanager(cluster, (FRESH_METRICS,))
        start_taskmanager(cluster, WORKER)
        cluster.wait_for("slots", cluster.has_slots)
        files = ("--source", str(source), "--alerts-out", str(alerts))
        command = attached_job(archive, *_checkpoints(cluster))
        cluster.start("job", flink_command(cluster, *command, *files, *options))
        cluster.wait_for("checkpoint", lambda: _has_checkpoint(cluster))
        yield SoakJob(
            cluster,
            job_id=cluster.ask("/jobs")["jobs"][0]["id"],
            taskmanager=cluster.ask("/taskmanagers")["taskmanagers"][0]["id"],
            folder=alerts.with_name(f"{alerts.name}.parts"),
        )


def _checkpoints(cluster: Cluster) -> list[str]:
    """Return the options that enable checkpoints, which are off in bounded mode."""
    interval_ms = milliseconds(JobSettings().checkpoint_interval)
    values = {"interval": f"{interval_ms} ms", "dir": cluster.checkpoints.as_uri()}
    return [f"-Dexecution.checkpointing.{key}={value}" for key, value in values.items()]


def _has_checkpoint(cluster: Cluster) -> bool:
    jobs = cluster.ask("/jobs")["jobs"]
    try:
        return bool(jobs and cluster.ask(f"/jobs/{jobs[0]['id']}/checkpoints")["counts"]["completed"])
    except HTTPError:
        # The JobManager has no checkpoint data before the job is set up.
        return False

"""A Flink cluster of real processes on loopback, from the distribution that PyFlink brings."""

import contextlib
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from fraudstream.runtime.project_root import ROOT
from localrun.job_process import free_port

JAR: Final = ROOT / "build" / "pyflink-dependencies.jar"
RUN_TIMEOUT_S: Final = 180.0
WAIT_TIMEOUT_S: Final = 180.0
END_TIMEOUT_S: Final = 20.0
PAUSE_S: Final = 0.3
ANSWER_TIMEOUT_S: Final = 30.0
LOG_TAIL: Final = 3_000
ROOM_FOR_JOBS: Final = (
    "taskmanager.memory.jvm-metaspace.size=1g",
    "taskmanager.memory.framework.off-heap.size=512m",
    "taskmanager.memory.process.size=3400m",
)
"""Each job leaves classes and direct memory behind (docs/deploy.md): with Flink's defaults the fourth ends
the worker."""
JOBS_A_WORKER: Final = 4
"""So many jobs a worker is given before it is replaced; the three of one fault more have room in it too."""
QUICK_START: Final = "-XX:TieredStopAtLevel=1"
"""No JVM here runs long enough to earn back what the second compiler costs."""
QUICK_HEARTBEAT: Final = "heartbeat.interval=1000"
"""In milliseconds; of two beats that reach nobody the JobManager takes a worker for dead."""


class ClusterError(Exception):
    """The cluster did not do what was asked of it; the message has what its processes said."""


def flink_home() -> Path:
    """Return PyFlink's folder, which is a Flink distribution."""
    spec = importlib.util.find_spec("pyflink")
    if spec is None or not spec.submodule_search_locations:
        msg = "there is no PyFlink in this Python: run `make setup`, and use .venv/bin/python"
        raise ClusterError(msg)
    return Path(spec.submodule_search_locations[0])


class Cluster:
    """Processes on loopback, each in a group of its own, its output in a file; all end with the cluster."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.rest_port = free_port()
        self.rpc_port = free_port()
        for name in ("log", "pid", "tmp", "lib", "checkpoints"):
            (folder / name).mkdir()
        binaries = Path(sys.executable).parent
        # From nothing: what lies in this process's environment by chance must not help.
        self.environment = {
            "PATH": f"{binaries}:{os.environ['PATH']}",
            "FLINK_LOG_DIR": str(folder / "log"),
            "FLINK_PID_DIR": str(folder / "pid"),
            "JVM_ARGS": QUICK_START,
            "PYTHONDONTWRITEBYTECODE": "1",
            **{name: os.environ[name] for name in ("HOME", "JAVA_HOME", "LANG") if name in os.environ},
            **environment,
        }
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.worker_jobs = 0
        """Jobs that were started since the TaskManager was: each leaves something in it."""

    @property
    def rest_url(self) -> str:
        """Where the JobManager's REST API is."""
        return f"http://127.0.0.1:{self.rest_port}"

    @property
    def checkpoints(self) -> Path:
        """The folder under which each job has its checkpoints, unless the job says otherwise."""
        return self.folder / "checkpoints"

    def options(self) -> list[str]:
        """Return what every Flink process of this cluster is told: ports and folders of its own."""
        values = {
            "jobmanager.rpc.port": self.rpc_port,
            "rest.port": self.rest_port,
            "io.tmp.dirs": self.folder / "tmp",
        }
        return [argument for key, value in values.items() for argument in ("-D", f"{key}={value}")]

    def add_to_lib(self, *jars: Path) -> None:
        """Put jars beside Flink's own, as the Dockerfile does; the distribution itself stays as it is."""
        library = self.folder / "lib"
        for path in [*(flink_home() / "lib").glob("*.jar"), *jars]:
            (library / path.name).symlink_to(path)
        self.environment["FLINK_LIB_DIR"] = str(library)

    def start(
        self,
        name: str,
        command: list[str],
        environment: Mapping[str, str] | None = None,
        folder: Path = ROOT,
    ) -> None:
        """Start a process in ``folder`` that runs until the cluster ends; a second one adds to its output."""
        with self.output(name).open("ab") as output:
            self._processes[name] = subprocess.Popen(
                command,
                cwd=folder,
                env=self.environment | dict(environment or {}),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def run(self, command: list[str], environment: Mapping[str, str] | None = None) -> str:
        """Run a command to its end and return what it said; raises `ClusterError` if it fails."""
        done = self.attempt(command, environment)
        if done.returncode != 0:
            msg = f"{command}\n{done.stdout}\n{done.stderr}\n{self.logs()}"
            raise ClusterError(msg)
        return done.stdout

    def attempt(
        self, command: list[str], environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, which may be a failure."""
        return subprocess.run(
            command,
            cwd=ROOT,
            env=self.environment | dict(environment or {}),
            capture_output=True,
            text=True,
            check=False,
            timeout=RUN_TIMEOUT_S,
        )

    def output(self, name: str) -> Path:
        """Return the file that holds what the process ``name`` wrote."""
        return self.folder / f"{name}.out"

    def wait_for(self, what: str, is_there: Callable[[], object], timeout_s: float = WAIT_TIMEOUT_S) -> None:
        """Wait until ``is_there``; `ClusterError` past the time, or when one of the processes has ended."""
        deadline_s = time.monotonic() + timeout_s
        while not is_there():
            self.check(what)
            if time.monotonic() >= deadline_s:
                msg = f"no {what} within {timeout_s:.0f} s\n{self.logs()}"
                raise ClusterError(msg)
            time.sleep(PAUSE_S)

    def check(self, awaited: str) -> None:
        """Raise `ClusterError` if a process has ended by itself while ``awaited`` was waited for."""
        ended = [name for name, process in self._processes.items() if process.poll() is not None]
        if ended:
            msg = f"{', '.join(ended)} ended while {awaited} was waited for\n{self.logs()}"
            raise ClusterError(msg)

    def has_slots(self) -> bool:
        """Whether a TaskManager has told the JobManager of its slots."""
        try:
            return bool(self.ask("/overview")["slots-total"])
        except OSError:
            return False

    def job_states(self) -> list[str]:
        """Return the state of each job that the cluster knows."""
        return [job["state"] for job in self.ask("/jobs/overview")["jobs"]]

    def ask(self, path: str, body: object = None, method: str | None = None) -> Any:  # noqa: ANN401 - JSON
        """Return the answer of the JobManager's REST API; a ``body`` makes it a request to do something."""
        request = urllib.request.Request(  # noqa: S310 - the cluster's own
            f"{self.rest_url}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=ANSWER_TIMEOUT_S) as answer:  # noqa: S310 - the same
            return json.load(answer)

    def has(self, name: str) -> bool:
        """Whether a process of this name was started, and not ended since."""
        return name in self._processes

    def logs(self) -> str:
        """Return the end of everything that the processes wrote, but for RocksDB's own logs."""
        files = [*self.folder.glob("*.out"), *(self.folder / "log").glob("*.log")]
        return "\n".join(
            f"--- {path.name}\n{path.read_text(errors='replace')[-LOG_TAIL:]}" for path in sorted(files)
        )

    def end(self, name: str) -> int:
        """Ask a process to end, kill it if it does not, and return its exit code: as a container is ended."""
        process = self._processes.pop(name)
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(END_TIMEOUT_S)
        _end_group(process)
        return process.wait()

    def commands(self, name: str) -> dict[int, str]:
        """Return the command line of a process and of each that it started, by process id."""
        group = str(self._processes[name].pid)
        said = subprocess.run(
            ["ps", "-ww", "-o", "pid=,args=", "-g", group],  # noqa: S607 - wherever the machine has it
            capture_output=True,
            text=True,
            check=True,
            timeout=RUN_TIMEOUT_S,
        )
        pairs = (line.split(maxsplit=1) for line in said.stdout.splitlines())
        return {int(pid): command for pid, command in pairs}

    def kill(self, name: str) -> None:
        """End a process and all that it started as a power cut does."""
        process = self._processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def end_all(self) -> None:
        """End what still runs, the youngest first: workers before their JobManager."""
        for name in reversed(list(self._processes)):
            self.end(name)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End what a process left behind in the group that was made for it."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


@contextmanager
def session_cluster(folder: Path, environment: Mapping[str, str]) -> Iterator[Cluster]:
    """Run a JobManager that takes jobs and a TaskManager with two slots while the block runs."""
    cluster = Cluster(folder, environment)
    try:
        start_jobmanager(cluster)
        start_taskmanager(cluster)
        cluster.wait_for("slots", cluster.has_slots)
        yield cluster
    finally:
        cluster.end_all()


def start_jobmanager(cluster: Cluster, options: tuple[str, ...] = (QUICK_HEARTBEAT,)) -> None:
    """Start the JobManager of a session cluster, without a job, with Flink's ``options`` (``key=value``).

    Checkpoints go to the cluster's folder.
    """
    script = str(flink_home() / "bin" / "jobmanager.sh")
    checkpoints = f"execution.checkpointing.dir={cluster.checkpoints.as_uri()}"
    _start(cluster, "jobmanager", script, (checkpoints, *options))


def start_taskmanager(cluster: Cluster, options: tuple[str, ...] = (QUICK_HEARTBEAT, *ROOM_FOR_JOBS)) -> None:
    """Start the worker of a session cluster, with two slots and Flink's ``options`` (``key=value``)."""
    script = str(flink_home() / "bin" / "taskmanager.sh")
    cluster.worker_jobs = 0
    _start(cluster, "taskmanager", script, ("taskmanager.numberOfTaskSlots=2", *options))


def renew_taskmanager(cluster: Cluster) -> None:
    """Replace a worker that has had `JOBS_A_WORKER` jobs by one that has had none; leave any other."""
    if cluster.worker_jobs < JOBS_A_WORKER:
        return
    cluster.end("taskmanager")
    start_taskmanager(cluster)
    cluster.wait_for("slots", cluster.has_slots)


def _start(cluster: Cluster, name: str, script: str, values: tuple[str, ...]) -> None:
    options = [argument for value in values for argument in ("-D", value)]
    command = [script, "start-foreground", *cluster.options(), *options]
    # Not in the project's folder: Python workers must have what the job brings along, as on another machine.
    cluster.start(name, command, folder=cluster.folder)


def flink(cluster: Cluster, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
    """Run Flink's own client; its first argument is the action, which the cluster's address follows."""
    return cluster.run(flink_command(cluster, *arguments), environment)


def flink_command(cluster: Cluster, *arguments: str) -> list[str]:
    """Return the command of Flink's own client."""
    action, *others = arguments
    address = ["-m", f"127.0.0.1:{cluster.rest_port}"]
    return [str(flink_home() / "bin" / "flink"), action, *address, *others]


def detached_job(archive: Path, *options: str) -> tuple[str, ...]:
    """Return how the client starts the job of this project: its action, and Flink's ``options`` for it.

    The job's own options follow; ``archive`` is the project's Python code, as `deploy.package` writes it.
    """
    return attached_job(archive, "--detached", *options)


def attached_job(archive: Path, *options: str) -> tuple[str, ...]:
    """Return the same for a client that stays until the job ends, as one over a file needs it."""
    return (
        *("run", *options, "--jarfile", str(JAR), "--python", "jobs/feature_job.py"),
        *("--pyFiles", str(archive)),
        *("--pyExecutable", sys.executable, "--pyClientExecutable", sys.executable),
    )


def submitted_job(output: str) -> str:
    """Return the id of the job that ``flink run`` says it has submitted."""
    found = re.search(r"JobID ([0-9a-f]{32})", output)
    if found is None:
        msg = f"flink run named no job: {output}"
        raise ClusterError(msg)
    return found.group(1)

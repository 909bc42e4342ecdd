"""Flink cluster of real processes on loopback, started from the distribution inside PyFlink."""

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

from fraudstream.runtime.loopback import open_url
from fraudstream.runtime.project_root import ROOT
from jobs.rest_options import CLOSED_TO_PAGES
from localrun.job_process import free_port

JAR: Final = ROOT / "build" / "pyflink-dependencies.jar"
GUARD: Final = ROOT / "build" / "fraudstream-rest-guard.jar"
"""Refuses the requests of web pages on Flink's REST port; it must be on the JobManager's own class path."""
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
"""Memory settings of the TaskManager. Each job leaves classes and direct memory behind (docs/deploy.md); with
Flink's defaults the fourth job crashes the worker."""
JOBS_A_WORKER: Final = 4
"""Number of jobs after which a worker is replaced. The memory also suffices for the three jobs of one more
fault."""
QUICK_START: Final = "-XX:TieredStopAtLevel=1"
"""First compiler only: no JVM here runs long enough to amortise the second one."""
QUICK_HEARTBEAT: Final = "heartbeat.interval=1000"
"""In milliseconds; after two failed heartbeats the JobManager considers a worker dead."""


class ClusterError(Exception):
    """The cluster failed or timed out. The message has the end of its processes' output."""


def flink_home() -> Path:
    """Return PyFlink's folder, which is a Flink distribution."""
    spec = importlib.util.find_spec("pyflink")
    if spec is None or not spec.submodule_search_locations:
        msg = "PyFlink is not installed in this Python; run `make setup`, and use .venv/bin/python"
        raise ClusterError(msg)
    return Path(spec.submodule_search_locations[0])


class Cluster:
    """Processes on loopback, each in its own process group with its output in a file.

    `end_all` ends them all.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.rest_port = free_port()
        self.rpc_port = free_port()
        for name in ("log", "pid", "tmp", "lib", "checkpoints"):
            (folder / name).mkdir()
        binaries = Path(sys.executable).parent
        # Built from scratch, so that nothing in this process's own environment can affect the cluster.
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
        """Jobs started since the TaskManager was started; each leaves memory behind in it."""

    @property
    def rest_url(self) -> str:
        """URL of the JobManager's REST API."""
        return f"http://127.0.0.1:{self.rest_port}"

    @property
    def checkpoints(self) -> Path:
        """Parent folder of the jobs' checkpoints, unless a job overrides it."""
        return self.folder / "checkpoints"

    def options(self) -> list[str]:
        """Return the options of every Flink process : its own ports and folders, and no web page."""
        values = {
            "jobmanager.rpc.port": self.rpc_port,
            "rest.port": self.rest_port,
            "io.tmp.dirs": self.folder / "tmp",
            **CLOSED_TO_PAGES,
        }
        return [argument for key, value in values.items() for argument in ("-D", f"{key}={value}")]

    def add_to_lib(self, *jars: Path) -> None:
        """Add jars beside Flink's own, as the Dockerfile does; the distribution itself is not changed."""
        library = self.folder / "lib"
        for path in [*(flink_home() / "lib").glob("*.jar"), *jars]:
            if not path.is_file():
                msg = f"{path} does not exist; run `make setup`"
                raise ClusterError(msg)
            (library / path.name).symlink_to(path)
        self.environment["FLINK_LIB_DIR"] = str(library)

    def start(
        self,
        name: str,
        command: list[str],
        environment: Mapping[str, str] | None = None,
        folder: Path = ROOT,
    ) -> None:
        """Start a process in ``folder`` that runs until the cluster ends.

        A later process of the same name appends to the same output file.
        """
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
        """Run a command to completion and return its output; raises `ClusterError` if it fails."""
        done = self.attempt(command, environment)
        if done.returncode != 0:
            msg = f"{command}\n{done.stdout}\n{done.stderr}\n{self.logs()}"
            raise ClusterError(msg)
        return done.stdout

    def attempt(
        self, command: list[str], environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to completion; a failure is not an error."""
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
        """Return the output file of the process ``name``."""
        return self.folder / f"{name}.out"

    def wait_for(self, what: str, is_there: Callable[[], object], timeout_s: float = WAIT_TIMEOUT_S) -> None:
        """Wait until ``is_there``; raises `ClusterError` after the timeout or if a process has exited."""
        deadline_s = time.monotonic() + timeout_s
        while not is_there():
            self.check(what)
            if time.monotonic() >= deadline_s:
                msg = f"timed out after {timeout_s:.0f} s waiting for {what}\n{self.logs()}"
                raise ClusterError(msg)
            time.sleep(PAUSE_S)

    def check(self, awaited: str) -> None:
        """Raise `ClusterError` if a process has exited; ``awaited`` is the awaited event, for the message."""
        ended = [name for name, process in self._processes.items() if process.poll() is not None]
        if ended:
            msg = f"{', '.join(ended)} exited while waiting for {awaited}\n{self.logs()}"
            raise ClusterError(msg)

    def has_slots(self) -> bool:
        """Return whether a TaskManager has registered its slots."""
        try:
            return bool(self.ask("/overview")["slots-total"])
        except OSError:
            return False

    def job_states(self) -> list[str]:
        """Return the states of all jobs of the cluster."""
        return [job["state"] for job in self.ask("/jobs/overview")["jobs"]]

    def ask(self, path: str, body: object = None, method: str | None = None) -> Any:  # noqa: ANN401 - JSON
        """Call the JobManager's REST API; with a ``body`` it is a POST request unless ``method`` is given."""
        request = urllib.request.Request(  # noqa: S310 - the cluster's own URL
            f"{self.rest_url}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
            method=method,
        )
        with open_url(request, ANSWER_TIMEOUT_S) as answer:
            return json.load(answer)

    def has(self, name: str) -> bool:
        """Return whether a process of this name was started and has not been ended or killed."""
        return name in self._processes

    def has_logged(self, text: str) -> bool:
        """Return whether a log of the cluster has this text in it."""
        return any(text in path.read_text(errors="replace") for path in self._logs())

    def _logs(self) -> Iterator[Path]:
        return (self.folder / "log").glob("*.log")

    def logs(self) -> str:
        """Return the end of each process's output and log, without RocksDB's own logs."""
        files = [*self.folder.glob("*.out"), *self._logs()]
        return "\n".join(
            f"--- {path.name}\n{path.read_text(errors='replace')[-LOG_TAIL:]}" for path in sorted(files)
        )

    def end(self, name: str) -> int:
        """Terminate a process, kill it if it does not exit, and return its exit code, as for a container."""
        process = self._processes.pop(name)
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(END_TIMEOUT_S)
        _end_group(process)
        return process.wait()

    def commands(self, name: str) -> dict[int, str]:
        """Return the command lines of a process and its children, by process id."""
        group = str(self._processes[name].pid)
        said = subprocess.run(
            ["ps", "-ww", "-o", "pid=,args=", "-g", group],  # noqa: S607 - found on the PATH
            capture_output=True,
            text=True,
            check=True,
            timeout=RUN_TIMEOUT_S,
        )
        pairs = (line.split(maxsplit=1) for line in said.stdout.splitlines())
        return {int(pid): command for pid, command in pairs}

    def signal(self, name: str, number: int) -> None:
        """Send a signal to a process and its children."""
        os.killpg(self._processes[name].pid, number)

    def pids(self, name: str) -> list[int]:
        """Return the ids of a process and its children."""
        return list(self.commands(name))

    def has_exited(self, name: str) -> bool:
        """Return whether a process has exited by itself."""
        return self._processes[name].poll() is not None

    def kill(self, name: str) -> None:
        """Kill a process and its children without warning, as in a power failure."""
        process = self._processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def end_all(self) -> None:
        """End the running processes in reverse order of start: workers before their JobManager."""
        for name in reversed(list(self._processes)):
            self.end(name)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """Kill the processes that are left in a process's group."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


@contextmanager
def session_cluster(folder: Path, environment: Mapping[str, str]) -> Iterator[Cluster]:
    """Run a session cluster, a JobManager and a TaskManager with two slots, while the block runs."""
    cluster = Cluster(folder, environment)
    cluster.add_to_lib(GUARD)
    try:
        start_jobmanager(cluster)
        start_taskmanager(cluster)
        cluster.wait_for("slots", cluster.has_slots)
        yield cluster
    finally:
        cluster.end_all()


def start_jobmanager(cluster: Cluster, options: tuple[str, ...] = (QUICK_HEARTBEAT,)) -> None:
    """Start the JobManager of a session cluster with Flink's ``options`` (``key=value``).

    Checkpoints are written to the cluster's folder.
    """
    script = str(flink_home() / "bin" / "jobmanager.sh")
    checkpoints = f"execution.checkpointing.dir={cluster.checkpoints.as_uri()}"
    _start(cluster, "jobmanager", script, (checkpoints, *options))


def start_taskmanager(
    cluster: Cluster,
    options: tuple[str, ...] = (QUICK_HEARTBEAT, *ROOM_FOR_JOBS),
    environment: Mapping[str, str] | None = None,
) -> None:
    """Start the TaskManager of a session cluster with two slots and Flink's ``options`` (``key=value``)."""
    script = str(flink_home() / "bin" / "taskmanager.sh")
    cluster.worker_jobs = 0
    _start(cluster, "taskmanager", script, ("taskmanager.numberOfTaskSlots=2", *options), environment)


@contextmanager
def taskmanager_with(cluster: Cluster, *options: str, java_options: tuple[str, ...] = ()) -> Iterator[None]:
    """Replace the TaskManager by one with more options of Flink and of Java while the block runs.

    After an error in the block it is not replaced again, because a cluster with an error is not used again.
    """
    _replace_taskmanager(cluster, options, java_options)
    yield
    _replace_taskmanager(cluster)


def _replace_taskmanager(
    cluster: Cluster, options: tuple[str, ...] = (), java_options: tuple[str, ...] = ()
) -> None:
    cluster.end("taskmanager")
    start_taskmanager(
        cluster,
        (QUICK_HEARTBEAT, *ROOM_FOR_JOBS, *options),
        {"JVM_ARGS": " ".join((QUICK_START, *java_options))},
    )
    cluster.wait_for("slots", cluster.has_slots)


def renew_taskmanager(cluster: Cluster) -> None:
    """Replace the TaskManager if it has run `JOBS_A_WORKER` jobs or more."""
    if cluster.worker_jobs < JOBS_A_WORKER:
        return
    _replace_taskmanager(cluster)


def _start(
    cluster: Cluster,
    name: str,
    script: str,
    values: tuple[str, ...],
    environment: Mapping[str, str] | None = None,
) -> None:
    options = [argument for value in values for argument in ("-D", value)]
    command = [script, "start-foreground", *cluster.options(), *options]
    # Not in the project's folder, so that Python workers only see the code shipped with the job.
    cluster.start(name, command, environment, folder=cluster.folder)


def flink(cluster: Cluster, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
    """Run the Flink client; the first argument is the action, after which the cluster's address is added."""
    return cluster.run(flink_command(cluster, *arguments), environment)


def flink_command(cluster: Cluster, *arguments: str) -> list[str]:
    """Return the command line of the Flink client."""
    action, *others = arguments
    address = ["-m", f"127.0.0.1:{cluster.rest_port}"]
    return [str(flink_home() / "bin" / "flink"), action, *address, *others]


def detached_job(archive: Path, *options: str) -> tuple[str, ...]:
    """Return the client's arguments that start this project's job detached, with Flink's ``options``.

    The job's own options follow them. ``archive`` is the project's code, as `deploy.package` writes it.
    """
    return attached_job(archive, "--detached", *options)


def attached_job(archive: Path, *options: str) -> tuple[str, ...]:
    """Return the same arguments for a client that stays until the job ends, as a bounded job needs."""
    return (
        *("run", *options, "--jarfile", str(JAR), "--python", "jobs/feature_job.py"),
        *("--pyFiles", str(archive)),
        *("--pyExecutable", sys.executable, "--pyClientExecutable", sys.executable),
    )


def submitted_job(output: str) -> str:
    """Return the job id from the output of ``flink run``; raises `ClusterError` if there is none."""
    found = re.search(r"JobID ([0-9a-f]{32})", output)
    if found is None:
        msg = f"the output of flink run has no job id: {output}"
        raise ClusterError(msg)
    return found.group(1)

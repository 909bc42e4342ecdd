"""A Flink cluster of real processes on loopback, from the distribution that PyFlink brings."""

import importlib.util
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from fraudstream.settings import ROOT

JAR: Final = ROOT / "build" / "pyflink-dependencies.jar"
RUN_TIMEOUT_S: Final = 180
WAIT_TIMEOUT_S: Final = 180
END_TIMEOUT_S: Final = 20
PAUSE_S: Final = 0.3
ANSWER_TIMEOUT_S: Final = 30
LOG_TAIL: Final = 3_000
ROOM_FOR_CLASSES: Final = (
    "taskmanager.memory.jvm-metaspace.size=1g",
    "taskmanager.memory.process.size=2560m",
)
"""Each job leaves some 50 MB of classes behind: with the default of 256 MB the fourth ends the worker."""
QUICK_START: Final = "-XX:TieredStopAtLevel=1"
"""No JVM here runs long enough to earn back what the second compiler costs."""
QUICK_HEARTBEAT: Final = "heartbeat.interval=1000"
"""In milliseconds; of two beats that reach nobody the JobManager takes a worker for dead."""


def flink_home() -> Path:
    """Return PyFlink's folder, which is a Flink distribution."""
    spec = importlib.util.find_spec("pyflink")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0])


def free_port() -> int:
    """Return a loopback port that nothing listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Cluster:
    """The processes of one test, each in a group of its own, its output in a file; all end with the test."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.rest_port = free_port()
        self.rpc_port = free_port()
        for name in ("log", "pid", "tmp", "lib", "checkpoints"):
            (folder / name).mkdir()
        binaries = Path(sys.executable).parent
        # From nothing: what other tests left in this process's environment must not help.
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

    @property
    def rest_url(self) -> str:
        """Where the JobManager's REST API is."""
        return f"http://127.0.0.1:{self.rest_port}"

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

    def start(self, name: str, command: list[str], environment: Mapping[str, str] | None = None) -> None:
        """Start a process that runs until the cluster ends; a second one of a name adds to its output."""
        with self.output(name).open("ab") as output:
            self._processes[name] = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment | dict(environment or {}),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def run(self, command: list[str], environment: Mapping[str, str] | None = None) -> str:
        """Run a command to its end and return what it said; fails the test if the command fails."""
        done = self.attempt(command, environment)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}\n{self.logs()}"
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

    def wait_for(self, what: str, is_there: Callable[[], object]) -> None:
        """Wait until ``is_there``; fails the test past the time, or when one of the processes has ended."""
        deadline_s = time.monotonic() + WAIT_TIMEOUT_S
        while not is_there():
            ended = [name for name, process in self._processes.items() if process.poll() is not None]
            assert not ended, f"{ended} ended while the test waited for {what}\n{self.logs()}"
            assert time.monotonic() < deadline_s, f"no {what} within {WAIT_TIMEOUT_S} s\n{self.logs()}"
            time.sleep(PAUSE_S)

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

    def logs(self) -> str:
        """Return the end of everything that the processes wrote, but for RocksDB's own logs."""
        files = [*self.folder.glob("*.out"), *(self.folder / "log").glob("*.log")]
        return "\n".join(
            f"--- {path.name}\n{path.read_text(errors='replace')[-LOG_TAIL:]}" for path in sorted(files)
        )

    def end(self, name: str) -> int:
        """Ask a process to end as a container is asked, and return its exit code."""
        process = self._processes.pop(name)
        process.terminate()
        try:
            return process.wait(END_TIMEOUT_S)
        finally:
            _end_group(process)

    def commands(self, name: str) -> str:
        """Return the command lines of a process and of all that it started, a line for each."""
        group = str(self._processes[name].pid)
        said = subprocess.run(
            ["ps", "-ww", "-o", "args=", "-g", group],  # noqa: S607 - wherever the machine has it
            capture_output=True,
            text=True,
            check=True,
            timeout=RUN_TIMEOUT_S,
        )
        return said.stdout

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
    process.wait()


@contextmanager
def session_cluster(folder: Path, environment: dict[str, str]) -> Iterator[Cluster]:
    """Run a JobManager that takes jobs and a TaskManager with two slots while the block runs."""
    cluster = Cluster(folder, environment)
    checkpoints = f"execution.checkpointing.dir={(folder / 'checkpoints').as_uri()}"
    script = str(flink_home() / "bin" / "jobmanager.sh")
    try:
        cluster.start(
            "jobmanager",
            [script, "start-foreground", *cluster.options(), "-D", checkpoints, "-D", QUICK_HEARTBEAT],
        )
        start_taskmanager(cluster)
        cluster.wait_for("slots", cluster.has_slots)
        yield cluster
    finally:
        cluster.end_all()


def start_taskmanager(cluster: Cluster) -> None:
    """Start the worker of a session cluster, with two slots."""
    script = str(flink_home() / "bin" / "taskmanager.sh")
    values = ("taskmanager.numberOfTaskSlots=2", QUICK_HEARTBEAT, *ROOM_FOR_CLASSES)
    options = [argument for value in values for argument in ("-D", value)]
    cluster.start("taskmanager", [script, "start-foreground", *cluster.options(), *options])


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
    return (
        *("run", "--detached", *options, "--jarfile", str(JAR), "--python", "jobs/feature_job.py"),
        *("--pyFiles", str(archive)),
        *("--pyExecutable", sys.executable, "--pyClientExecutable", sys.executable),
    )


def submitted_job(output: str) -> str:
    """Return the id of the job that ``flink run`` says it has submitted."""
    found = re.search(r"JobID ([0-9a-f]{32})", output)
    assert found, output
    return found.group(1)

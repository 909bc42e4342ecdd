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
LOG_TAIL: Final = 3_000


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

    def add_to_lib(self, jar: Path) -> None:
        """Put a jar beside Flink's own, as the Dockerfile does; the distribution itself stays as it is."""
        library = self.folder / "lib"
        for path in [*(flink_home() / "lib").glob("*.jar"), jar]:
            (library / path.name).symlink_to(path)
        self.environment["FLINK_LIB_DIR"] = str(library)

    def start(self, name: str, command: list[str], environment: Mapping[str, str] | None = None) -> None:
        """Start a process that runs until the cluster ends."""
        with self.output(name).open("wb") as output:
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
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=self.environment | dict(environment or {}),
            capture_output=True,
            text=True,
            check=False,
            timeout=RUN_TIMEOUT_S,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}\n{self.logs()}"
        return done.stdout

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
            return bool(self._ask("/overview")["slots-total"])
        except OSError:
            return False

    def job_states(self) -> list[str]:
        """Return the state of each job that the cluster knows."""
        return [job["state"] for job in self._ask("/jobs/overview")["jobs"]]

    def _ask(self, path: str) -> Any:  # noqa: ANN401 - JSON
        with urllib.request.urlopen(f"{self.rest_url}{path}", timeout=5) as answer:  # noqa: S310 - the cluster's own
            return json.load(answer)

    def logs(self) -> str:
        """Return the end of everything that the processes wrote."""
        files = [*self.folder.glob("*.out"), *(self.folder / "log").glob("*")]
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
    binaries = flink_home() / "bin"
    checkpoints = f"execution.checkpointing.dir={(folder / 'checkpoints').as_uri()}"
    slots = "taskmanager.numberOfTaskSlots=2"
    try:
        jobmanager = [str(binaries / "jobmanager.sh"), "start-foreground", *cluster.options()]
        cluster.start("jobmanager", [*jobmanager, "-D", checkpoints])
        taskmanager = [str(binaries / "taskmanager.sh"), "start-foreground", *cluster.options()]
        cluster.start("taskmanager", [*taskmanager, "-D", slots])
        cluster.wait_for("slots", cluster.has_slots)
        yield cluster
    finally:
        cluster.end_all()


def flink(cluster: Cluster, *arguments: str) -> str:
    """Run Flink's own client; its first argument is the action, which the cluster's address follows."""
    action, *others = arguments
    address = ["-m", f"127.0.0.1:{cluster.rest_port}"]
    return cluster.run([str(flink_home() / "bin" / "flink"), action, *address, *others])


def submitted_job(output: str) -> str:
    """Return the id of the job that ``flink run`` says it has submitted."""
    found = re.search(r"JobID ([0-9a-f]{32})", output)
    assert found, output
    return found.group(1)

"""The job as a child process that is started with the run, awaited until it reads, and ended with the run."""

import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError

from fraudstream.runtime.loopback import open_url
from localrun.logged_process import LoggedProcess, logged_process

READY_TIMEOUT_S: Final = 180.0
"""Startup timeout. JVM, mini cluster and Python workers start within 15 s on 2 idle cores."""
POLL_S: Final = 0.3


class JobProcess:
    """A running `jobs/feature_job.py`."""

    def __init__(self, process: LoggedProcess, rest_url: str) -> None:
        self._process = process
        self._rest_url = rest_url

    def wait_until_reading(self, stop: threading.Event) -> None:
        """Wait until every task of the job runs or ``stop`` is set.

        Raises `ProcessEndedError` if the job ends or is not running within `READY_TIMEOUT_S`.
        """
        deadline_s = time.monotonic() + READY_TIMEOUT_S
        while not self.is_reading():
            self.check()
            if time.monotonic() > deadline_s:
                what = f"the job was not running within {READY_TIMEOUT_S:.0f} s"
                raise self._process.error(what)
            if stop.wait(POLL_S):
                return

    def completed_checkpoints(self) -> int:
        """Return the number of checkpoints completed so far; the job must be running."""
        (job,) = self._ask("/jobs/overview")["jobs"]
        completed: int = self._ask(f"/jobs/{job['jid']}/checkpoints")["counts"]["completed"]
        return completed

    def check(self) -> None:
        """Raise `ProcessEndedError` if the job has ended."""
        self._process.check()

    def is_reading(self) -> bool:
        """Return whether every task of the job runs."""
        try:
            jobs = self._ask("/jobs/overview")["jobs"]
        except (URLError, ConnectionError, TimeoutError):
            return False
        return any(job["tasks"]["running"] == job["tasks"]["total"] > 0 for job in jobs)

    def _ask(self, path: str) -> Any:  # noqa: ANN401 - JSON
        with open_url(self._rest_url + path, 5) as response:
            return json.load(response)


@contextmanager
def job_process(
    arguments: Sequence[str], log: Path, variables: Mapping[str, str] | None = None
) -> Iterator[JobProcess]:
    """Run the job with ``arguments`` while the block runs; its output goes to ``log``.

    ``variables`` are added to its environment: settings that a list of processes must not show. The process
    does not receive the terminal's Ctrl-C: the run ends it after the last transactions.
    """
    port = free_port()
    command = ["jobs/feature_job.py", *arguments, "--rest-port", str(port)]
    with logged_process(command, "the job", log, variables) as process:
        yield JobProcess(process, f"http://127.0.0.1:{port}")


def free_port() -> int:
    """Return a loopback port that is free at this moment."""
    with socket.socket() as candidate:
        candidate.bind(("127.0.0.1", 0))
        port: int = candidate.getsockname()[1]
        return port

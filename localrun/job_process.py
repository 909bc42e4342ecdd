"""The job as a child process that is started with the run, awaited until it reads, and ended with the run."""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError

from fraudstream.runtime.loopback import open_url
from fraudstream.runtime.project_root import ROOT
from fraudstream.runtime.stop_signals import end_process

READY_TIMEOUT_S: Final = 180.0
"""Startup timeout. JVM, mini cluster and Python workers start within 15 s on 2 idle cores."""
END_TIMEOUT_S: Final = 30.0
POLL_S: Final = 0.3


class JobProcessError(Exception):
    """The job did not start, or ended too early. The message has the end of its log."""


class JobProcess:
    """A running `jobs/feature_job.py`."""

    def __init__(self, process: subprocess.Popen[bytes], rest_url: str, log: Path) -> None:
        self._process = process
        self._rest_url = rest_url
        self._log = log

    def wait_until_reading(self, stop: threading.Event) -> None:
        """Wait until every task of the job runs or ``stop`` is set.

        Raises `JobProcessError` if the job ends or is not running within `READY_TIMEOUT_S`.
        """
        deadline_s = time.monotonic() + READY_TIMEOUT_S
        while not self._all_tasks_run():
            self.check()
            if time.monotonic() > deadline_s:
                what = f"the job was not running within {READY_TIMEOUT_S:.0f} s"
                raise self._error(what)
            if stop.wait(POLL_S):
                return

    def completed_checkpoints(self) -> int:
        """Return the number of checkpoints completed so far; the job must be running."""
        (job,) = self._ask("/jobs/overview")["jobs"]
        completed: int = self._ask(f"/jobs/{job['jid']}/checkpoints")["counts"]["completed"]
        return completed

    def check(self) -> None:
        """Raise `JobProcessError` if the job has ended."""
        code = self._process.poll()
        if code is not None:
            what = f"the job exited with code {code}"
            raise self._error(what)

    def _all_tasks_run(self) -> bool:
        try:
            jobs = self._ask("/jobs/overview")["jobs"]
        except (URLError, ConnectionError, TimeoutError):
            return False
        return any(job["tasks"]["running"] == job["tasks"]["total"] > 0 for job in jobs)

    def _ask(self, path: str) -> Any:  # noqa: ANN401 - JSON
        with open_url(self._rest_url + path, 5) as response:
            return json.load(response)

    def _error(self, what: str) -> JobProcessError:
        tail = "\n".join(self._log.read_text(errors="replace").splitlines()[-20:])
        return JobProcessError(f"{what}; the end of {self._log}:\n{tail}")


@contextmanager
def job_process(arguments: Sequence[str], log: Path) -> Iterator[JobProcess]:
    """Run the job with ``arguments`` while the block runs; its output goes to ``log``.

    The process does not receive the terminal's Ctrl-C: the run ends it after the last transactions.
    """
    port = free_port()
    command = [sys.executable, "jobs/feature_job.py", *arguments, "--rest-port", str(port)]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield JobProcess(process, f"http://127.0.0.1:{port}", log)
        finally:
            end_process(process, END_TIMEOUT_S)


def free_port() -> int:
    """Return a loopback port that is free at this moment."""
    with socket.socket() as candidate:
        candidate.bind(("127.0.0.1", 0))
        port: int = candidate.getsockname()[1]
        return port

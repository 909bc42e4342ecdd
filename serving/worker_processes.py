"""Worker processes that share one port, each with an event loop, threads and a JVM of its own."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Final

from prometheus_client.multiprocess import mark_process_dead

from fraudstream.runtime.metrics_registry import SHARED_FOLDER
from fraudstream.runtime.stop_signals import stop_on_signals
from fraudstream.web.http_server import START_FAILED, check_port
from fraudstream.web.web_settings import WebSettings
from serving.serving_names import LOGGER

BACKLOG: Final = 2_048
POLL_S: Final = 0.2
RESTART_S: Final = 1.0
"""Pause before a worker that ended by itself is started again."""
GRACE_S: Final = 10.0
"""Time beyond ``shutdown_seconds`` after which a worker is killed."""
INVALID: Final = frozenset({2, START_FAILED})
"""Exit codes of a worker that can't start, and would fail again."""


def run_workers(settings: WebSettings, count: int) -> int:
    """Run ``count`` workers until Ctrl-C or SIGTERM; return the exit code of the process.

    A worker that ends by itself is started again; one that can't start ends all. Raises `SettingsError` if
    another program has the port.
    """
    check_port(settings)
    stop = stop_on_signals()
    with tempfile.TemporaryDirectory(prefix="fraudstream-metrics-") as folder, _listening(settings) as shared:
        group = _WorkerGroup(settings, shared, Path(folder))
        try:
            return group.run(count, stop)
        finally:
            group.end()


def _listening(settings: WebSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    shared = socket.create_server((settings.host, settings.port), family=family, backlog=BACKLOG)
    shared.set_inheritable(True)
    return shared


class _WorkerGroup:
    """The workers of one socket; they share their metrics through ``folder``."""

    def __init__(self, settings: WebSettings, shared: socket.socket, folder: Path) -> None:
        self._settings = settings
        self._shared = shared
        self._folder = folder
        self._workers: list[subprocess.Popen[bytes]] = []

    def run(self, count: int, stop: threading.Event) -> int:
        self._workers = [self._started() for _ in range(count)]
        while not stop.wait(POLL_S):
            for place, worker in enumerate(self._workers):
                code = worker.poll()
                if code is None:
                    continue
                mark_process_dead(worker.pid, str(self._folder))  # type: ignore[no-untyped-call]
                LOGGER.error("a worker ended", process=worker.pid, exit_code=code)
                if code in INVALID:
                    return code
                if stop.wait(RESTART_S):
                    break
                self._workers[place] = self._started()
        return 0

    def _started(self) -> subprocess.Popen[bytes]:
        host, port = self._settings.host, self._shared.getsockname()[1]
        descriptor = self._shared.fileno()
        arguments = ["--host", host, "--port", str(port), "--listening-descriptor", str(descriptor)]
        return subprocess.Popen(
            [sys.executable, "-m", "serving", *arguments],
            pass_fds=[descriptor],
            env=os.environ | {SHARED_FOLDER: str(self._folder)},
        )

    def end(self) -> None:
        """Ask the workers to end, and wait for them."""
        running = [worker for worker in self._workers if worker.poll() is None]
        for worker in running:
            worker.send_signal(signal.SIGTERM)
        for worker in running:
            try:
                worker.wait(self._settings.shutdown_seconds + GRACE_S)
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()

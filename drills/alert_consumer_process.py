"""The project's own consumer of alerts as a process, and what its handler has received."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import orjson

from drills.cluster import Cluster
from drills.emulator_environment import emulator_environment, stream_names
from drills.live_job import WrittenRecord
from fraudstream.runtime.clock import wall_clock_ms
from jobs.job_settings import JobSettings

NAME: Final = "alerts-consumer"
"""Of the process and of its output."""


class AlertConsumer:
    """``python -m alerts run --handler jsonl``: its store and its file are in ``folder``, new ones.

    It is one of the cluster's processes: if it ends by itself, whatever is waited for fails.
    """

    def __init__(self, cluster: Cluster, settings: JobSettings, folder: Path) -> None:
        self._cluster = cluster
        self._file = folder / "alerts.jsonl"
        self._environment = _environment(settings, folder)
        self._read_bytes = 0
        self.records: list[WrittenRecord] = []
        """What the handler has received, in its order; ``arrival_ms`` is when the drill saw it."""

    def start(self) -> None:
        """Start it, for the first time or anew: it goes on where its store says."""
        command = [sys.executable, "-m", "alerts", "run", "--handler", "jsonl", "--to", str(self._file)]
        self._cluster.start(NAME, command, self._environment)

    def kill(self) -> None:
        """End it as a power cut does."""
        self._cluster.kill(NAME)

    def close(self) -> None:
        """End it if it lives."""
        if self._cluster.has(NAME):
            self._cluster.end(NAME)

    def read(self) -> list[WrittenRecord]:
        """Return the lines that are new, without one that is only half written."""
        if not self._file.exists():
            return []
        with self._file.open("rb") as file:
            file.seek(self._read_bytes)
            whole, end, _ = file.read().rpartition(b"\n")
        self._read_bytes += len(whole + end)
        now_ms = wall_clock_ms()
        new = [WrittenRecord(orjson.loads(line), now_ms) for line in whole.splitlines()]
        self.records += new
        return new


def _environment(settings: JobSettings, folder: Path) -> Mapping[str, str]:
    return (
        emulator_environment(settings)
        | stream_names(settings)
        | {
            "ALERTS_STORE": f"sqlite:{folder / 'alerts.sqlite'}",
            "ALERTS_REFUSED": str(folder / "alerts-refused.jsonl"),
        }
    )

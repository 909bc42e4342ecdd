"""The project's alert consumer as a process, and the alerts that its handler has received."""

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
from localstack.tables import create_tables

NAME: Final = "alerts-consumer"
"""Name of the process and of its output file."""


class AlertConsumer:
    """Runs ``python -m alerts run --handler jsonl`` with a new store and a new file in ``folder``.

    It is one of the cluster's processes: if it exits by itself, the cluster's next wait fails.
    """

    def __init__(
        self, cluster: Cluster, settings: JobSettings, folder: Path, *, has_table: bool = False
    ) -> None:
        """Take ``has_table``: whether the store is a DynamoDB table, which is created, and not a file."""
        self._cluster = cluster
        self._settings = settings
        self._file = folder / "alerts.jsonl"
        self.table = f"progress-{settings.alerts_stream}"
        """Name of the store's table."""
        store = f"dynamodb:{self.table}" if has_table else f"sqlite:{folder / 'alerts.sqlite'}"
        self._environment = _environment(settings, folder, store)
        if has_table:
            self.create_table()
        self._read_bytes = 0
        self.records: list[WrittenRecord] = []
        """Alerts that the handler has received, in order; ``arrival_ms`` is when the drill read them."""

    def start(self) -> None:
        """Start or restart the consumer; it resumes at the position in its store."""
        command = [sys.executable, "-m", "alerts", "run", "--handler", "jsonl", "--to", str(self._file)]
        self._cluster.start(NAME, command, self._environment)

    def create_table(self) -> None:
        """Create the store's table if it does not exist."""
        create_tables(self._settings, self.table, f"unused-{self._settings.alerts_stream}")

    def messages(self) -> str:
        """Return what the consumer has printed so far."""
        return self._cluster.output(NAME).read_text(errors="replace")

    def kill(self) -> None:
        """Kill the consumer without warning, as in a power failure."""
        self._cluster.kill(NAME)

    def close(self) -> None:
        """End the consumer if it is running."""
        if self._cluster.has(NAME):
            self._cluster.end(NAME)

    def read_new(self) -> list[WrittenRecord]:
        """Return the new complete lines; a partial last line is left for the next read."""
        if not self._file.exists():
            return []
        with self._file.open("rb") as file:
            file.seek(self._read_bytes)
            complete_lines, end, _ = file.read().rpartition(b"\n")
        self._read_bytes += len(complete_lines + end)
        now_ms = wall_clock_ms()
        new = [WrittenRecord(orjson.loads(line), now_ms) for line in complete_lines.splitlines()]
        self.records += new
        return new


def _environment(settings: JobSettings, folder: Path, store: str) -> Mapping[str, str]:
    return (
        emulator_environment(settings)
        | stream_names(settings)
        | {
            "ALERTS_STORE": store,
            "ALERTS_REFUSED": str(folder / "alerts-refused.jsonl"),
        }
    )

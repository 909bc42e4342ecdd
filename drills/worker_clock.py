"""Wall clock of a worker's JVM that the drill can set, by a Java agent that is compiled here."""

import struct
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from drills.cluster import Cluster, taskmanager_with
from fraudstream.runtime.project_root import ROOT

SOURCES: Final = ROOT / "drills" / "clock_agent"
MANIFEST: Final = """\
Premain-Class: drills.clock.ClockAgent
Boot-Class-Path: {jar}
"""
"""The boot class path makes the clock visible to every class loader of Flink."""
OFFSET: Final = struct.Struct(">q")


class WorkerClock:
    """The clock of a TaskManager that `worker` starts; ``folder`` receives the agent and the offset."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self._cluster = cluster
        self._folder = folder
        self._offset = folder / "offset"
        self.set_off(0)

    def set_off(self, offset_ms: int) -> None:
        """Step the clock, so that it is off by this many milliseconds."""
        with self._offset.open("r+b" if self._offset.exists() else "wb", buffering=0) as file:
            # In place, and at once: the worker has the file in its memory.
            file.write(OFFSET.pack(offset_ms))

    def worker(self) -> AbstractContextManager[None]:
        """Replace the TaskManager by one with this clock while the block runs."""
        return taskmanager_with(self._cluster, java_options=(self.java_option(),))

    def java_option(self) -> str:
        """Compile the agent and return the option that starts a JVM with it."""
        return f"-javaagent:{self._jar()}={self._offset}"

    def _jar(self) -> Path:
        jar, manifest, classes = (self._folder / name for name in ("clock.jar", "manifest", "classes"))
        manifest.write_text(MANIFEST.format(jar=jar.name))
        self._cluster.run(["javac", "-d", str(classes), *map(str, SOURCES.glob("*.java"))])
        self._cluster.run(["jar", "cfm", str(jar), str(manifest), "-C", str(classes), "."])
        return jar

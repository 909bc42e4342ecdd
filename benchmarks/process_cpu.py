"""CPU time of the processes that a process has started, as Linux counts it."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")


class ProcessStat(NamedTuple):
    """A process at a moment; ``started`` tells it from another one that gets its number later."""

    pid: int
    parent: int
    started: int
    cpu_s: float


class DescendantsCpu:
    """CPU time of the descendants of a process, those that have ended included.

    What a process used between the last look and its end is not counted.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._seen: dict[tuple[int, int], float] = {}

    def seconds(self) -> float:
        """Look at all descendants; return the CPU-seconds of all that were ever seen."""
        found = {each.pid: each for each in process_stats()}
        for each in found.values():
            if (each.pid, each.started) in self._seen or _descends(each, self._pid, found):
                self._seen[each.pid, each.started] = each.cpu_s
        return sum(self._seen.values())


def process_stats() -> Iterator[ProcessStat]:
    """Yield every process of this machine."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                text = (folder / "stat").read_text()
            except (FileNotFoundError, ProcessLookupError):
                # It ended after it was listed.
                continue
            yield parse_stat(text)


def parse_stat(text: str) -> ProcessStat:
    """Parse ``/proc/PID/stat``; the name in it may have spaces and brackets."""
    pid, _, rest = text.partition(" ")
    fields = rest.rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    return ProcessStat(int(pid), int(fields[1]), int(fields[19]), ticks / TICKS_PER_S)


def _descends(process: ProcessStat, ancestor: int, processes: dict[int, ProcessStat]) -> bool:
    parent: ProcessStat | None = process
    while parent is not None:
        if parent.parent == ancestor:
            return True
        parent = processes.get(parent.parent)
    return False

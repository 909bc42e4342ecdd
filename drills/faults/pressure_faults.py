"""Faults of a worker that is not killed: out of memory, or stopped for a while."""

import contextlib
import resource
import signal
import time
from pathlib import Path
from typing import Final

from drills.cluster import ClusterError, start_taskmanager
from drills.faults.fault import Fault
from drills.stage import Stage

OUT_OF_MEMORY_TIMEOUT_S: Final = 90.0
CHECK_S: Final = 0.2
UNLIMITED: Final = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


def exhaust_memory(stage: Stage) -> None:
    """Let the TaskManager have no more memory than it has; restart it once it has exited of that."""
    with stage.fault("the TaskManager gets no more memory"):
        for pid in stage.cluster.pids("taskmanager"):
            with contextlib.suppress(ProcessLookupError):
                # Half, so that memory which it gives back is not enough for the next request.
                resource.prlimit(pid, resource.RLIMIT_AS, (_size_bytes(pid) // 2, resource.RLIM_INFINITY))
        until_s = time.monotonic() + OUT_OF_MEMORY_TIMEOUT_S
        while not stage.cluster.has_exited("taskmanager"):
            if time.monotonic() >= until_s:
                msg = "the TaskManager did not run out of memory; give more --transactions"
                raise ClusterError(msg)
            stage.read()
            time.sleep(CHECK_S)
        stage.cluster.kill("taskmanager")
    start_taskmanager(stage.cluster)


def _size_bytes(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[0])
    return pages * resource.getpagesize()


def stop_for_long(stage: Stage) -> None:
    """Stop the TaskManager's processes for longer than the JobManager waits for a heartbeat."""
    with stage.fault(f"the TaskManager stands still for {stage.effort.outage_s:.0f} s"):
        stage.cluster.signal("taskmanager", signal.SIGSTOP)
        try:
            stage.pause(stage.effort.outage_s)
        finally:
            stage.cluster.signal("taskmanager", signal.SIGCONT)


OUT_OF_MEMORY: Final = Fault(
    name="out_of_memory",
    description="the TaskManager may take no more memory, and exits; it is restarted",
    strike=exhaust_memory,
    may_repeat=True,
    # After another fault, too little of the load may be left to fill the memory.
    pairs=False,
)
LONG_PAUSE: Final = Fault(
    name="long_pause",
    description="the TaskManager stands still for a minute (SIGSTOP), then goes on",
    strike=stop_for_long,
    may_repeat=True,
)

"""Faults of processes: killed without warning, as in a power failure."""

from typing import Final

from drills.cluster import ClusterError, start_jobmanager, start_taskmanager
from drills.faults.fault import Fault
from drills.stage import Stage, kill

PYTHON_WORKERS: Final = ("pyflink.fn_execution.beam.beam_boot", "beam_sdk_worker_main")
"""Substrings that identify the command line of a TaskManager's Python worker (``pyflink-udf-runner.sh``)."""


def kill_taskmanager(stage: Stage) -> None:
    """Kill the TaskManager with its children and restart it, as a supervisor does."""
    with stage.fault("killing the TaskManager"):
        stage.cluster.kill("taskmanager")
    start_taskmanager(stage.cluster)


def kill_jobmanager(stage: Stage) -> None:
    """Kill and restart the JobManager, and start the job from its newest retained checkpoint."""
    with stage.fault("killing the JobManager"):
        stage.cluster.kill("jobmanager")
    checkpoint = stage.job.newest_checkpoint()
    start_jobmanager(stage.cluster)
    stage.wait("slots", stage.cluster.has_slots)
    stage.start_job(flink_options=("-s", checkpoint))


def kill_python_worker(stage: Stage) -> None:
    """Kill every Python process of the TaskManager; its JVM keeps running."""
    commands = stage.cluster.commands("taskmanager")
    workers = [pid for pid, command in commands.items() if any(part in command for part in PYTHON_WORKERS)]
    if not workers:
        msg = f"the TaskManager has no Python worker: {list(commands.values())}"
        raise ClusterError(msg)
    with stage.fault(f"killing {len(workers)} Python processes"):
        for pid in workers:
            kill(pid)


TASKMANAGER_KILLED: Final = Fault(
    name="taskmanager_killed",
    description="kill -9 the TaskManager in the middle of a window; it is restarted",
    strike=kill_taskmanager,
    may_repeat=True,
)
JOBMANAGER_KILLED: Final = Fault(
    name="jobmanager_killed",
    description="kill -9 the JobManager; it is restarted, and the job from the newest checkpoint",
    strike=kill_jobmanager,
    may_repeat=True,
    # The TaskManager keeps working until it has missed heartbeats for 50 s (Flink's heartbeat.timeout).
    pace=0.2,
)
PYTHON_WORKER_KILLED: Final = Fault(
    name="python_worker_killed",
    description="kill -9 the Python scoring processes",
    strike=kill_python_worker,
    may_repeat=True,
    options=("--python-mode", "process"),
)

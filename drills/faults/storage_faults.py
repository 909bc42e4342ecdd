"""Faults of the checkpoint storage: no checkpoint can be written, or the newest one is damaged."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from drills.cluster import ClusterError, start_jobmanager, start_taskmanager
from drills.faults.fault import Fault
from drills.stage import Stage

REFUSAL: Final = "no readable savepoint"
"""Words in which the job refuses a damaged checkpoint, before it is submitted."""
BLOCKED: Final = 200
"""Number of blocked checkpoints, more than can be due while the fault lasts."""


def fill_checkpoint_storage(stage: Stage) -> None:
    """Prevent new checkpoints for the duration of the outage; existing ones stay readable."""
    folder = stage.cluster.checkpoints / stage.job.job_id
    with (
        stage.fault(f"no checkpoint can be written for {stage.effort.outage_s:.0f} s"),
        full(folder),
    ):
        stage.pause(stage.effort.outage_s)
    completed = stage.job.completed_checkpoints()
    stage.wait("a checkpoint after the outage", lambda: stage.job.completed_checkpoints() > completed)


def kill_while_storage_is_full(stage: Stage) -> None:
    """Kill the TaskManager while no checkpoint can be written, and restart it."""
    folder = stage.cluster.checkpoints / stage.job.job_id
    with full(folder):
        with stage.fault("killing the TaskManager while no checkpoint can be written"):
            stage.cluster.kill("taskmanager")
        start_taskmanager(stage.cluster)
        stage.wait_for_more()
    completed = stage.job.completed_checkpoints()
    stage.wait("a checkpoint after the fault", lambda: stage.job.completed_checkpoints() > completed)


def truncate_newest_checkpoint(stage: Stage) -> None:
    """Kill the JobManager, cut off its newest checkpoint, and start from an older savepoint instead.

    The job must refuse the checkpoint: raises `ClusterError` if it starts from half of one.
    """
    savepoint = stage.job.savepoint(stage.folder)
    completed = stage.job.completed_checkpoints()
    stage.wait("a checkpoint after the savepoint", lambda: stage.job.completed_checkpoints() > completed)
    with stage.fault("killing the JobManager, and cutting off its newest checkpoint"):
        stage.cluster.kill("jobmanager")
    checkpoint = stage.job.newest_checkpoint()
    metadata = Path(urlsplit(checkpoint).path) / "_metadata"
    os.truncate(metadata, metadata.stat().st_size // 2)
    start_jobmanager(stage.cluster)
    stage.wait("slots", stage.cluster.has_slots)
    try:
        stage.start_job(flink_options=("-s", checkpoint))
    except ClusterError as refused:
        if REFUSAL not in str(refused):
            raise
    else:
        msg = f"the job started from half of the checkpoint {checkpoint}"
        raise ClusterError(msg)
    stage.start_job(flink_options=("-s", savepoint))


@contextmanager
def full(folder: Path) -> Iterator[None]:
    """Block the next checkpoints in a job's folder while the block runs.

    A file takes the place of each checkpoint's folder. Unlike revoked permissions, this also stops root.
    """
    newest = max((int(path.name.removeprefix("chk-")) for path in folder.glob("chk-*")), default=0)
    # The folder of the next checkpoint may exist already.
    places = [folder / f"chk-{number}" for number in range(newest + 1, newest + 1 + BLOCKED)]
    taken = [place for place in places if not place.exists()]
    for place in taken:
        place.touch()
    try:
        yield
    finally:
        for place in taken:
            place.unlink()


CHECKPOINT_STORAGE_FULL: Final = Fault(
    name="checkpoint_storage_full",
    description="no checkpoint can be written for a minute",
    strike=fill_checkpoint_storage,
)
KILLED_WHILE_FULL: Final = Fault(
    name="killed_while_storage_full",
    description="kill -9 the TaskManager while no checkpoint can be written; it is restarted",
    strike=kill_while_storage_is_full,
    may_repeat=True,
)
CHECKPOINT_TRUNCATED: Final = Fault(
    name="checkpoint_truncated",
    description="kill -9 the JobManager and cut off the newest checkpoint; the job starts from a savepoint",
    strike=truncate_newest_checkpoint,
    may_repeat=True,
    pace=0.2,
)

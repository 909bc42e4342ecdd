"""Fault of the checkpoint storage: no checkpoint can be written."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from drills.faults.fault import Fault
from drills.stage import Stage

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

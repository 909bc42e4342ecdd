"""Faults before the first checkpoint: the job has no state to come back to."""

from typing import Final

from drills.faults.fault import Fault
from drills.faults.process_faults import kill_taskmanager

NO_CHECKPOINT: Final = ("--checkpoint-interval", "1h")

KILLED_EARLY: Final = Fault(
    name="killed_before_checkpoint",
    description="kill -9 the TaskManager before the first checkpoint; the job starts over",
    strike=kill_taskmanager,
    options=NO_CHECKPOINT,
    awaits_checkpoint=False,
    may_repeat=True,
)
KILLED_EARLY_LATEST: Final = Fault(
    name="killed_before_checkpoint_latest",
    description="the same with --start-position LATEST; the job starts over at the time of its submission",
    strike=kill_taskmanager,
    options=(*NO_CHECKPOINT, "--start-position", "LATEST"),
    awaits_checkpoint=False,
    may_repeat=True,
)

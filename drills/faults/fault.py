"""Definition of a fault: the load, the job's options and the failure to inject."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Literal

from drills.load import Load, ordinary
from drills.root_rights import can_mount
from drills.stage import Stage
from fraudstream.domain.catalogue import BUILT_IN, Catalogue


def no_preparation(stage: Stage) -> AbstractContextManager[None]:  # noqa: ARG001 - see `Fault.prepared`
    """Leave the cluster as it is."""
    return nullcontext()


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A failure that is injected while a job runs under load."""

    name: str
    description: str
    """One line for the table of faults."""
    strike: Callable[[Stage], None]
    """Injects the fault, and does the repairs that an operator or a supervisor would have to do. It is called
    when a part of the load is scored, and marks the fault's start and end with `Stage.fault`."""
    prepared: Callable[[Stage], AbstractContextManager[None]] = no_preparation
    """Prepares the cluster before the job starts, and restores it once the job has ended."""
    needs: Literal["the right to mount"] | None = None
    """Right that the injection needs; see `is_possible`."""
    load: Load = ordinary
    options: tuple[str, ...] = ()
    """Command-line options of the job."""
    parallelism: int = 2
    """Parallelism of the job at its start."""
    pace: float = 1.0
    """Factor of the sending rate: lower for a long fault, so that the load outlasts it."""
    catalogue: Catalogue = BUILT_IN
    """Catalogue of the job at its start."""
    has_consumer: bool = False
    """Whether the project's alert consumer runs beside the job; the verdict then judges its output."""
    has_consumer_table: bool = False
    """Whether the consumer's store is a DynamoDB table, and not a SQLite file."""
    may_repeat: bool = False
    """Whether the fault makes the job start again from a checkpoint, so that it writes output again."""
    skew_ms: int = 0
    """How far the fault sets a worker's clock off."""
    awaits_checkpoint: bool = True
    """Whether the fault begins only after a checkpoint."""
    may_lose: bool = False
    """Whether the description states a loss: then it is reported, and the fault is survived all the same."""
    pairs: bool = True
    """Whether random rounds use it: not if it prepares the cluster, or takes until the end of the load."""

    @property
    def is_possible(self) -> bool:
        """Whether this process has the right that the injection needs."""
        return self.needs is None or can_mount()

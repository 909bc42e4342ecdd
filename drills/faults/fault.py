"""Definition of a fault: the load, the job's options and the failure to inject."""

from collections.abc import Callable
from dataclasses import dataclass

from drills.load import Load, ordinary
from drills.stage import Stage
from fraudstream.domain.catalogue import BUILT_IN, Catalogue


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A failure that is injected while a job runs under load."""

    name: str
    description: str
    """One line for the table of faults."""
    strike: Callable[[Stage], None]
    """Injects the fault, and does the repairs that an operator or a supervisor would have to do. It is called
    when a part of the load is scored, and marks the fault's start and end with `Stage.fault`."""
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
    may_repeat: bool = False
    """Whether the fault makes the job start again from a checkpoint, so that it writes output again."""
    skew_ms: int = 0
    """How far the fault sets a worker's clock off."""
    awaits_checkpoint: bool = True
    """Whether the fault begins only after a checkpoint."""
    may_lose: bool = False
    """Whether the description states a loss: then it is reported, and the fault is survived all the same."""
    pairs: bool = True
    """Whether random rounds use it: not if its injection takes until the end of the load."""

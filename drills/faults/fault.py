"""What a fault is: what is sent, which job it meets, and what goes wrong."""

from collections.abc import Callable
from dataclasses import dataclass

from drills.load import Load, ordinary
from drills.stage import Stage
from fraudstream.domain.catalogue import BUILT_IN, Catalogue


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that goes wrong while a job works under load."""

    name: str
    what: str
    """What happens, for whoever reads the table."""
    strike: Callable[[Stage], None]
    """Makes it happen, and repairs what a person or a supervisor would have to repair; called when a part
    of the load is scored. Takes note of beginning and end by `Stage.fault`."""
    load: Load = ordinary
    options: tuple[str, ...] = ()
    """Those of the job."""
    parallelism: int = 2
    """Slots of the job at its start."""
    pace: float = 1.0
    """Share of the rate at which the load is sent: less for a fault that takes long, so that it lasts."""
    catalogue: Catalogue = BUILT_IN
    """What the job starts with."""
    has_consumer: bool = False
    """Whether the project's consumer of alerts works beside the job, and is what the verdict looks at."""

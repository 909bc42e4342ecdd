"""Faults of the data: broken, duplicated and late records, and wrong event times. No component fails."""

from typing import Final

from drills.faults.fault import Fault
from drills.load import doubled_and_late, with_broken, with_wrong_clock
from drills.stage import Stage


def send_it_all(stage: Stage) -> None:
    """Send the whole load: the load itself is the fault."""
    with stage.fault("sending"):
        stage.wait("the end of the load", lambda: stage.sender.sent >= len(stage.items))


BROKEN_RECORDS: Final = Fault(
    name="broken_records",
    description="5,000 broken records of every kind, and one with an absurd number",
    strike=send_it_all,
    load=with_broken,
)
DOUBLED_AND_LATE: Final = Fault(
    name="doubled_and_late",
    description="every record is sent twice, and 5 % are up to 2 hours late",
    strike=send_it_all,
    load=doubled_and_late,
)
CLOCK_WRONG: Final = Fault(
    name="clock_wrong",
    description="the producer's clock is an hour ahead for a third of the load, then an hour behind",
    strike=send_it_all,
    load=with_wrong_clock,
)

"""Faults of the data: broken, duplicated and late records, and wrong event times. No component fails."""

from typing import Final

from drills.faults.fault import Fault
from drills.load import doubled_and_late, with_broken, with_conflicts, with_hot_account, with_wrong_clock
from drills.stage import Stage


def send_it_all(stage: Stage) -> None:
    """Send the whole load: the load itself is the fault."""
    with stage.fault("sending"):
        stage.wait_until_sent()


BROKEN_RECORDS: Final = Fault(
    name="broken_records",
    description="5,000 broken records of every kind, one with an absurd number, and a damaged aggregate",
    strike=send_it_all,
    pairs=False,
    load=with_broken,
)
DOUBLED_AND_LATE: Final = Fault(
    name="doubled_and_late",
    description="every record is sent twice, and 5 % are up to 2 hours late",
    strike=send_it_all,
    pairs=False,
    load=doubled_and_late,
)
CLOCK_WRONG: Final = Fault(
    name="clock_wrong",
    description="the producer's clock is an hour ahead for a third of the load, then an hour behind",
    strike=send_it_all,
    pairs=False,
    load=with_wrong_clock,
)
LETTER_FLOOD: Final = Fault(
    name="letter_flood",
    description="broken records beyond the limits of dead letters and reviews, which summaries count",
    strike=send_it_all,
    pairs=False,
    load=with_broken,
    options=("--dead-letters-per-minute", "50", "--review-alerts-of-task-per-minute", "20"),
)
HOT_ACCOUNT: Final = Fault(
    name="hot_account",
    description="two thirds of all transactions are those of one account",
    strike=send_it_all,
    pairs=False,
    load=with_hot_account,
)
CONFLICTING: Final = Fault(
    name="conflicting",
    description="every tenth transaction comes again with another amount",
    strike=send_it_all,
    pairs=False,
    load=with_conflicts,
)

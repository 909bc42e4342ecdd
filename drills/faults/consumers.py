"""A consumer of alerts that is away for a while."""

from typing import Final

from drills.faults.base import Fault
from drills.stage import Stage


def stop_consumer(stage: Stage) -> None:
    """Stop reading alerts, and go on later from where the reading stopped."""
    with stage.fault(f"nobody reads the alerts for {stage.effort.absence_s:.0f} s"):
        stage.leave_alerts(stage.effort.absence_s)


CONSUMER_DOWN: Final = Fault(
    name="consumer_down",
    what="the consumer of alerts is away for two minutes and goes on from its positions",
    strike=stop_consumer,
)

"""Fault of the alert consumer: killed, and restarted later."""

from typing import Final

from drills.cluster import ClusterError
from drills.faults.fault import Fault
from drills.stage import Stage


def kill_consumer(stage: Stage) -> None:
    """Kill the consumer while alerts arrive, and restart it later from its store."""
    stage.wait("alerts at the handler", lambda: bool(stage.consumer.records))
    with stage.fault(f"the alert consumer is killed, and down for {stage.effort.absence_s:.0f} s"):
        stage.consumer.kill()
        stage.pause(stage.effort.absence_s)
        if not stage.unhandled_alerts():
            msg = "no alert came while the consumer was down; give more --transactions or --absence-seconds"
            raise ClusterError(msg)
        stage.consumer.start()


CONSUMER_DOWN: Final = Fault(
    name="consumer_down",
    description="the alert consumer is killed, and restarted after two minutes",
    strike=kill_consumer,
    has_consumer=True,
)

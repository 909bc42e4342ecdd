"""Faults of the Kinesis endpoint: unreachable, or throttling."""

from typing import Final

from drills.cluster import ClusterError
from drills.faults.fault import Fault
from drills.stage import Stage

THROTTLED_SHARE: Final = 0.3


def lose_endpoint(stage: Stage) -> None:
    """Refuse every connection of producer and job for the duration of the outage."""
    with stage.fault(f"the endpoint is unreachable for {stage.effort.outage_s:.0f} s"), stage.endpoint.gone():
        stage.pause(stage.effort.outage_s)


def throttle(stage: Stage) -> None:
    """Throttle the producer's puts and the job's reads and puts until the whole load is sent."""
    with (
        stage.fault(f"{THROTTLED_SHARE:.0%} of all records and reads are throttled"),
        stage.endpoint.throttling(THROTTLED_SHARE),
    ):
        stage.wait("the end of the load", lambda: stage.sender.sent >= len(stage.items))
    if not stage.endpoint.throttled:
        msg = "nothing was throttled: producer and job bypass the drill's endpoint"
        raise ClusterError(msg)


ENDPOINT_GONE: Final = Fault(
    name="endpoint_gone",
    description="the Kinesis endpoint refuses every connection for a minute",
    strike=lose_endpoint,
    may_repeat=True,
)
THROTTLED: Final = Fault(
    name="throttled",
    description="30 % of the PutRecords records (producer and job) and 30 % of the reads are throttled",
    strike=throttle,
)

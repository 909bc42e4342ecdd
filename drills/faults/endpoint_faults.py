"""Faults of the Kinesis endpoint: unreachable, silent, refusing or throttling."""

from contextlib import AbstractContextManager
from typing import Final

from drills.cluster import ClusterError
from drills.faults.fault import Fault
from drills.stage import Stage

THROTTLED_SHARE: Final = 0.3
LOST_SHARE: Final = 0.2
REFUSED_SHARE: Final = 0.3
EXPIRED: Final = "ExpiredTokenException"
DENIED: Final = "AccessDeniedException"


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
        stage.wait_until_sent()
    if not stage.endpoint.throttled:
        msg = "nothing was throttled: producer and job bypass the drill's endpoint"
        raise ClusterError(msg)


def black_hole(stage: Stage) -> None:
    """Take every call of producer and job and answer none for the duration of the outage."""
    _hinder(stage, "no call is answered", stage.endpoint.silent())


def lose_answers(stage: Stage) -> None:
    """Put the records, but lose a part of the answers, until the whole load is sent."""
    with (
        stage.fault(f"{LOST_SHARE:.0%} of the answers to PutRecords are lost"),
        stage.endpoint.losing_answers(LOST_SHARE),
    ):
        stage.wait_until_sent()
    _check_hindered(stage)


def expire_credentials(stage: Stage) -> None:
    """Refuse every call of producer and job, as if their credentials had expired."""
    _hinder(stage, "credentials are expired", stage.endpoint.refusing(EXPIRED))


def deny_alerts(stage: Stage) -> None:
    """Refuse the calls to the stream of alerts."""
    refusing = stage.endpoint.refusing(DENIED, stage.settings.alerts_stream)
    _hinder(stage, "the stream of alerts denies access", refusing)


def deny_scored(stage: Stage) -> None:
    """Refuse the calls to the stream of scored transactions."""
    refusing = stage.endpoint.refusing(DENIED, stage.settings.scored_stream)
    _hinder(stage, "the stream of scores denies access", refusing)


def throttle_scored(stage: Stage) -> None:
    """Throttle every record of the stream of scored transactions; alerts must arrive meanwhile."""
    with (
        stage.fault("the stream of scores takes nothing"),
        stage.endpoint.throttling(1.0, stage.settings.scored_stream),
    ):
        before = len(stage.alerts.records)
        stage.wait(
            "alerts without scores", lambda: len(stage.alerts.records) > before or stage.sender.is_idle
        )
        stage.pause(stage.effort.outage_s)
        if len(stage.alerts.records) == before:
            msg = "no alert came while the stream of scores took nothing; give more --transactions"
            raise ClusterError(msg)


def refuse_some_alerts(stage: Stage) -> None:
    """Refuse a part of the alerts, always the same ones, while the others pass."""
    throttled = stage.endpoint.throttled
    with (
        stage.fault(f"a part of the alerts is refused for {stage.effort.outage_s:.0f} s"),
        stage.endpoint.refusing_some(REFUSED_SHARE, stage.settings.alerts_stream),
    ):
        stage.pause(stage.effort.outage_s)
    if stage.endpoint.throttled == throttled:
        msg = "no alert was refused: give more --transactions"
        raise ClusterError(msg)


def _hinder(stage: Stage, what: str, hindrance: AbstractContextManager[None]) -> None:
    """Hinder calls for the duration of the outage; raises `ClusterError` if none was."""
    with stage.fault(f"{what} for {stage.effort.outage_s:.0f} s"), hindrance:
        stage.pause(stage.effort.outage_s)
    _check_hindered(stage)


def _check_hindered(stage: Stage) -> None:
    if not stage.endpoint.hindered:
        msg = "no call was hindered: producer and job bypass the drill's endpoint"
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
    pairs=False,
)
BLACK_HOLE: Final = Fault(
    name="black_hole",
    description="the Kinesis endpoint takes calls and answers none for a minute",
    strike=black_hole,
    may_repeat=True,
)
ANSWERS_LOST: Final = Fault(
    name="answers_lost",
    description="a fifth of the PutRecords calls (producer and job) are executed, and their answers lost",
    strike=lose_answers,
    pairs=False,
    may_repeat=True,
)
CREDENTIALS_EXPIRED: Final = Fault(
    name="credentials_expired",
    description="every call of producer and job is refused for a minute with ExpiredTokenException",
    strike=expire_credentials,
    may_repeat=True,
)
ALERTS_DENIED: Final = Fault(
    name="alerts_denied",
    description="the stream of alerts answers AccessDeniedException for a minute",
    strike=deny_alerts,
    may_repeat=True,
)
SCORED_DENIED: Final = Fault(
    name="scored_denied",
    description="the stream of scored transactions answers AccessDeniedException for a minute",
    strike=deny_scored,
    may_repeat=True,
)
SCORED_THROTTLED: Final = Fault(
    name="scored_throttled",
    description="the stream of scored transactions takes nothing for a minute; alerts must go on",
    strike=throttle_scored,
)
ALERTS_REFUSED: Final = Fault(
    name="alerts_refused",
    description="the stream of alerts refuses 30 % of the alerts, the same ones, for a minute",
    strike=refuse_some_alerts,
)

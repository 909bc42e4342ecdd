"""Alerts to a service of AWS, one call each: what its errors mean for an alert."""

from collections.abc import Callable, Sequence
from typing import Final, Literal

from alerts.handlers.handler_protocol import HandlerError, HandlerOutcome, Refusal
from alerts.messages import Handover
from fraudstream.runtime.aws_errors import AWS_ERRORS, error_code, is_transient

Meaning = Literal["again", "refused", "broken"]

THROTTLED: Final = frozenset(
    {"Throttling", "Throttled", "ThrottledException", "RequestLimitExceeded", "TransactionConflictException"}
)
"""Beyond those of Kinesis (API references of SNS and DynamoDB, common errors)."""
BODY: Final = frozenset(
    {"ValidationException", "InvalidParameter", "InvalidParameterValue", "ParameterValueInvalid"}
)
"""The target takes alerts, but not this one: too large, or a value that it has no place for."""


class UnsuitableError(ValueError):
    """An alert that the service has no place for; the text names field and value."""


def meaning_of(error: Exception) -> Meaning:
    """Tell whether to try again, to give this one alert up, or to stop, as no alert would get through."""
    if isinstance(error, UnsuitableError):
        return "refused"
    code = error_code(error)
    if is_transient(error) or code in THROTTLED:
        return "again"
    return "refused" if code in BODY else "broken"


def one_by_one(
    batch: Sequence[Handover], send: Callable[[Handover], object], target: str, remedy: str
) -> HandlerOutcome:
    """Send each alert of a batch in order, up to the first that has to be tried again.

    ``target`` names the other side in what is said of it. Raises `HandlerError` with ``remedy`` where no
    alert would get through.
    """
    refused: list[Refusal] = []
    for place, each in enumerate(batch):
        try:
            send(each)
        except (*AWS_ERRORS, UnsuitableError) as error:
            said = f"{target}: {error}"
            meaning = meaning_of(error)
            if meaning == "again":
                return HandlerOutcome(refused, batch[place:], said)
            if meaning == "broken":
                msg = f"{said}; {remedy}"
                raise HandlerError(msg) from error
            refused.append(Refusal(each, said))
    return HandlerOutcome(refused)

"""Delivery of alerts to an AWS service, one call per alert, and the classification of its errors."""

from collections.abc import Callable, Sequence
from typing import Final, Literal

from alerts.handlers.handler_protocol import HandlerError, HandlerOutcome, Refusal
from alerts.messages import Handover
from fraudstream.runtime.aws_errors import AWS_ERRORS, error_code, is_transient

Meaning = Literal["again", "refused", "broken"]

THROTTLED: Final = frozenset(
    {"Throttling", "Throttled", "ThrottledException", "RequestLimitExceeded", "TransactionConflictException"}
)
"""Throttling errors beyond those of Kinesis (API references of SNS and DynamoDB, common errors)."""
BODY: Final = frozenset(
    {"ValidationException", "InvalidParameter", "InvalidParameterValue", "ParameterValueInvalid"}
)
"""Errors that concern one alert only: it is too large, or has a value that the service can't store."""


class UnsuitableError(ValueError):
    """An alert that the service can't store; the message names the field and its value."""


def meaning_of(error: Exception) -> Meaning:
    """Classify an error: ``again`` to retry, ``refused`` to give up this alert, ``broken`` to stop.

    ``broken`` means that no alert could be delivered.
    """
    if isinstance(error, UnsuitableError):
        return "refused"
    code = error_code(error)
    if is_transient(error) or code in THROTTLED:
        return "again"
    return "refused" if code in BODY else "broken"


def one_by_one(
    batch: Sequence[Handover], send: Callable[[Handover], object], target: str, remedy: str
) -> HandlerOutcome:
    """Send the alerts of a batch in order, up to the first that has to be retried.

    ``target`` names the service in messages. Raises `HandlerError`, with ``remedy`` in its message, if no
    alert could be delivered.
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

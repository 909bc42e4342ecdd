"""Delivery of alerts to an AWS service, one call per alert, and the classification of its errors."""

import time
from collections.abc import Callable, Sequence
from typing import Final, Literal

from alerts.handlers.handler_protocol import HandlerError, HandlerOutcome, Refusal
from alerts.messages import Handover
from fraudstream.runtime.aws_errors import AWS_ERRORS, error_code, is_transient
from fraudstream.runtime.bounded_calls import StopRequestedError

Meaning = Literal["again", "refused", "broken"]

THROTTLED: Final = frozenset(
    {"Throttling", "Throttled", "ThrottledException", "RequestLimitExceeded", "TransactionConflictException"}
)
"""Throttling errors beyond those of Kinesis (API references of SNS and DynamoDB, common errors)."""
BODY: Final = frozenset(
    {"ValidationException", "InvalidParameter", "InvalidParameterValue", "ParameterValueInvalid"}
)
"""Errors that concern one alert only: it is too large, or has a value that the service can't store."""


BATCH_S: Final = 30.0
"""Time after which no further alert of a batch is sent; with the deadline of a call it is below the lease."""


class UnsuitableError(ValueError):
    """An alert that the service can't store; the message names the field and its value."""


def meaning_of(error: Exception) -> Meaning:
    """Classify an error: ``again`` to retry, ``refused`` to give up this alert, ``broken`` to stop.

    ``broken`` means that no alert could be delivered.
    """
    if isinstance(error, UnsuitableError):
        return "refused"
    code = error_code(error)
    if is_transient(error) or code in THROTTLED or not isinstance(error, AWS_ERRORS):
        return "again"
    return "refused" if code in BODY else "broken"


def one_by_one(
    batch: Sequence[Handover],
    send: Callable[[Handover], object],
    target: str,
    remedy: str,
    monotonic_s: Callable[[], float] = time.monotonic,
) -> HandlerOutcome:
    """Send the alerts of a batch in order, up to the first that has to be retried.

    The rest of the batch is returned to be sent again after `BATCH_S`, so that its claims don't expire.

    ``target`` names the service in messages. Raises `HandlerError`, with ``remedy`` in its message, if the
    first alert meets an error that would stop every alert.
    """
    refused: list[Refusal] = []
    began_s = monotonic_s()
    for place, each in enumerate(batch):
        if place and monotonic_s() - began_s >= BATCH_S:
            return HandlerOutcome(refused, batch[place:], f"{target}: slow, {place} alerts in {BATCH_S:g} s")
        try:
            send(each)
        except StopRequestedError as error:
            return HandlerOutcome(refused, batch[place:], str(error))
        except Exception as error:
            said = f"{target}: {error}"
            meaning = meaning_of(error)
            # After the first alert, an error that lasts is raised by the next attempt: an exception now would
            # lose what became of the alerts before.
            if meaning == "again" or (meaning == "broken" and place):
                return HandlerOutcome(refused, batch[place:], said)
            if meaning == "broken":
                msg = f"{said}; {remedy}"
                raise HandlerError(msg) from error
            refused.append(Refusal(each, said))
    return HandlerOutcome(refused)

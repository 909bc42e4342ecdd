"""Parsing of stream records into alerts and dead letters, with a reason for unreadable ones."""

from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from pydantic import ValidationError

from fraudstream.domain.alert import Alert
from fraudstream.domain.dead_letter import DeadLetter
from fraudstream.streams.kinesis.kpl_aggregate import is_aggregated
from fraudstream.streams.protocols import StreamRecord

MAX_ID_CHARACTERS: Final = 256
"""Maximum length of an ``alert_id``; the job's have 32. Every store and target accepts a key this long."""
REPLAYED: Final = b'{"replayed":true,'
AGGREGATED: Final = (
    "aggregated by the Kinesis Producer Library, and damaged or within another aggregated record; have its "
    "writer send it again"
)

Message = TypeVar("Message", Alert, DeadLetter)


class UnreadableError(ValueError):
    """A record is not a valid message. The text names each invalid field and the reason."""


@dataclass(frozen=True, slots=True)
class ReceivedMessage(Generic[Message]):
    """A message and the stream record that contained it."""

    message: Message
    record: StreamRecord


@dataclass(frozen=True, slots=True)
class Handover:
    """An alert to be delivered to a handler.

    ``body`` is its JSON on one line as the job wrote it, including fields unknown to this version. The body
    of a replayed alert begins with the field ``"replayed": true``.
    """

    alert: Alert
    body: bytes
    is_replay: bool = False


def parse(record: StreamRecord, message_type: type[Message]) -> ReceivedMessage[Message]:
    """Parse a record of any bytes; raises `UnreadableError` if it is not a message of that type."""
    if is_aggregated(record.data):
        raise UnreadableError(AGGREGATED)
    try:
        message = message_type.model_validate_json(record.data)
    except ValidationError as error:
        raise UnreadableError(_explain(error)) from None
    if isinstance(message, Alert) and not 1 <= len(message.alert_id) <= MAX_ID_CHARACTERS:
        reason = f"alert_id: has {len(message.alert_id)} characters; must have 1 to {MAX_ID_CHARACTERS}"
        raise UnreadableError(reason)
    return ReceivedMessage(message, record)


def handover(received: ReceivedMessage[Alert], *, is_replay: bool) -> Handover:
    """Convert a received alert to the form that handlers accept."""
    # JSON allows line ends only between tokens, never within a string.
    body = received.record.data.translate(bytes.maketrans(b"\r\n", b"  ")).strip()
    if is_replay:
        body = REPLAYED + body.removeprefix(b"{")
    return Handover(received.message, body, is_replay)


def _explain(error: ValidationError) -> str:
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, p['loc'])) or 'record'}: {p['msg']}" for p in problems)

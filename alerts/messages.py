"""From a record of the stream to a message, or to one sentence on why it is none."""

from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from pydantic import ValidationError

from fraudstream.domain.alert import Alert
from fraudstream.domain.dead_letter import DeadLetter
from fraudstream.streams.protocols import StreamRecord

MAX_ID_CHARACTERS: Final = 256
"""Of an ``alert_id``; the job's have 32. Every store and target can keep one of this length as its key."""
REPLAYED: Final = b'{"replayed":true,'

Message = TypeVar("Message", Alert, DeadLetter)


class UnreadableError(ValueError):
    """A record that is no message; the text names each field that is wrong, and how."""


@dataclass(frozen=True, slots=True)
class ReceivedMessage(Generic[Message]):
    """A message and the record it came in."""

    message: Message
    record: StreamRecord


@dataclass(frozen=True, slots=True)
class Handover:
    """An alert on its way to a handler.

    ``body`` is its JSON on one line, as the job wrote it, with the fields that this version does not know;
    where it is replayed it begins with the field ``"replayed": true``.
    """

    alert: Alert
    body: bytes
    is_replay: bool = False


def parse(record: StreamRecord, message_type: type[Message]) -> ReceivedMessage[Message]:
    """Read a record; raises `UnreadableError` if it is no message of that type, whatever its bytes are."""
    try:
        message = message_type.model_validate_json(record.data)
    except ValidationError as error:
        raise UnreadableError(_explain(error)) from None
    if isinstance(message, Alert) and not 1 <= len(message.alert_id) <= MAX_ID_CHARACTERS:
        reason = f"alert_id: has {len(message.alert_id)} characters; must have 1 to {MAX_ID_CHARACTERS}"
        raise UnreadableError(reason)
    return ReceivedMessage(message, record)


def handover(received: ReceivedMessage[Alert], *, is_replay: bool) -> Handover:
    """Make of a received alert what handlers get."""
    # JSON has line ends between its tokens only, never within a string.
    body = received.record.data.translate(bytes.maketrans(b"\r\n", b"  ")).strip()
    if is_replay:
        body = REPLAYED + body.removeprefix(b"{")
    return Handover(received.message, body, is_replay)


def _explain(error: ValidationError) -> str:
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, p['loc'])) or 'record'}: {p['msg']}" for p in problems)

"""Dead letter, the message that the job writes for a record that it refused."""

import base64
import hashlib
from typing import Final, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, model_validator

ID_DIGITS: Final = 16
"""Hexadecimal digits of a letter id: among a billion letters, two share an id with a probability of 3 %."""


class RecordRange(BaseModel):
    """Refused records of a shard: their number, and the sequence numbers of the first and the last one.

    Other records may lie between them. All is null but the number if their place is not known.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    shard_id: str | None
    first_sequence_number: str | None
    last_sequence_number: str | None
    count: int


class DeadLetter(BaseModel):
    """A record that the job refused, and the reason; or a summary of several.

    A summary has none of the records that it covers. It says where to get them again: they are between two
    bytes of one stream record (``from_byte``, ``to_byte``), or in the ``ranges`` of stream records.

    ``raw`` is the record, in base64 if it is not UTF-8; ``truncated`` means that it is only the start of the
    record. ``size_bytes`` and ``sha256`` are those of the whole record. The shard id and the sequence number
    give its position in the transaction stream.
    """

    # Forward compatible: a later version of the job may add fields.
    model_config = ConfigDict(frozen=True, extra="ignore")

    reason: str
    detail: str
    encoding: Literal["utf-8", "base64"]
    raw: str
    truncated: bool
    size_bytes: int
    sha256: str
    shard_id: str | None = None
    sequence_number: str | None = None
    arrival_time: AwareDatetime | None = None
    count: int = 1
    """The number of refused records."""
    reasons: dict[str, int] | None = None
    """The number of refused records by reason; null unless the letter is a summary."""
    from_byte: int | None = None
    to_byte: int | None = None
    ranges: tuple[RecordRange, ...] | None = None

    @property
    def is_summary(self) -> bool:
        """Whether the letter sums up records beyond a limit."""
        return self.reasons is not None

    @property
    def identity(self) -> str | None:
        """The key for deduplication; None if the position in the stream is not known."""
        if self.shard_id is None or self.sequence_number is None:
            return None
        # Records that a producer aggregated into one share their position, so the content counts too.
        return f"{self.shard_id}/{self.sequence_number}/{self.reason}/{self.sha256}"

    def origin(self, stream_name: str) -> str:
        """Return a name of the refused record: stream, shard, sequence number (``-`` if unknown) and SHA-256.

        ``stream_name`` is the stream that the record was read from, which the dead letter does not contain.
        """
        return f"{stream_name}/{self.shard_id or '-'}/{self.sequence_number or '-'}/{self.sha256}"

    def letter_id(self, stream_name: str) -> str:
        """Return the short id that commands accept: `ID_DIGITS` hex digits of the origin's SHA-256."""
        return hashlib.sha256(self.origin(stream_name).encode()).hexdigest()[:ID_DIGITS]

    @property
    def raw_bytes(self) -> bytes:
        """The record's bytes; only the first ones if the letter is truncated."""
        return _decoded(self.raw, self.encoding)

    @model_validator(mode="after")
    def _raw_is_what_encoding_says(self) -> Self:
        _decoded(self.raw, self.encoding)
        return self


def as_text(data: bytes) -> tuple[Literal["utf-8", "base64"], str]:
    """Return the fields ``encoding`` and ``raw`` for a record: its text, or base64 if it is not UTF-8."""
    try:
        return "utf-8", data.decode()
    except UnicodeDecodeError:
        return "base64", base64.b64encode(data).decode()


def _decoded(raw: str, encoding: Literal["utf-8", "base64"]) -> bytes:
    return raw.encode() if encoding == "utf-8" else base64.b64decode(raw, validate=True)

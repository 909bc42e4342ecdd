"""The dead letter: what the job writes for a record that it refused."""

import base64
import hashlib
from typing import Final, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, model_validator

ID_DIGITS: Final = 16
"""Of a letter's short name: two of a billion letters share one with a probability of 3 %."""


class DeadLetter(BaseModel):
    """A record that the job refused, and why.

    ``raw`` is the record, in base64 where it is not UTF-8; ``truncated`` says that it is only the
    record's beginning. ``size_bytes`` and ``sha256`` are those of the whole record. The shard and the
    sequence number are where it lay in the transaction stream.
    """

    # A later version of the job may add fields; they are no reason to refuse its messages.
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

    @property
    def identity(self) -> str | None:
        """What makes two records the same dead letter; None where its place in the stream is unknown."""
        if self.shard_id is None or self.sequence_number is None:
            return None
        # Records that a producer packed into one share their place, so the content counts too.
        return f"{self.shard_id}/{self.sequence_number}/{self.reason}/{self.sha256}"

    def origin(self, stream_name: str) -> str:
        """Name the refused record: its stream, its place there (``-`` where that is unknown), and its bytes.

        ``stream_name`` is the stream that it was read from, which the letter does not say.
        """
        return f"{stream_name}/{self.shard_id or '-'}/{self.sequence_number or '-'}/{self.sha256}"

    def letter_id(self, stream_name: str) -> str:
        """Return the short name that commands take: `ID_DIGITS` hex digits of the origin's SHA-256."""
        return hashlib.sha256(self.origin(stream_name).encode()).hexdigest()[:ID_DIGITS]

    @property
    def raw_bytes(self) -> bytes:
        """The record's bytes, as far as they are here."""
        return _decoded(self.raw, self.encoding)

    @model_validator(mode="after")
    def _raw_is_what_encoding_says(self) -> Self:
        _decoded(self.raw, self.encoding)
        return self


def as_text(data: bytes) -> tuple[Literal["utf-8", "base64"], str]:
    """Return bytes as a letter has them: the encoding and the text, base64 if they are not UTF-8."""
    try:
        return "utf-8", data.decode()
    except UnicodeDecodeError:
        return "base64", base64.b64encode(data).decode()


def _decoded(raw: str, encoding: Literal["utf-8", "base64"]) -> bytes:
    return raw.encode() if encoding == "utf-8" else base64.b64decode(raw, validate=True)

"""The dead letter: what the job writes for a record that it refused."""

import base64
from typing import Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, model_validator


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

    @property
    def raw_bytes(self) -> bytes:
        """The record's bytes, as far as they are here."""
        return _decoded(self.raw, self.encoding)

    @model_validator(mode="after")
    def _raw_is_what_encoding_says(self) -> Self:
        _decoded(self.raw, self.encoding)
        return self


def _decoded(raw: str, encoding: Literal["utf-8", "base64"]) -> bytes:
    return raw.encode() if encoding == "utf-8" else base64.b64decode(raw, validate=True)

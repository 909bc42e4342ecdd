"""The two messages the job writes: an alert and a dead letter, one JSON object a record."""

import base64
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, model_validator


class _Message(BaseModel):
    # A later version of the job may add fields; they are no reason to refuse its messages.
    model_config = ConfigDict(frozen=True, extra="ignore")


class Alert(_Message):
    """A transaction whose score reached the threshold; the same ``alert_id`` is the same alert."""

    alert_id: str
    transaction_id: str
    account_id: str
    event_time: AwareDatetime
    arrival_time: AwareDatetime | None = None
    scored_at: AwareDatetime
    score: float
    threshold: float
    risk_level: Literal["medium", "high", "critical"]
    likely_fraud_type: str | None
    flags: tuple[str, ...]
    features: dict[str, float | None]
    transaction_amount_vnd: float
    model_version: str
    catalogue_version: str

    @property
    def identity(self) -> str:
        """What makes two records the same alert."""
        return self.alert_id


class DeadLetter(_Message):
    """A record that the job refused, and why.

    ``raw`` is the record, in base64 where it is not UTF-8; ``truncated`` says that it is only the
    record's beginning. ``size_bytes`` and ``sha256`` are those of the whole record. The shard and the
    sequence number are where it lay in the transaction stream.
    """

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
        return f"{self.shard_id}/{self.sequence_number}/{self.reason}"

    @property
    def raw_bytes(self) -> bytes:
        """The record's bytes, as far as they are here."""
        return _decoded(self.raw, self.encoding)

    @model_validator(mode="after")
    def _raw_is_what_encoding_says(self) -> "DeadLetter":
        _decoded(self.raw, self.encoding)
        return self


def _decoded(raw: str, encoding: Literal["utf-8", "base64"]) -> bytes:
    return raw.encode() if encoding == "utf-8" else base64.b64decode(raw, validate=True)

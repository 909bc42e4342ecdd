"""Alert, the record that consumers receive for a transaction that a person should look at.

An alert of the kind ``score`` has a score that reached the threshold. One of the kind ``review`` has none:
its transaction could not be judged, or it counts such transactions (`fraudstream.domain.review`).
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Final, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer, model_validator

from fraudstream.domain.alert_reasons import Reason
from fraudstream.domain.patterns import FraudType
from fraudstream.domain.transaction import TransactionKey

SCHEMA_VERSION: Final = 2
"""Version of the alerts that are made now. Those without the field are of version 1, whose ids cover neither
the account nor the model's contents."""
ID_DIGITS: Final = 32
_OF_A_SCORE: Final = "fraudstream score"
"""Keeps the ids of these alerts apart from those of review alerts, which cover a reason and no model."""

AlertKind = Literal["score", "review"]
RiskLevel = Literal["medium", "high", "critical"]
"""Level of a score."""
AlertLevel = Literal["medium", "high", "critical", "review"]
Features = Mapping[str, float | None]

ANALYST_FEATURES: Final = (
    "account_count_5m",
    "account_amount_vnd_sum_1h",
    "account_amount_vnd_mean_7d",
    "account_amount_vnd_max_7d",
    "account_seconds_since_previous_7d",
    "account_device_distinct_24h",
    "biometric_failure_count",
    "fee_to_amount_ratio",
    "total_loans_vnd",
    "num_transactions",
)
"""The ten features that an analyst looks at first, besides the amount."""


def _in_milliseconds(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Time = Annotated[AwareDatetime, PlainSerializer(_in_milliseconds)]
"""Time with a UTC offset; serialized as RFC 3339 in UTC with milliseconds."""


class Review(BaseModel):
    """The reason why a transaction, or several, could not be judged.

    ``detail`` is for the sender's engineers: the field, its value and the remedy. The sentences are for
    analysts. ``count`` is the number of transactions, and ``reasons`` has it by reason.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    reason: str
    detail: str
    sentence_en: str
    sentence_vi: str
    count: int = 1
    reasons: dict[str, int]


class Alert(BaseModel):
    """One alert; ``alert_id`` is deterministic for a transaction, and for a model version or a reason.

    Of the fields that may be null, `OF_A_SCORE` never are in an alert of the kind ``score``. An alert of the
    kind ``review`` has no score, and what is known of its transaction.
    """

    # Forward compatible: a later version of the job may add fields.
    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: int = Field(1, ge=1)
    alert_id: str
    kind: AlertKind = "score"
    transaction_id: str | None
    account_id: str | None
    event_time: Time | None
    arrival_time: Time | None = None
    scored_at: Time | None
    transaction_amount_vnd: float | None
    score: float | None
    threshold: float | None
    risk_level: AlertLevel
    likely_fraud_type: FraudType | None
    review: Review | None = None
    """Null unless the kind is ``review``."""
    flags: tuple[str, ...]
    features: dict[str, float | None]
    overflowing_features: tuple[str, ...] = ()
    """Features that the model treated as missing, because they are too large for it."""
    reasons: tuple[Reason, ...] = ()
    reasons_missing: str | None = None
    """Error message if the reasons could not be computed."""
    model_version: str
    model_digest: str | None = None
    """SHA-256 of the model's contents; null in a review alert, and in schema version 1."""
    catalogue_version: str

    @model_validator(mode="after")
    def _has_the_fields_of_its_kind(self) -> Self:
        if self.kind == "review":
            if self.review is None or self.risk_level != "review":
                msg = "an alert of the kind 'review' needs a review, and 'review' as its risk_level"
                raise ValueError(msg)
            return self
        missing = [name for name in OF_A_SCORE if getattr(self, name) is None]
        if missing or self.risk_level == "review":
            msg = f"an alert of the kind 'score' needs {', '.join(missing) or 'another risk_level'}"
            raise ValueError(msg)
        return self

    @property
    def transaction(self) -> TransactionKey | None:
        """The identity of the transaction; None for a review alert that counts several."""
        if self.account_id is None or self.transaction_id is None:
            return None
        return TransactionKey(self.account_id, self.transaction_id)

    @property
    def earlier_id(self) -> str | None:
        """The id that schema version 1 gave an alert for this transaction; None for such an alert itself.

        None for a review alert too: version 1 had none, and a score of the same transaction is another alert.
        """
        if self.kind == "review" or self.transaction_id is None or self.schema_version < SCHEMA_VERSION:
            return None
        return alert_id_1(self.transaction_id, self.model_version)

    @property
    def identity(self) -> str:
        """The key for deduplication: two records with the same identity are the same alert."""
        return self.alert_id

    def to_json(self) -> str:
        """Encode for the ``Alerts`` stream."""
        return self.model_dump_json()

    @classmethod
    def from_json(cls, data: bytes | str) -> Self:
        """Decode a record of the ``Alerts`` stream; raises ``ValueError`` if it is broken."""
        return cls.model_validate_json(data)


OF_A_SCORE: Final = (
    "transaction_id",
    "account_id",
    "event_time",
    "scored_at",
    "transaction_amount_vnd",
    "score",
    "threshold",
)
"""Fields that an alert of the kind ``score`` always has."""


def stable_id(*texts: str) -> str:
    """Return `ID_DIGITS` hexadecimal digits that depend only on the texts, as the kernel's ``StableId`` does.

    Each text counts with its length, so that ("ab", "c") and ("a", "bc") have different ids.
    """
    digest = hashlib.sha256()
    for text in texts:
        encoded = text.encode()
        digest.update(len(encoded).to_bytes(4))
        digest.update(encoded)
    return digest.hexdigest()[:ID_DIGITS]


def alert_id(transaction: TransactionKey, model_digest: str) -> str:
    """Return `ID_DIGITS` hexadecimal digits that depend only on the transaction and the model's contents."""
    return stable_id(_OF_A_SCORE, transaction.account_id, transaction.transaction_id, model_digest)


def alert_id_1(transaction_id: str, model_version: str) -> str:
    """Return the id of schema version 1, which transactions of several accounts may share."""
    return hashlib.sha256(f"{model_version}\n{transaction_id}".encode()).hexdigest()[:ID_DIGITS]


def risk_level(score: float, threshold: float) -> RiskLevel:
    """Return medium, high or critical, for each third of the range from the threshold to 1."""
    share = (score - threshold) / (1 - threshold) if threshold < 1 else 1.0
    if share < 1 / 3:
        return "medium"
    return "high" if share < 2 / 3 else "critical"

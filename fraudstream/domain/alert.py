"""Alert, the record that consumers receive for a transaction whose score reached the threshold."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Final, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, PlainSerializer

from fraudstream.domain.alert_reasons import Reason
from fraudstream.domain.patterns import FraudType
from fraudstream.domain.transaction import TransactionKey

SCHEMA_VERSION: Final = 2
"""Version of the alerts that are made now. Those without the field are of version 1, whose ids cover neither
the account nor the model's contents."""
ID_DIGITS: Final = 32
_OF_A_SCORE: Final = "fraudstream score"
"""Keeps the ids of these alerts apart from those of review alerts, which cover a reason and no model."""

RiskLevel = Literal["medium", "high", "critical"]
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


class Alert(BaseModel):
    """One alert; ``alert_id`` is deterministic for a transaction and a model."""

    # Forward compatible: a later version of the job may add fields.
    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: int = 1
    alert_id: str
    transaction_id: str
    account_id: str
    event_time: Time
    arrival_time: Time | None = None
    scored_at: Time
    transaction_amount_vnd: float
    score: float
    threshold: float
    risk_level: RiskLevel
    likely_fraud_type: FraudType | None
    flags: tuple[str, ...]
    features: dict[str, float | None]
    reasons: tuple[Reason, ...] = ()
    reasons_missing: str | None = None
    """Error message if the reasons could not be computed."""
    model_version: str
    model_digest: str | None = None
    """SHA-256 of the model's contents; None in alerts of schema version 1."""
    catalogue_version: str

    @property
    def transaction(self) -> TransactionKey:
        """The identity of the transaction."""
        return TransactionKey(self.account_id, self.transaction_id)

    @property
    def earlier_id(self) -> str | None:
        """The id that schema version 1 gave an alert for this transaction; None for such an alert itself."""
        return (
            None
            if self.schema_version < SCHEMA_VERSION
            else alert_id_1(self.transaction_id, self.model_version)
        )

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


def stable_id(*texts: str) -> str:
    """Return `ID_DIGITS` hexadecimal digits that depend only on the texts.

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

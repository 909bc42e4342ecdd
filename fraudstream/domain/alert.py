"""Alert, the record that consumers receive for a transaction whose score reached the threshold."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Final, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, PlainSerializer

from fraudstream.domain.alert_reasons import Reason
from fraudstream.domain.patterns import FraudType

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
    """One alert; ``alert_id`` is deterministic for a transaction and a model version."""

    # Forward compatible: a later version of the job may add fields.
    model_config = ConfigDict(frozen=True, extra="ignore")

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
    catalogue_version: str

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


def alert_id(transaction_id: str, model_version: str) -> str:
    """Return 32 hexadecimal digits that depend only on the transaction and the model version."""
    return hashlib.sha256(f"{model_version}\n{transaction_id}".encode()).hexdigest()[:32]


def risk_level(score: float, threshold: float) -> RiskLevel:
    """Return medium, high or critical, for each third of the range from the threshold to 1."""
    share = (score - threshold) / (1 - threshold) if threshold < 1 else 1.0
    if share < 1 / 3:
        return "medium"
    return "high" if share < 2 / 3 else "critical"

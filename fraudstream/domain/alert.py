"""The alert: what a consumer gets for a transaction whose score reached the threshold."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, PlainSerializer

from fraudstream.domain.alert_reasons import Reason
from fraudstream.domain.likely_fraud_type import likely_fraud_type
from fraudstream.domain.patterns import FraudType
from fraudstream.domain.transaction import from_time_ms

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
"""The ten values that an analyst looks at first, beside the amount."""


def _in_milliseconds(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Time = Annotated[AwareDatetime, PlainSerializer(_in_milliseconds)]
"""Written in RFC 3339, UTC, milliseconds."""


class Alert(BaseModel):
    """One alert; ``alert_id`` is the same whenever the same model judges the same transaction."""

    # A later version of the job may add fields; they are no reason to refuse its alerts.
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
    """Why there are no reasons, where they could not be made."""
    model_version: str
    catalogue_version: str

    @property
    def identity(self) -> str:
        """What makes two records the same alert."""
        return self.alert_id

    def to_json(self) -> str:
        """Encode for the ``Alerts`` stream."""
        return self.model_dump_json()

    @classmethod
    def from_json(cls, data: bytes | str) -> Self:
        """Decode a record of the ``Alerts`` stream; raises ``ValueError`` if it is broken."""
        return cls.model_validate_json(data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """What turns scores into alerts: the threshold, and the versions that an alert names."""

    threshold: float
    model_version: str
    catalogue_version: str
    flag_names: tuple[str, ...]

    def alert(  # noqa: PLR0913 - all by keyword; they are the facts of one transaction
        self,
        *,
        transaction_id: str,
        account_id: str,
        event_time_ms: int,
        arrival_ms: int | None,
        scored_at_ms: int,
        transaction_amount_vnd: float,
        score: float,
        features: Features,
        reasons: tuple[Reason, ...] = (),
        reasons_missing: str | None = None,
    ) -> Alert | None:
        """Return the alert for a scored transaction, None if its score is below the threshold or NaN."""
        if not score >= self.threshold:
            return None
        return Alert(
            alert_id=alert_id(transaction_id, self.model_version),
            transaction_id=transaction_id,
            account_id=account_id,
            event_time=from_time_ms(event_time_ms),
            arrival_time=None if arrival_ms is None else from_time_ms(arrival_ms),
            scored_at=from_time_ms(scored_at_ms),
            transaction_amount_vnd=transaction_amount_vnd,
            score=score,
            threshold=self.threshold,
            risk_level=risk_level(score, self.threshold),
            likely_fraud_type=likely_fraud_type(features),
            flags=tuple(name for name in self.flag_names if features[name] == 1),
            features={name: features[name] for name in ANALYST_FEATURES if name in features},
            reasons=reasons,
            reasons_missing=reasons_missing,
            model_version=self.model_version,
            catalogue_version=self.catalogue_version,
        )


def alert_id(transaction_id: str, model_version: str) -> str:
    """Return 32 hexadecimal digits that only depend on the transaction and the model version."""
    return hashlib.sha256(f"{model_version}\n{transaction_id}".encode()).hexdigest()[:32]


def risk_level(score: float, threshold: float) -> RiskLevel:
    """Name the third of the way from the threshold (medium) to 1 (critical) that the score lies in."""
    share = (score - threshold) / (1 - threshold) if threshold < 1 else 1.0
    if share < 1 / 3:
        return "medium"
    return "high" if share < 2 / 3 else "critical"

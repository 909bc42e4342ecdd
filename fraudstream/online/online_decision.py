"""Online decision: the answer on one transaction, before it has a format."""

from dataclasses import dataclass
from typing import Final, Literal

from fraudstream.domain.alert import RiskLevel
from fraudstream.domain.alert_reasons import Reason
from fraudstream.domain.patterns import FraudType
from fraudstream.domain.transaction import TransactionKey

OnlineRisk = Literal["low", "medium", "high", "critical"]
"""Low is below the threshold; the others are those of alerts."""
Action = Literal["approve", "review", "decline"]
ProfileState = Literal["fresh", "stale", "missing"]
ActionFrom = Literal["medium", "high", "critical", "never"]
"""The lowest risk level at which a transaction is declined."""
_LEVELS: Final[tuple[OnlineRisk, ...]] = ("low", "medium", "high", "critical")


@dataclass(frozen=True, slots=True, kw_only=True)
class OnlineDecision:
    """The decision on a transaction that the parser accepted.

    A transaction without a score (``error`` says why) is to be reviewed by a person.
    """

    transaction: TransactionKey
    event_time_ms: int
    outcome: str
    """``new``; ``duplicate`` if the stream has counted it already; ``conflicting_duplicate`` or ``late``,
    which the stream refuses and which have no score."""
    decision: Action
    score: float | None
    threshold: float
    risk_level: OnlineRisk | None
    """None without a score."""
    likely_fraud_type: FraudType | None
    """None below the threshold."""
    flags: tuple[str, ...]
    reasons: tuple[Reason, ...]
    reasons_missing: str | None
    features: dict[str, float | None] | None
    """None unless asked for."""
    overflowing_features: tuple[str, ...]
    out_of_reach: tuple[str, ...]
    """Entities whose features are missing, because their history no longer has all that they need."""
    error: str | None
    profile: ProfileState
    profile_age_ms: int | None
    """The time for which changes may not have reached the store; None if it is not known."""
    decided_at_ms: int
    model_version: str
    model_digest: str
    catalogue_version: str
    metadata_version: str | None
    """The version of the customer's metadata; None if no feature uses them."""


def risk_of(level: RiskLevel | None, score: float | None) -> OnlineRisk | None:
    """Return the risk of a score with an alert's level, None if no alert was due; None without a score."""
    return None if score is None else level or "low"


def action_of(risk: OnlineRisk | None, decline_from: ActionFrom) -> Action:
    """Return the action at a risk level; what has no score is reviewed."""
    if risk is None:
        return "review"
    if decline_from != "never" and _LEVELS.index(risk) >= _LEVELS.index(decline_from):
        return "decline"
    return "approve" if risk == "low" else "review"

"""JSON documents of the online decision, and the requests that are not in the stream's own format."""

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

import orjson

from fraudstream.domain.transaction import format_time
from fraudstream.online.online_decision import OnlineDecision

Language = Literal["en", "vi"]

OWN_NAMES: Final[Mapping[str, str]] = {
    "user_id": "account_id",
    "timestamp": "event_time",
    "merchant": "merchant_id",
    "category": "merchant_category",
    "location": "city",
}
"""Names of fields in a check's request, and those of the transaction; others are the same in both."""
AMOUNT: Final = "amount"


@dataclass(frozen=True, slots=True)
class DollarRate:
    """Dong for a US dollar, and the day of that rate."""

    vnd: float
    date: str


ROUND_RATE: Final = DollarRate(26_000.0, "2025-11-26")
"""A round rate of the day that the document's example shows; a bank sets its own."""


def transaction_record(body: Mapping[str, Any], now_ms: int, rate: DollarRate = ROUND_RATE) -> bytes:
    """Return a check's request as a record of the stream.

    ``amount`` is in dollars. A missing id is generated, and a missing time is ``now_ms``. A field under its
    own name wins over the other one; values are left to the kernel's parser.
    """
    record = {OWN_NAMES[name]: value for name, value in body.items() if name in OWN_NAMES}
    amount = body.get(AMOUNT)
    if isinstance(amount, int | float) and not isinstance(amount, bool):
        record["transaction_amount_vnd"] = amount * rate.vnd
    elif amount is not None:
        record["transaction_amount_vnd"] = amount
    record |= {name: value for name, value in body.items() if name not in OWN_NAMES and name != AMOUNT}
    record["transaction_id"] = record.get("transaction_id") or uuid.uuid4().hex
    record["event_time"] = record.get("event_time") or format_time(now_ms)
    return orjson.dumps(record)


def decision_document(decision: OnlineDecision) -> dict[str, Any]:
    """Return the whole decision; ``features`` is absent unless it was asked for."""
    document: dict[str, Any] = {
        "transaction_id": decision.transaction.transaction_id,
        "account_id": decision.transaction.account_id,
        "event_time": format_time(decision.event_time_ms),
        "outcome": decision.outcome,
        "decision": decision.decision,
        "score": decision.score,
        "threshold": decision.threshold,
        "risk_level": decision.risk_level,
        "likely_fraud_type": decision.likely_fraud_type,
        "flags": list(decision.flags),
        "reasons": [asdict(reason) for reason in decision.reasons],
        "reasons_missing": decision.reasons_missing,
        "overflowing_features": list(decision.overflowing_features),
        "out_of_reach": list(decision.out_of_reach),
        "error": decision.error,
        "profile": decision.profile,
        "profile_age_ms": decision.profile_age_ms,
        "decided_at": format_time(decision.decided_at_ms),
        "model_version": decision.model_version,
        "model_digest": decision.model_digest,
        "catalogue_version": decision.catalogue_version,
    }
    return document if decision.features is None else document | {"features": decision.features}


def check_document(
    decision: OnlineDecision, processing_time_ms: float, language: Language = "en"
) -> dict[str, Any]:
    """Return the answer of ``POST /api/check-fraud``; ``fraud_score`` is null if there is no score."""
    risk = decision.risk_level
    level = None if risk is None else "HIGH" if risk == "critical" else risk.upper()
    return {
        "transaction_id": decision.transaction.transaction_id,
        "fraud_score": decision.score,
        "is_fraud": decision.score is not None and decision.score >= decision.threshold,
        "risk_level": level,
        "factors": [getattr(reason, f"sentence_{language}") for reason in decision.reasons],
        "processing_time_ms": processing_time_ms,
    }

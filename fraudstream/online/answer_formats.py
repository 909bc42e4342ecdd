"""Answers of the decision API: a decision as JSON, in the project's format and in those of the two forms."""

from collections.abc import Sequence
from typing import Any, Final, Literal

from fraudstream.domain.transaction import format_time
from fraudstream.online.online_decision import OnlineDecision

Language = Literal["en", "vi"]
NO_FACTORS: Final = {
    "en": "No specific risk factors identified",
    "vi": "Không phát hiện yếu tố rủi ro cụ thể",
}
SIMPLE_LEVELS: Final = {"low": "LOW", "medium": "MEDIUM", "high": "HIGH", "critical": "HIGH"}


def decision_answer(decision: OnlineDecision, generated: Sequence[str]) -> dict[str, Any]:
    """Return the answer of ``POST /v1/decisions``; ``generated`` names the fields that the API added.

    Encode it with orjson, which writes reasons, dataclasses, as objects.
    """
    answer: dict[str, Any] = {
        "transaction_id": decision.transaction.transaction_id,
        "account_id": decision.transaction.account_id,
        "event_time": format_time(decision.event_time_ms),
        "generated": list(generated),
        "outcome": decision.outcome,
        "decision": decision.decision,
        "score": decision.score,
        "threshold": decision.threshold,
        "risk_level": decision.risk_level,
        "likely_fraud_type": decision.likely_fraud_type,
        "flags": decision.flags,
        "reasons": decision.reasons,
        "reasons_missing": decision.reasons_missing,
        "overflowing_features": decision.overflowing_features,
        "out_of_reach": decision.out_of_reach,
        "error": decision.error,
        "profile": decision.profile,
        "profile_age_ms": decision.profile_age_ms,
        "model_version": decision.model_version,
        "model_digest": decision.model_digest,
        "catalogue_version": decision.catalogue_version,
        "metadata_version": decision.metadata_version,
        "decided_at": format_time(decision.decided_at_ms),
    }
    if decision.features is not None:
        answer["features"] = decision.features
    return answer


def check_answer(decision: OnlineDecision, language: Language, elapsed_ms: float) -> dict[str, Any]:
    """Return the answer of ``POST /api/check-fraud``; the decision must have a score."""
    return {
        "transaction_id": decision.transaction.transaction_id,
        "fraud_score": decision.score,
        "is_fraud": _is_suspect(decision),
        "risk_level": SIMPLE_LEVELS[decision.risk_level or "low"],
        "factors": _sentences(decision, language) if _is_suspect(decision) else [],
        "processing_time_ms": round(elapsed_ms),
    }


def prediction_answer(decision: OnlineDecision, language: Language, elapsed_ms: float) -> dict[str, Any]:
    """Return the answer of ``POST /predict``; the decision must have a score.

    ``confidence`` is the probability of the class that the threshold chose.
    """
    score = decision.score or 0.0
    is_suspect = _is_suspect(decision)
    sentences = _sentences(decision, language) if is_suspect else []
    return {
        "transaction_id": decision.transaction.transaction_id,
        "anomaly_score": decision.score,
        "anomaly_type": (decision.likely_fraud_type or "unknown") if is_suspect else "normal",
        "confidence": score if is_suspect else 1 - score,
        "explanation": "; ".join(sentences) or NO_FACTORS[language],
        "processing_time_ms": round(elapsed_ms, 1),
        "timestamp": format_time(decision.decided_at_ms),
    }


def _is_suspect(decision: OnlineDecision) -> bool:
    return decision.risk_level not in {None, "low"}


def _sentences(decision: OnlineDecision, language: Language) -> list[str]:
    return [reason.sentence_vi if language == "vi" else reason.sentence_en for reason in decision.reasons]

"""OpenAPI documents of the decision routes, with examples that run."""

from typing import Any, Final

from fraudstream.online.submitted_transactions import GENERATED_FIELDS
from serving.gateway.record_schemas import transaction_schema
from serving.gateway.submitted_bodies import MAX_RECORDS

JSON_TYPE: Final = "application/json"
SAMPLE: Final = {
    "transaction_id": "T-1001",
    "event_time": "2026-01-02T03:04:05.678Z",
    "account_id": "ACC-1",
    "transaction_amount_vnd": 1_500_000,
    "merchant_id": "MER-7",
    "device_id": "DEV-3",
}
CHECK_ANSWER: Final = {
    "transaction_id": "TXN123456",
    "fraud_score": 0.87,
    "is_fraud": True,
    "risk_level": "HIGH",
    "factors": ["Unusual transaction amount", "High velocity spending", "New merchant"],
    "processing_time_ms": 45,
}
PREDICTION_ANSWER: Final = {
    "transaction_id": "txn_001",
    "anomaly_score": 0.15,
    "anomaly_type": "normal",
    "confidence": 0.85,
    "explanation": "No specific risk factors identified",
    "processing_time_ms": 23.5,
    "timestamp": "2025-08-10T10:30:00.000Z",
}
_DECISION_ANSWER: Final = {
    **{name: SAMPLE[name] for name in ("transaction_id", "account_id", "event_time")},
    "generated": [],
    "outcome": "new",
    "decision": "approve",
    "score": 0.012,
    "threshold": 0.5,
    "risk_level": "low",
    "likely_fraud_type": None,
    "flags": [],
    "reasons": [
        {
            "feature": "transaction_amount_vnd",
            "value": 1_500_000,
            "usual": 250_000,
            "usual_of": "population",
            "contribution": 0.41,
            "sentence_en": "The amount is 1,500,000 VND; usually it is 250,000 VND.",
            "sentence_vi": "Số tiền là 1.500.000 VND; thường là 250.000 VND.",
        }
    ],
    "reasons_missing": None,
    "overflowing_features": [],
    "out_of_reach": [],
    "error": None,
    "profile": "fresh",
    "profile_age_ms": 640,
    "model_version": "v1",
    "model_digest": "0" * 64,
    "catalogue_version": "0123456789ab",
    "metadata_version": None,
    "decided_at": "2026-01-02T03:04:06.000Z",
}


def decision_body() -> dict[str, Any]:
    """Return the OpenAPI request body: one transaction, or an array."""
    record = transaction_schema(SAMPLE, GENERATED_FIELDS)
    array = {"type": "array", "items": record, "minItems": 1, "maxItems": MAX_RECORDS}
    return {
        "required": True,
        "content": {JSON_TYPE: {"schema": {"oneOf": [record, array]}, "example": SAMPLE}},
    }


def answered(description: str, example: dict[str, Any]) -> dict[str, Any]:
    """Return the OpenAPI response of a route that answers with an object."""
    schema = {"type": "object", "required": sorted(example), "additionalProperties": True}
    return {"description": description, "content": {JSON_TYPE: {"schema": schema, "example": example}}}


def decision_response() -> dict[str, Any]:
    """Return the OpenAPI response: the decision on one transaction, or an object with a list of them."""
    one = {"type": "object", "additionalProperties": True}
    many = {
        "type": "object",
        "properties": {"decisions": {"type": "array", "items": one}},
        "required": ["decisions"],
    }
    return {
        "description": "The decision on one transaction; on an array, `decisions` in the same order, in "
        "which a transaction that the job would refuse has a `problem`",
        "content": {JSON_TYPE: {"schema": {"anyOf": [many, one]}, "example": _DECISION_ANSWER}},
    }

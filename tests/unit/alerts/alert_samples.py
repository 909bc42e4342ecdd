"""Alerts and dead letters as the job writes them."""

import base64
import hashlib
from typing import Any

import orjson


def alert(number: int, **changes: object) -> bytes:
    message: dict[str, Any] = {
        "alert_id": f"alert-{number}",
        "transaction_id": f"T{number}",
        "account_id": f"ACC_{number}",
        "event_time": "2026-01-02T18:04:05.678Z",
        "arrival_time": "2026-01-02T18:04:06.000Z",
        "scored_at": "2026-01-02T18:04:06.100Z",
        "score": 0.9731,
        "threshold": 0.5,
        "risk_level": "critical",
        "likely_fraud_type": "money_laundering",
        "flags": ["high_amount_flag", "off_hours_flag"],
        "features": {"count_5m": 17.0, "distance_km": None},
        "transaction_amount_vnd": 812_500_000.0,
        "model_version": "v1",
        "catalogue_version": "1",
        "a_field_of_a_later_version": 1,
    }
    return orjson.dumps(message | changes)


def review(number: int, **changes: object) -> bytes:
    """Return an alert of the kind ``review``, about the same transaction as `alert`."""
    message: dict[str, Any] = {
        "schema_version": 2,
        "alert_id": f"review-{number}",
        "kind": "review",
        "transaction_id": f"T{number}",
        "account_id": f"ACC_{number}",
        "event_time": "2026-01-02T18:04:05.678Z",
        "arrival_time": "2026-01-02T18:04:06.000Z",
        "scored_at": None,
        "transaction_amount_vnd": 812_500_000.0,
        "score": None,
        "threshold": None,
        "likely_fraud_type": None,
        "risk_level": "review",
        "review": {
            "reason": "invalid_value",
            "detail": "latitude is 999.0",
            "sentence_en": "A value is outside its range.",
            "sentence_vi": "Một giá trị nằm ngoài phạm vi.",
            "count": 1,
            "reasons": {"invalid_value": 1},
        },
        "flags": [],
        "features": {},
        "model_version": "v1",
        "catalogue_version": "1",
    }
    return orjson.dumps(message | changes)


def unknown_review(number: int) -> bytes:
    """Return a review of which nothing is known but whose it is."""
    return review(number, event_time=None, arrival_time=None, transaction_amount_vnd=None)


def summary(number: int, **changes: object) -> bytes:
    """Return an alert that sums up the reviews of an account; with ``account_id=None``, those of many."""
    nothing = {
        "transaction_id": None,
        "event_time": None,
        "arrival_time": None,
        "transaction_amount_vnd": None,
    }
    counts = {"reason": "many_reviews", "count": 7, "reasons": {"late": 5, "invalid_value": 2}}
    words = {"detail": "5 late, 2 invalid_value", "sentence_en": "More.", "sentence_vi": "Thêm."}
    return review(number, **nothing, review=counts | words, **changes)


def dead_letter(data: bytes, number: int, **changes: object) -> bytes:
    message: dict[str, Any] = {
        "reason": "malformed_json",
        "detail": "unexpected end",
        "encoding": "base64",
        "raw": base64.b64encode(data).decode(),
        "truncated": False,
        "size_bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "shard_id": "shardId-000000000003",
        "sequence_number": str(number),
        "arrival_time": "2026-01-02T18:04:06.000Z",
    }
    return orjson.dumps(message | changes)


def transaction(number: int, **changes: object) -> dict[str, Any]:
    """Return a transaction that the job takes."""
    fields = {
        "transaction_id": f"T{number}",
        "event_time": "2026-01-02T18:04:05.678Z",
        "account_id": f"ACC_{number}",
        "transaction_amount_vnd": 250_000,
    }
    return fields | changes

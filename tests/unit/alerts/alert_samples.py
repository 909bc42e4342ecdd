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

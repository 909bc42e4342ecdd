"""OpenAPI documents of the gateway's routes, with examples that run."""

from typing import Any, Final

from serving.gateway.record_admission import RecordKind
from serving.gateway.record_schemas import label_schema, transaction_schema
from serving.gateway.submitted_bodies import JSON_TYPE, MAX_RECORDS, NDJSON_TYPE

_TRANSACTION: Final = {
    "transaction_id": "T-1001",
    "event_time": "2026-01-02T03:04:05.678Z",
    "account_id": "ACC-1",
    "transaction_amount_vnd": 1_500_000,
    "transaction_type": "purchase",
    "channel": "mobile",
    "merchant_id": "MER-7",
    "device_id": "DEV-3",
}
_LABEL: Final = {
    "transaction_id": "T-1001",
    "account_id": "ACC-1",
    "event_time": "2026-01-02T03:04:05.678Z",
    "available_at": "2026-01-09T00:00:00Z",
    "is_fraud": True,
}
SAMPLES: Final[dict[RecordKind, dict[str, Any]]] = {"transaction": _TRANSACTION, "label": _LABEL}
_EXAMPLE_RESULT: Final = {
    "index": 0,
    "result": "accepted",
    "transaction_id": "T-1001",
    "account_id": "ACC-1",
    "shard_id": "shardId-000000000002",
    "sequence_number": "49668899999999999999999999999999999999999999999999999999",
}
_RESULT: Final = {
    "type": "object",
    "properties": {
        "index": {"type": "integer", "description": "Place of the record in the request, from 0"},
        "result": {"enum": ["accepted", "refused", "failed"]},
        "transaction_id": {"type": ["string", "null"]},
        "account_id": {"type": ["string", "null"]},
        "shard_id": {"type": "string", "description": "Of an accepted record"},
        "sequence_number": {"type": "string", "description": "Of an accepted record"},
        "problem": {
            "type": "object",
            "description": "Of a refused record",
            "properties": {name: {"type": "string"} for name in ("reason", "field", "value", "remedy")},
        },
    },
    "required": ["index", "result", "transaction_id", "account_id"],
}
ANSWER_SCHEMA: Final = {
    "title": "Ingestion",
    "type": "object",
    "description": "Results of the records, in the order of the request.",
    "properties": {
        **{name: {"type": "integer"} for name in ("accepted", "refused", "failed")},
        "results": {"type": "array", "items": _RESULT},
    },
    "required": ["accepted", "refused", "failed", "results"],
}


def request_body(kind: RecordKind) -> dict[str, Any]:
    """Return the OpenAPI request body of a kind of record: one object, an array, or lines."""
    schema_of = transaction_schema if kind == "transaction" else label_schema
    record = schema_of(SAMPLES[kind])
    array = {"type": "array", "items": record, "minItems": 1, "maxItems": MAX_RECORDS}
    return {
        "required": True,
        "content": {
            JSON_TYPE: {"schema": {"oneOf": [record, array]}, "example": SAMPLES[kind]},
            NDJSON_TYPE: {"schema": {"type": "string"}},
        },
    }


def accepted_response() -> dict[str, Any]:
    """Return the OpenAPI response of a request of which at least one record was accepted."""
    example = {"accepted": 1, "refused": 0, "failed": 0, "results": [_EXAMPLE_RESULT]}
    return {
        "description": "The stream has confirmed every record that was not refused; read each result",
        "content": {JSON_TYPE: {"schema": ANSWER_SCHEMA, "example": example}},
    }

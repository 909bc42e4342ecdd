"""Request and response models of the endpoints, the schema of a transaction, and the examples."""

from typing import Any, Final, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator

from fraudstream.domain.enrichment import FLAG_FIELDS, FREQUENCY_FIELD
from fraudstream.domain.transaction import COLUMN_KINDS, Transaction
from fraudstream.web.problem_openapi import Responses
from producer.api.api_settings import MAX_COUNT, MAX_FRAUD_RATE, MAX_FREQUENCY_S, MIN_FREQUENCY_S

EXAMPLE_CONFIG: Final[dict[str, JsonValue]] = {
    "frequency_seconds": 0.5,
    "fraud_injection_rate": 0.1,
    "batch_size": 5,
}
StreamMode = Literal["streaming", "stopped"]
"""Whether the stream flows."""


class Config(BaseModel):
    """The current configuration."""

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE_CONFIG})

    frequency_seconds: float
    fraud_injection_rate: float
    batch_size: int


class ConfigChange(BaseModel):
    """Change of the configuration; a value that is null or left out stays as it is."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"example": EXAMPLE_CONFIG})

    frequency_seconds: float | None = Field(
        None,
        ge=MIN_FREQUENCY_S,
        le=MAX_FREQUENCY_S,
        allow_inf_nan=False,
        description="Seconds between two events of the stream",
    )
    fraud_injection_rate: float | None = Field(
        None,
        ge=0,
        le=MAX_FRAUD_RATE,
        allow_inf_nan=False,
        description="Share of fraud; another value starts a new bank, with new accounts and ids",
    )
    batch_size: int | None = Field(None, ge=1, le=MAX_COUNT, description="Transactions per event")

    @field_validator("batch_size", mode="before")
    @classmethod
    def _whole(cls, value: object) -> object:
        # JSON does not distinguish 5.0 from 5, and JSON Schema calls both an integer.
        return int(value) if isinstance(value, float) and value.is_integer() else value


class Mode(BaseModel):
    """Whether the stream flows, and whether the request changed that."""

    model_config = ConfigDict(json_schema_extra={"example": {"mode": "streaming", "changed": False}})

    mode: StreamMode
    changed: bool


class StreamToken(BaseModel):
    """Token for ``/stream?token=``."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"token": "eyJhbGciOiJIUzI1NiJ9.e30.2rD8", "expires_in_seconds": 60}}
    )

    token: str
    expires_in_seconds: int


class Status(BaseModel):
    """Counts since the start of the process."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "mode": "streaming",
                "uptime_seconds": 73.5,
                "transactions_served": 1250,
                "clients": 2,
                "clients_dropped": 0,
                "paces": 1,
                "config": EXAMPLE_CONFIG,
            }
        }
    )

    mode: StreamMode
    uptime_seconds: float
    transactions_served: int
    clients: int
    clients_dropped: int
    paces: int
    config: Config


class Information(BaseModel):
    """Name, mode and endpoints of the API."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "name": "Transaction API",
                "data": "synthetic",
                "mode": "streaming",
                "documentation": "/docs",
                "endpoints": {"GET /transaction": "One transaction"},
            }
        }
    )

    name: str
    data: Literal["synthetic"]
    mode: StreamMode
    documentation: str
    endpoints: dict[str, str]


EXAMPLE_TRANSACTION: Final[dict[str, Any]] = orjson.loads(
    Transaction(
        transaction_id="T1789000000000-0000002001",
        event_time_ms=1_789_000_012_345,
        account_id="ACC_7_000412",
        transaction_amount_vnd=1_250_000.0,
        transaction_type="transfer",
        channel="mobile",
        city="Da Nang",
        currency="VND",
        country="VN",
        status="completed",
    ).to_json()
)
_JSON_TYPES: Final = {"text": "string", "time": "string", "number": "number", "flag": "boolean"}
_ALWAYS_THERE: Final = ("transaction_id", "event_time", "account_id", "transaction_amount_vnd")
_ONLY_ENRICHED: Final = "Only with `enrich=true`"
ENRICHED_PROPERTIES: Final[dict[str, Any]] = {
    FREQUENCY_FIELD: {"type": "integer", "minimum": 1, "description": _ONLY_ENRICHED},
    "transaction_hour": {"type": "integer", "minimum": 0, "maximum": 23, "description": _ONLY_ENRICHED},
} | {
    name: {"anyOf": [{"type": "boolean"}, {"type": "null"}], "description": _ONLY_ENRICHED}
    for name in FLAG_FIELDS
}
TRANSACTION_SCHEMA: Final[dict[str, Any]] = {
    "title": "Transaction",
    "type": "object",
    "description": "A bank transaction. It deliberately does not say whether it is fraud: a bank does not "
    "know it at that time either.",
    "properties": {
        name: {"type": _JSON_TYPES[kind]}
        if name in _ALWAYS_THERE
        else {"anyOf": [{"type": _JSON_TYPES[kind]}, {"type": "null"}]}
        for name, kind in COLUMN_KINDS.items()
    }
    | ENRICHED_PROPERTIES,
    "required": list(COLUMN_KINDS),
    "additionalProperties": False,
    "example": EXAMPLE_TRANSACTION,
}
TRANSACTIONS_SCHEMA: Final[dict[str, Any]] = {
    "title": "Transactions",
    "type": "object",
    "properties": {
        "count": {"type": "integer", "minimum": 1, "maximum": MAX_COUNT},
        "transactions": {"type": "array", "items": {"$ref": "#/components/schemas/Transaction"}},
    },
    "required": ["count", "transactions"],
    "example": {"count": 1, "transactions": [EXAMPLE_TRANSACTION]},
}
COMPONENTS: Final = {
    "Transaction": TRANSACTION_SCHEMA,
    "Transactions": TRANSACTIONS_SCHEMA,
}


def content(name: str, description: str) -> Responses:
    """Return the OpenAPI description of a 200 response with the schema ``name`` of `COMPONENTS`."""
    media = {"schema": {"$ref": f"#/components/schemas/{name}"}, "example": COMPONENTS[name]["example"]}
    return {200: {"description": description, "content": {"application/json": media}}}

"""Settings of the ingestion gateway, a part of the service's own."""

import re
from datetime import timedelta
from typing import Final

from pydantic import BaseModel, Field, field_validator

from fraudstream.runtime.settings import Duration

MEMORY: Final = "memory"
SQLITE: Final = "sqlite:"
DYNAMODB: Final = "dynamodb:"
TABLE_NAME: Final = r"[A-Za-z0-9_.-]{3,255}"
"""Pattern of a DynamoDB table name (CreateTable API reference)."""


class GatewaySettings(BaseModel):
    """Fields that `ServingSettings` combines with those of its other parts."""

    gateway_linger: Duration = Field(
        timedelta(milliseconds=5),
        ge=timedelta(0),
        le=timedelta(seconds=1),
        description="Time that a PutRecords call waits for the records of other requests",
    )
    gateway_queue_records: int = Field(
        10_000,
        ge=500,
        le=1_000_000,
        description="Maximum records, of each stream, that are accepted and not confirmed by it; "
        "beyond that, requests get 503",
    )
    gateway_parallel_puts: int = Field(
        4, ge=1, le=32, description="Maximum PutRecords calls at a time, of each stream"
    )
    gateway_deadline: Duration = Field(
        timedelta(seconds=10),
        ge=timedelta(seconds=1),
        le=timedelta(minutes=5),
        description="Time after which no attempt to write a record begins, and the client gets 503",
    )
    gateway_attempt_timeout: Duration = Field(
        timedelta(seconds=5),
        ge=timedelta(milliseconds=500),
        le=timedelta(seconds=60),
        description="Time after which a PutRecords call without an answer is given up and repeated",
    )
    gateway_idempotency_store: str = Field(
        MEMORY,
        description="Store of the answers to requests with an Idempotency-Key: memory for one process, "
        "sqlite:PATH for the processes of one machine, dynamodb:TABLE for several machines",
    )
    gateway_idempotency_keep: Duration = Field(
        timedelta(hours=24),
        ge=timedelta(minutes=1),
        le=timedelta(days=30),
        description="Time for which the answer to an Idempotency-Key is kept",
    )
    gateway_idempotency_keys: int = Field(
        100_000,
        ge=100,
        le=10_000_000,
        description="Maximum keys in memory or in the SQLite file; beyond that, the oldest answers "
        "are dropped",
    )

    @field_validator("gateway_idempotency_store")
    @classmethod
    def _is_an_idempotency_store(cls, store: str) -> str:
        if not re.fullmatch(f"{MEMORY}|{SQLITE}.+|{DYNAMODB}{TABLE_NAME}", store):
            msg = "write memory, sqlite:PATH or dynamodb:TABLE"
            raise ValueError(msg)
        return store

"""Submitted transactions as the records that the engine decides on: missing ids and times are generated."""

import uuid
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Final, Literal, NamedTuple

import orjson
from pydantic import AfterValidator, AliasChoices, BaseModel, ConfigDict, Field

from fraudstream.domain.json_objects import JsonError, json_object
from fraudstream.domain.transaction import format_time, parse_time_ms


def _checked_time(text: str) -> str:
    parse_time_ms(text)
    return text


Timestamp = Annotated[str, Field(json_schema_extra={"format": "date-time"}), AfterValidator(_checked_time)]
"""A time as the job's parser takes it."""
Identifier = Annotated[str, Field(min_length=1, max_length=256)]
USD_VND_RATE: Final = 26_000.0
USD_VND_RATE_DATE: Final = date(2025, 12, 1)
"""Dong for a dollar where nothing else is set: a round figure, and its date."""
GENERATED_FIELDS: Final = ("transaction_id", "event_time")


class SubmittedRecord(NamedTuple):
    """A record, and the names of the fields that were generated for it."""

    data: bytes
    generated: tuple[str, ...] = ()


def completed(data: bytes, now_ms: int, new_id: Callable[[], str]) -> SubmittedRecord:
    """Return a transaction's record with an id and an event time; unchanged bytes if it has both.

    What is no JSON object stays as it is, and is refused by the engine's parser.
    """
    try:
        fields = json_object(data)
    except JsonError:
        return SubmittedRecord(data)
    missing = tuple(name for name in GENERATED_FIELDS if fields.get(name) is None)
    if not missing:
        return SubmittedRecord(data)
    values = {"transaction_id": new_id(), "event_time": format_time(now_ms)}
    added = orjson.dumps({name: values[name] for name in missing})
    # The sent fields keep their bytes. Of a field that is there twice, the last one counts.
    rest = data.strip().removesuffix(b"}").rstrip()
    joint = b"" if rest == b"{" else b","
    return SubmittedRecord(rest + joint + added[1:], missing)


def new_transaction_id() -> str:
    """Return a random id for a transaction without one."""
    return f"check-{uuid.uuid4().hex}"


class SimpleTransaction(BaseModel):
    """A transaction in the short form of ``POST /api/check-fraud`` and ``POST /predict``.

    Unknown fields are ignored, as in the stream's records.
    """

    model_config = ConfigDict(
        extra="ignore",
        json_schema_extra={
            "examples": [
                {
                    "transaction_id": "TXN123456",
                    "user_id": "USER001",
                    "merchant_id": "MERCH001",
                    "amount": 1500.0,
                    "timestamp": "2025-11-26T00:47:38Z",
                }
            ]
        },
    )

    transaction_id: Identifier | None = None
    user_id: Identifier = Field(description="The account")
    amount: float = Field(gt=0, allow_inf_nan=False, description="In the unit of `currency`")
    currency: Literal["USD", "VND"] = "USD"
    merchant_id: Identifier | None = Field(None, validation_alias=AliasChoices("merchant_id", "merchant"))
    merchant_category: str | None = Field(
        None, max_length=256, validation_alias=AliasChoices("category", "merchant_category")
    )
    city: str | None = Field(None, max_length=256, validation_alias=AliasChoices("location", "city"))
    device_id: Identifier | None = None
    timestamp: Timestamp | None = Field(None, description="RFC 3339 with a UTC offset; default: now")

    def record(self, now_ms: int, new_id: Callable[[], str], usd_vnd_rate: float) -> SubmittedRecord:
        """Return the stream's record of the transaction."""
        amount = self.amount * usd_vnd_rate if self.currency == "USD" else self.amount
        fields: dict[str, Any] = {
            "transaction_id": self.transaction_id or new_id(),
            "event_time": self.timestamp or format_time(now_ms),
            "account_id": self.user_id,
            "transaction_amount_vnd": amount,
            "merchant_id": self.merchant_id,
            "merchant_category": self.merchant_category,
            "city": self.city,
            "device_id": self.device_id,
        }
        given = {"transaction_id": self.transaction_id, "event_time": self.timestamp}
        missing = tuple(name for name in GENERATED_FIELDS if given[name] is None)
        present = {name: value for name, value in fields.items() if value is not None}
        return SubmittedRecord(orjson.dumps(present), missing)

"""Customer metadata: what the bank knows of a customer, as columns of the customer's transactions.

A sender can't set these columns: the job and the servers look them up by ``customer_id``. The kernel's
``CustomerRow`` has the same values and limits.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Self

from fraudstream.domain.duration import DAY_MS, HOUR_MS
from fraudstream.domain.transaction import COLUMN_KINDS, FIELD_NAMES, ColumnKind, Transaction

VIETNAM_OFFSET_MS: Final = 7 * HOUR_MS
"""UTC+7; Vietnam has no daylight saving time."""
CUSTOMER_COLUMNS: Final[dict[str, ColumnKind]] = {
    "customer_segment": "text",
    "customer_kyc_level": "number",
    "customer_relationship_days": "number",
}
"""Type of each column that the metadata add; the kernel's ``Column`` has them in this order after the fields
of the record."""
FEATURE_COLUMNS: Final[dict[str, ColumnKind]] = COLUMN_KINDS | CUSTOMER_COLUMNS
"""Type of each column that a feature can have: the fields of the record, and the customer's metadata."""
METADATA_FIELDS: Final = ("segment", "kyc_level", "customer_since")
"""Columns of a file, or attributes of a table, that have a customer's metadata."""
MAX_SEGMENT_CHARACTERS: Final = 64
KYC_LEVELS: Final = ("0", "1", "2", "3")
_MAX_QUOTED: Final = 40
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Metadata of one customer; None is unknown. ``kyc_level`` is 0 to 3: how well the identity is known."""

    segment: str | None = None
    kyc_level: int | None = None
    customer_since: date | None = None

    @classmethod
    def of_texts(cls, texts: Mapping[str, str | None]) -> Self:
        """Read the texts of `METADATA_FIELDS`; an absent or empty one is unknown.

        Raises ``ValueError`` that names the field, the value and the fix.
        """
        segment, level, since = (texts.get(field) or None for field in METADATA_FIELDS)
        if segment is not None and (not segment.strip() or len(segment) > MAX_SEGMENT_CHARACTERS):
            msg = "segment is blank or longer than 64 characters; give a short name, or omit it"
            raise ValueError(msg)
        if level is not None and level not in KYC_LEVELS:
            raise ValueError(_wrong("kyc_level", level, "0, 1, 2 or 3"))
        return cls(
            segment=segment,
            kyc_level=None if level is None else int(level),
            customer_since=None if since is None else _day(since),
        )

    def texts(self) -> dict[str, str]:
        """Return the texts that `of_texts` reads; unknown values are left out."""
        values = {
            "segment": self.segment,
            "kyc_level": self.kyc_level,
            "customer_since": self.customer_since,
        }
        return {field: str(value) for field, value in values.items() if value is not None}

    def relationship_days(self, event_time_ms: int) -> float | None:
        """Return the days, by Vietnam's calendar, for which the customer has been one at the event time.

        None if that is unknown, or the customer was none yet.
        """
        if self.customer_since is None:
            return None
        days = (event_time_ms + VIETNAM_OFFSET_MS) // DAY_MS
        age = days - (self.customer_since.toordinal() - _EPOCH_DAY)
        return None if age < 0 else float(age)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTransaction(Transaction):
    """A transaction with the metadata of its customer at its event time; None is unknown."""

    customer_segment: str | None = None
    customer_kyc_level: float | None = None
    customer_relationship_days: float | None = None


def with_customer(transaction: Transaction, customers: Mapping[str, Customer]) -> KnownTransaction:
    """Return the transaction with the metadata of its customer; all are None if it is unknown."""
    fields = {name: getattr(transaction, name) for name in FIELD_NAMES}
    customer = customers.get(transaction.customer_id) if transaction.customer_id is not None else None
    if customer is None:
        return KnownTransaction(**fields)
    return KnownTransaction(
        **fields,
        customer_segment=customer.segment,
        customer_kyc_level=None if customer.kyc_level is None else float(customer.kyc_level),
        customer_relationship_days=customer.relationship_days(transaction.event_time_ms),
    )


def _day(text: str) -> date:
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise ValueError(_wrong("customer_since", text, "a date, like 2026-01-02"))


def _wrong(field: str, text: str, wanted: str) -> str:
    quoted = text if len(text) <= _MAX_QUOTED else f"{text[:_MAX_QUOTED]}…"
    return f"{field} is '{quoted}'; it must be {wanted}: correct it, or omit it"

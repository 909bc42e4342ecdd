"""Transaction and label, the records of the input streams.

Each record is one JSON object. The truth (``is_fraud``) is never part of a transaction: as in a bank, it
arrives later, as a label on a separate stream.
"""

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple

import orjson

from fraudstream.domain.patterns import FraudType

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_SECONDS_PER_DAY: Final = 86_400
_CALENDAR_YEARS: Final = 400
_CALENDAR_DAYS: Final = 146_097
"""Period of the Gregorian calendar: it repeats after 400 years, or 146,097 days."""
FIRST_MS: Final = -62_135_596_800_000
END_MS: Final = 253_370_764_800_000
"""Range of event times, end exclusive: the years 1 to 9998 in UTC."""
_USUAL: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})T([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])\.([0-9]{3})Z"
)
_RFC3339: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"[Tt]([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]|60)(?:\.([0-9]*))?)?"
    r"(?:[Zz]|([+-])([01][0-9]|2[0-3])(?::([0-5][0-9])(?::([0-5][0-9]))?)?)"
)
"""RFC 3339, and what the kernel's ``Rfc3339``, which has the same pattern, also reads: times without seconds,
offsets without minutes or with seconds."""
_LEAP_SECOND: Final = 60
_LAST_SECOND_OF_DAY: Final = 86_399

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Characters that control what shows them: C0, DEL and C1, line separators, directions of writing. With them
an id looks like another one. The kernel's ``FieldReader`` has the same."""


class TransactionKey(NamedTuple):
    """The identity of a transaction: ids of transactions are unique only within their account."""

    account_id: str
    transaction_id: str

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> "TransactionKey":
        """Return the identity in a record with both fields: a transaction, a label, a score or an alert."""
        return cls(str(record.get("account_id")), str(record.get("transaction_id")))

    def __str__(self) -> str:
        """Return both ids for messages; they may contain the slash."""
        return f"{self.account_id}/{self.transaction_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """One bank transaction; the first four fields are required, the others are None if absent."""

    transaction_id: str
    event_time_ms: int
    account_id: str
    transaction_amount_vnd: float
    customer_id: str | None = None
    transaction_type: str | None = None
    channel: str | None = None
    transaction_fees_vnd: float | None = None
    counterparty_id: str | None = None
    merchant_id: str | None = None
    merchant_category: str | None = None
    city: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    device_id: str | None = None
    biometric_failure_count: float | None = None
    total_loans_vnd: float | None = None
    num_transactions: float | None = None
    npl_flag: bool | None = None
    status: str | None = None
    currency: str | None = None
    country: str | None = None

    @property
    def key(self) -> TransactionKey:
        """The identity of the transaction."""
        return TransactionKey(self.account_id, self.transaction_id)

    def to_json(self) -> bytes:
        """Encode for the stream: ``event_time`` in RFC 3339, UTC, milliseconds; absent fields null."""
        record: dict[str, Any] = {
            field: getattr(self, field) for field in FIELD_NAMES if field != "event_time_ms"
        }
        record["event_time"] = format_time(self.event_time_ms)
        return orjson.dumps(record)

    @classmethod
    def from_json(cls, data: bytes) -> "Transaction":
        """Decode a well-formed record; unknown fields are ignored.

        For trusted input and tests. The job validates records with the kernel's parser, which says what is
        wrong with a record. Raises ``KeyError`` or ``ValueError`` if the record is broken.
        """
        record = orjson.loads(data)
        check_ids(record)
        values = {name: record[name] for name in FIELD_NAMES if name in record}
        return cls(event_time_ms=parse_time_ms(record["event_time"]), **values)


FIELD_NAMES: Final = tuple(field.name for field in dataclasses.fields(Transaction))

ID_FIELDS: Final = tuple(name for name in FIELD_NAMES if name.endswith("_id"))

ColumnKind = Literal["text", "time", "number", "flag"]
_KIND_OF_TYPE: Final[dict[str, ColumnKind]] = {
    "str": "text",
    "int": "time",
    "float": "number",
    "bool": "flag",
}
COLUMN_KINDS: Final[dict[str, ColumnKind]] = {
    field.name.removesuffix("_ms"): _KIND_OF_TYPE[
        str(getattr(field.type, "__name__", field.type)).split(" ")[0]
    ]
    for field in dataclasses.fields(Transaction)
}
"""Type of each field of the JSON record; the kernel's ``Column`` has the same fields in the same order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """The truth about a transaction and the time it became known; that is never before the event time."""

    transaction_id: str
    account_id: str
    event_time_ms: int
    available_at_ms: int
    is_fraud: bool
    fraud_type: FraudType | None = None
    customer_id: str | None = None
    device_id: str | None = None
    merchant_id: str | None = None
    counterparty_id: str | None = None

    @property
    def key(self) -> TransactionKey:
        """The identity of the transaction that the label is about."""
        return TransactionKey(self.account_id, self.transaction_id)

    def to_json(self) -> bytes:
        """Encode for the ``Labels`` stream: both times in RFC 3339, UTC, milliseconds."""
        record = dataclasses.asdict(self)
        record["event_time"] = format_time(record.pop("event_time_ms"))
        record["available_at"] = format_time(record.pop("available_at_ms"))
        return orjson.dumps(record)

    @classmethod
    def from_json(cls, data: bytes) -> "Label":
        """Decode a record of the ``Labels`` stream; raises ``KeyError`` or ``ValueError`` if it is broken."""
        record = orjson.loads(data)
        check_ids(record)
        record["event_time_ms"] = parse_time_ms(record.pop("event_time"))
        record["available_at_ms"] = parse_time_ms(record.pop("available_at"))
        names = [field.name for field in dataclasses.fields(cls)]
        return cls(**{name: record[name] for name in names if name in record})


def check_ids(record: Mapping[str, object]) -> None:
    """Raise ``ValueError`` if an id of a transaction's or a label's record has a control character."""
    for name in ID_FIELDS:
        value = record.get(name)
        found = _CONTROL.search(value) if isinstance(value, str) else None
        if found:
            msg = f"{name} has the control character U+{ord(found[0]):04X} in it; send an id without"
            raise ValueError(msg)


def format_time(time_ms: int) -> str:
    """Format epoch milliseconds as RFC 3339 in UTC, like ``2026-01-02T03:04:05.678Z``."""
    return from_time_ms(time_ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_time_ms(time_ms: int) -> datetime:
    """Return epoch milliseconds as a UTC time; raises ``OverflowError`` outside the years 1 to 9999."""
    return _EPOCH + timedelta(milliseconds=time_ms)


def parse_time_ms(text: str) -> int:
    """Return the epoch milliseconds of an RFC 3339 time, truncated to the millisecond.

    Accepts the same texts as the kernel's ``Rfc3339``: letters in either case, fractions of any length. A
    leap second, which epoch time does not have, is the first second of the next day. Raises ``ValueError`` if
    the text is not a time, has no UTC offset, or lies outside the years 1 to 9998 in UTC.
    """
    usual = _USUAL.fullmatch(text)
    try:
        if usual is not None and text[:4] != "0000":
            day, hour, minute, second, ms = usual.groups()
            time_ms = _day_ms(day) + _seconds(hour, minute, second) * 1000 + int(ms)
        else:
            time_ms = _unusual_time_ms(text)
    except ValueError as error:
        reason = f" ({error})" if str(error) else ""
        like = "write it like 2026-01-02T03:04:05.678Z"
        msg = f"{text!r} is not an RFC 3339 time with a UTC offset{reason}; {like}"
        raise ValueError(msg) from None
    if not FIRST_MS <= time_ms < END_MS:
        msg = f"{text!r} is outside the years 1 to 9998 in UTC; correct the time"
        raise ValueError(msg)
    return time_ms


@lru_cache
def _day_ms(day: str) -> int:
    return (date.fromisoformat(day).toordinal() - _EPOCH_DAY) * _SECONDS_PER_DAY * 1000


def _unusual_time_ms(text: str) -> int:
    found = _RFC3339.fullmatch(text)
    if found is None:
        raise ValueError
    year, month, day, hour, minute, second, fraction, sign, *offset = found.groups()
    # With some offsets, times in year 0 lie in year 1 of UTC. Python has no year 0, but the calendar repeats.
    days = date(int(year), int(month), int(day)).toordinal() if int(year) else _day_of_year_0(month, day)
    offset_s = _seconds(*offset) if sign else 0
    utc_s = _seconds(hour, minute, second) + (offset_s if sign == "-" else -offset_s)
    # The second before a leap second is the last one of a day in UTC.
    if second == str(_LEAP_SECOND) and (utc_s - 1) % _SECONDS_PER_DAY != _LAST_SECOND_OF_DAY:
        msg = "a second 60 must be the last one of a day in UTC"
        raise ValueError(msg)
    return ((days - _EPOCH_DAY) * _SECONDS_PER_DAY + utc_s) * 1000 + int((fraction or "")[:3].ljust(3, "0"))


def _day_of_year_0(month: str, day: str) -> int:
    return date(_CALENDAR_YEARS, int(month), int(day)).toordinal() - _CALENDAR_DAYS


def _seconds(hour: str, minute: str | None, second: str | None) -> int:
    return int(hour) * 3_600 + int(minute or 0) * 60 + int(second or 0)

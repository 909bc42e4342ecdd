"""Record gate: accepts and refuses records of transactions and labels, as the job's parser does.

Every Python program that reads such records decides by this module: training, replay, redrive and the
producer count the same records as the job. The kernel's ``TransactionParser``, ``LabelParser`` and
``FieldReader`` are the same rules in Java; ``tests/conformance/records.tsv`` is held against both. Of a
record with several faults they may name different ones.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NoReturn

from fraudstream.domain.json_objects import JsonError, json_fields
from fraudstream.domain.number_ranges import NUMBER_RANGES
from fraudstream.domain.patterns import FRAUD_TYPES
from fraudstream.domain.transaction import (
    COLUMN_KINDS,
    ID_FIELDS,
    ColumnKind,
    Label,
    Transaction,
    check_ids,
    format_time,
    parse_time_ms,
)

MAX_RECORD_BYTES: Final = 65_536
"""Default of the job's setting ``max_record_bytes``."""
MAX_TEXT_UNITS: Final = 256
"""Maximum length of a text in UTF-16 code units, as the kernel counts it: an emoji is two."""
REQUIRED: Final = ("transaction_id", "event_time", "account_id", "transaction_amount_vnd")
REQUIRED_OF_LABELS: Final = ("transaction_id", "account_id", "event_time", "available_at", "is_fraud")
KPL_MAGIC: Final = b"\xf3\x89\x9a\xc2"
"""First bytes of a record that the Kinesis Producer Library aggregated."""
WHOLE_AGGREGATE: Final = (
    "aggregated by the Kinesis Producer Library, and not taken apart; copy it with `streams archive`, or "
    "have its producer send it again"
)
AMOUNT: Final = "transaction_amount_vnd"
LABEL_KINDS: Final[Mapping[str, ColumnKind]] = {
    **{name: COLUMN_KINDS[name] for name in ID_FIELDS},
    "event_time": "time",
    "available_at": "time",
    "is_fraud": "flag",
}
_WANTED: Final[Mapping[ColumnKind, str]] = {
    "text": "a string",
    "time": "a string in RFC 3339, like 2026-01-02T03:04:05.678Z",
    "number": "a number",
    "flag": "true or false",
}
_PLAIN: Final = re.compile(r"[!-~][ -~]{0,255}")
"""Most texts: printable ASCII that does not begin with a space."""
_BLANK: Final = re.compile("[\\s\x1c-\x1f]*")
"""Together with `_VISIBLE_SPACES`: what Java's ``String.isBlank`` calls blank."""
_VISIBLE_SPACES: Final = frozenset("\x85\xa0\u2007\u202f")
"""White space to Python and not to Java: NEL, and the spaces at which no line may break."""
_HALF: Final = re.compile("[\ud800-\udfff]")
_QUOTED_CHARACTERS: Final = 60


RECORD: Final = "record"
"""Named as the field of a fault that no single field has."""


class RefusedRecordError(ValueError):
    """A record that the job refuses; ``reason`` is that of its dead letter, the message its detail.

    ``field`` is the faulty field, or `RECORD`; ``value`` is a text that shows its value, cut if it is long,
    and empty where a value says nothing; ``remedy`` is the part of the message that says what to do.
    """

    def __init__(self, reason: str, detail: str, field: str = RECORD, value: str = "") -> None:
        super().__init__(detail)
        self.reason = reason
        self.field = field
        self.value = value

    @property
    def remedy(self) -> str:
        """The end of the message: a text after its last semicolon, which no remedy contains."""
        return str(self).rpartition("; ")[2]


def read_transaction(data: bytes, max_bytes: int = MAX_RECORD_BYTES) -> Transaction:
    """Return the transaction of a JSON record; unknown fields are ignored.

    Raises `RefusedRecordError` as `transaction_values` does.
    """
    values = transaction_values(data, max_bytes)
    return Transaction(event_time_ms=values.pop("event_time"), **values)


def transaction_values(data: bytes, max_bytes: int = MAX_RECORD_BYTES) -> dict[str, Any]:
    """Return the known fields of a transaction's record; absent ones are left out, ``event_time`` is in ms.

    Raises `RefusedRecordError` if the job would refuse the record. The job also compares event times with the
    arrival and with the account's other transactions, which a record by itself does not show.
    """
    values = _checked(_fields(data, max_bytes, "transaction"), COLUMN_KINDS, "transaction", REQUIRED)
    for name, allowed in NUMBER_RANGES.items():
        value = values.get(name)
        if value is not None and not allowed.has(value):
            raise _out_of_range(name, value)
    return values


def check_arrival(event_time_ms: int, arrival_ms: int, tolerance_ms: int) -> None:
    """Raise `RefusedRecordError` if a transaction's event time is more than the tolerance after its arrival.

    The job compares with the arrival in the stream; a program that writes there, with its clock.
    """
    ahead_ms = event_time_ms - arrival_ms
    if ahead_ms > tolerance_ms:
        allowed = f"at most {tolerance_ms} are allowed: check the sender's clock"
        detail = f"event_time is {ahead_ms} ms after the record's arrival; {allowed}"
        _refuse("future_time", detail, "event_time", format_time(event_time_ms))


def read_label(data: bytes, max_bytes: int = MAX_RECORD_BYTES) -> Label:
    """Return the label of a JSON record; unknown fields are ignored, and so is an unknown fraud type.

    Raises `RefusedRecordError` if the job would refuse the record.
    """
    values = label_values(data, max_bytes)
    fraud_type = values.pop("fraud_type")
    return Label(
        event_time_ms=values.pop("event_time"),
        available_at_ms=values.pop("available_at"),
        fraud_type=fraud_type if fraud_type in FRAUD_TYPES else None,
        **values,
    )


def label_values(data: bytes, max_bytes: int = MAX_RECORD_BYTES) -> dict[str, Any]:
    """Return the known fields of a label's record, times in ms.

    ``fraud_type`` is any text, or None, as the job does not read it. Raises `RefusedRecordError` as
    `read_label` does.
    """
    fields = list(_fields(data, max_bytes, "label"))
    values = _checked(fields, LABEL_KINDS, "label", REQUIRED_OF_LABELS)
    before_ms = values["event_time"] - values["available_at"]
    if before_ms > 0:
        reason = "a label can't be known before its transaction"
        _refuse(
            "invalid_time",
            f"available_at is {before_ms} ms before event_time; {reason}",
            "available_at",
            format_time(values["available_at"]),
        )
    fraud_type = dict(fields).get("fraud_type")
    is_text = isinstance(fraud_type, str) and not _HALF.search(fraud_type)
    values["fraud_type"] = fraud_type if is_text else None
    return values


def _fields(data: bytes, max_bytes: int, what: str) -> Iterable[tuple[str, Any]]:
    if data.startswith(KPL_MAGIC):
        _refuse("aggregation", WHOLE_AGGREGATE)
    if len(data) > max_bytes:
        whose = "record" if what == "transaction" else what
        detail = f"{whose} of {len(data)} bytes; at most {max_bytes} are allowed"
        _refuse("oversize", detail, value=f"{len(data)} bytes")
    try:
        return json_fields(data)
    except JsonError as error:
        _refuse("malformed_json", str(error), value=_excerpt(data.decode(errors="replace")))


def _checked(
    fields: Iterable[tuple[str, Any]],
    kinds: Mapping[str, ColumnKind],
    what: str,
    required: tuple[str, ...],
) -> dict[str, Any]:
    """Return the known fields, times in ms; of a field that occurs twice, the last value counts."""
    values: dict[str, Any] = {}
    for name, value in fields:
        kind = kinds.get(name)
        if kind is not None:
            values[name] = None if value is None else _CHECKS[kind](name, value)
    for name in required:
        if values.get(name) is None:
            detail = f"{name} is missing or null; every {what} needs it"
            _refuse("missing_field", detail, name)
    return values


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise _wrong_type(name, value)
    if _PLAIN.fullmatch(value):
        return value
    units = len(value.encode("utf-16-le", "surrogatepass")) // 2
    if units > MAX_TEXT_UNITS:
        detail = f"{name} has {units} characters; at most {MAX_TEXT_UNITS} are allowed"
        _refuse("invalid_value", detail, name, value)
    if name in REQUIRED and is_blank(value):
        _refuse("invalid_value", f"{name} is empty; give a text that is not blank", name, value)
    if _HALF.search(value):
        _refuse(
            "invalid_value", f"{name} contains half of a surrogate pair; send whole characters", name, value
        )
    if name in ID_FIELDS:
        try:
            check_ids({name: value})
        except ValueError as error:
            _refuse("invalid_value", str(error), name, value)
    return value


def is_blank(text: str) -> bool:
    """Whether a text is empty or white space, by the definition of Java, in which the kernel is written."""
    return _BLANK.fullmatch(text) is not None and _VISIBLE_SPACES.isdisjoint(text)


def _time(name: str, value: object) -> int:
    if not isinstance(value, str):
        raise _wrong_type(name, value)
    try:
        return parse_time_ms(value)
    except ValueError as error:
        _refuse("invalid_time", f"{name}: {error}", name, value)


def _number(name: str, value: object) -> float:
    # In Python a bool is an int.
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _wrong_type(name, value)
    if not math.isfinite(value):
        raise _out_of_range(name, value)
    return value


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise _wrong_type(name, value)
    return value


_CHECKS: Final[Mapping[ColumnKind, Callable[[str, object], Any]]] = {
    "text": _text,
    "time": _time,
    "number": _number,
    "flag": _flag,
}


def _refuse(reason: str, detail: str, field: str = RECORD, value: str = "") -> NoReturn:
    raise RefusedRecordError(reason, detail, field, _excerpt(value)) from None


def _excerpt(text: str) -> str:
    # No answer, log or file can have half of a surrogate pair.
    shown = _HALF.sub("\ufffd", text[: _QUOTED_CHARACTERS + 1])
    return shown if len(text) <= _QUOTED_CHARACTERS else f"{shown[:_QUOTED_CHARACTERS]}…"


def _wrong_type(name: str, value: object) -> RefusedRecordError:
    kind = COLUMN_KINDS.get(name) or LABEL_KINDS[name]
    text = str(value).lower() if isinstance(value, bool) else str(value)
    quoted = f"'{text}'" if len(text) <= _QUOTED_CHARACTERS else f"'{text[:_QUOTED_CHARACTERS]}…'"
    detail = f"{name} is {quoted}; it must be {_WANTED[kind]}"
    reason = "wrong_type"
    return RefusedRecordError(reason, detail, name, _excerpt(text))


def _out_of_range(name: str, value: float) -> RefusedRecordError:
    is_amount = name == AMOUNT
    fix = "correct it" if is_amount else "correct it, or omit it if it is unknown"
    detail = f"{name} is {value}; it must be {NUMBER_RANGES[name]}: {fix}"
    reason = "invalid_amount" if is_amount else "invalid_value"
    return RefusedRecordError(reason, detail, name, _excerpt(str(value)))

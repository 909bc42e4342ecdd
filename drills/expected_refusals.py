"""What a dead letter and a review alert must say about a refused record, from its bytes alone.

The kernel's parser, its ``FieldReader`` and its ``Salvage`` are written again here in the simplest way, so
that the drill does not believe what the job says. A test compares both.
"""

import json
import math
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from drills.field_comparison import Matching
from fraudstream.domain.number_ranges import NUMBER_RANGES
from fraudstream.domain.transaction import COLUMN_KINDS, check_ids, parse_time_ms
from producer.broken import MAX_RECORD_BYTES

REQUIRED: Final = ("transaction_id", "event_time", "account_id", "transaction_amount_vnd")
AMOUNT: Final = "transaction_amount_vnd"
FUTURE_TOLERANCE_MS: Final = 86_400_000
"""Default of the setting."""
SALVAGED_BYTES: Final = 64 * 1024
MAX_ID_CHARACTERS: Final = 256
MAX_QUOTED_CHARACTERS: Final = 60
TIME_LIKE: Final = "like 2026-01-02T03:04:05.678Z"
WANTED: Final = {
    "text": "a string",
    "time": f"a string in RFC 3339, {TIME_LIKE}",
    "number": "a number",
    "flag": "true or false",
}
DETAILS: Final[dict[str, str | Matching]] = {
    "late": "event_time lies further behind the newest of its account than the allowed lateness",
    "conflicting_duplicate": "the account already has a transaction with this transaction_id and other "
    "contents; give each transaction an id of its own, and copies the same contents",
    "scoring": Matching(r"(?s).+"),
    # The only damage that a drill does to an aggregated record.
    "aggregation": "aggregated by the Kinesis Producer Library, and its MD5 does not match; have its "
    "producer send it again",
}
"""Details that do not depend on the record."""
IF_UNKNOWN: Final = "{leave} it out if it is unknown".format(leave="leave")
"""The kernel's words, which texts of our own avoid."""
NOT_UTF8: Final = "the text is UTF-16 or UTF-32; send JSON in UTF-8"
NO_COLON: Final = (
    "Unexpected character ('\"' (code 34)): was expecting a colon to separate field name and value"
)
CUT_OFF: Final = Matching(r"(?s)(Unexpected end-of-input|Unrecognized token|Decimal point not followed).*")
"""Of a record that ends too early, only the kind of message is checked: it names the parser's state."""
BYTE_ORDER_MARK: Final = "\ufeff"
_SPACES: Final = " \t\r\n"
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_NUMBER_LIKE: Final = re.compile(r"-?[0-9]*(?:\.[0-9]*)?(?:[eE][+-]?[0-9]*)?")
"""Characters that the kernel reads as one number, or refuses; it does not look at the one behind them."""
SCIENTIFIC_BELOW: Final = 1e-3
SCIENTIFIC_FROM: Final = 1e7


class Salvaged(NamedTuple):
    """What a review alert knows of a record that was refused; None where unknown."""

    transaction_id: str | None = None
    account_id: str | None = None
    event_time_ms: int | None = None
    transaction_amount_vnd: float | None = None

    @property
    def has_ids(self) -> bool:
        """Whether there is a review alert at all."""
        return self.transaction_id is not None and self.account_id is not None


def detail(data: bytes, reason: str, arrival_ms: int) -> str | Matching:
    """Return the detail of the dead letter and the review alert of a refused record."""
    if reason in DETAILS:
        return DETAILS[reason]
    if reason == "oversize":
        return f"record of {len(data)} bytes; at most {MAX_RECORD_BYTES} are allowed"
    if reason == "malformed_json":
        return _syntax_error(data)
    if reason in {"invalid_amount", "invalid_value"}:
        return _out_of_range(json.loads(data), data.decode())
    return _of_field(json.loads(data), reason, arrival_ms)


def _of_field(record: dict[str, Any], reason: str, arrival_ms: int) -> str:
    time = record.get("event_time")
    match reason:
        case "wrong_type":
            return _wrong_type(record)
        case "missing_field":
            name = next(name for name in REQUIRED if record.get(name) is None)
            return f"{name} is missing or null; every transaction needs it"
        case "invalid_time":
            return f"event_time is {_quoted(str(time))}; write RFC 3339 with an offset, {TIME_LIKE}"
        case "future_time":
            ahead_ms = parse_time_ms(str(time)) - arrival_ms
            return (
                f"event_time is {ahead_ms} ms after the record's arrival; at most {FUTURE_TOLERANCE_MS} are "
                "allowed: check the sender's clock"
            )
    msg = f"the drill does not know the detail of the reason {reason!r}; add it to expected_refusals.py"
    raise ValueError(msg)


def _syntax_error(data: bytes) -> str | Matching:
    if data[:1] in {b"\xfe", b"\xff"}:
        return NOT_UTF8
    return NO_COLON if data.startswith(b'{"transaction_id""') else CUT_OFF


def _wrong_type(record: dict[str, Any]) -> str:
    for name, value in record.items():
        kind = COLUMN_KINDS.get(name)
        if kind is not None and value is not None and not _has_type(value, kind):
            return f"{name} is {_quoted(_token(value))}; it must be {WANTED[kind]}"
    msg = f"no field of {record} has a wrong type; the load calls its records by the wrong reason"
    raise ValueError(msg)


def _has_type(value: object, kind: str) -> bool:
    if kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, bool if kind == "flag" else str)


def _token(value: object) -> str:
    """Return the text of the JSON token that a value begins with."""
    if isinstance(value, str):
        return value
    return json.dumps(value)[:1] if isinstance(value, dict | list) else json.dumps(value)


def _quoted(text: str) -> str:
    return f"'{text}'" if len(text) <= MAX_QUOTED_CHARACTERS else f"'{text[:MAX_QUOTED_CHARACTERS]}…'"


def _out_of_range(record: dict[str, Any], text: str) -> str:
    for name, allowed in NUMBER_RANGES.items():
        value = record.get(name)
        if value is None or allowed.has(value):
            continue
        written = java_double(value) if math.isfinite(value) else _quoted(_as_written(name, text))
        fix = "correct it" if name == AMOUNT else f"correct it, or {IF_UNKNOWN}"
        return f"{name} is {written}; it must be {allowed}: {fix}"
    msg = f"no number of {record} is out of its range; the load calls its records by the wrong reason"
    raise ValueError(msg)


def _as_written(name: str, text: str) -> str:
    found = re.search(rf'"{name}":\s*([^,}}\s]+)', text)
    return found[1] if found else ""


def java_double(value: float) -> str:
    """Return a number as Java's ``String.valueOf`` writes it."""
    value = float(value)
    if value == 0 or SCIENTIFIC_BELOW <= abs(value) < SCIENTIFIC_FROM:
        return repr(value)
    mantissa, _, exponent = f"{value:.17g}".partition("e")
    digits = 1
    while float(f"{value:.{digits}e}") != value:
        digits += 1
    mantissa, _, exponent = f"{value:.{digits}e}".partition("e")
    return f"{mantissa}E{int(exponent)}"


def salvaged(data: bytes) -> Salvaged:
    """Return what can be read of a refused record.

    These are its valid fields up to the first syntax error, or the first byte that is not UTF-8.
    """
    known: dict[str, Any] = {}
    for name, value in _fields(_utf8_prefix(data[:SALVAGED_BYTES])):
        known |= _valid(name, value)
    return Salvaged(**known)


def _utf8_prefix(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        return data[: error.start].decode()


def _fields(text: str) -> Iterator[tuple[str, object]]:
    """Yield the fields of a flat JSON object up to the first syntax error."""
    rest = text.removeprefix(BYTE_ORDER_MARK).lstrip(_SPACES)
    if not rest.startswith("{"):
        return
    try:
        while rest[0] in "{,":
            name, end = _DECODER.raw_decode(rest[1:].lstrip(_SPACES))
            rest = rest[1:].lstrip(_SPACES)[end:].lstrip(_SPACES)
            if not isinstance(name, str) or not rest.startswith(":"):
                return
            value, rest = _value(rest[1:].lstrip(_SPACES))
            yield name, value
            rest = rest.lstrip(_SPACES)
    except (ValueError, IndexError):
        return


def _value(text: str) -> tuple[object, str]:
    """Return the value at the beginning of the text, and the rest; raises ``ValueError`` if it is broken."""
    if text[:1] not in set("-0123456789"):
        value, end = _DECODER.raw_decode(text)
        return value, text[end:]
    number = _NUMBER_LIKE.match(text)
    if number is None or not _NUMBER.fullmatch(number[0]):
        raise _no_number(text)
    return float(number[0]), text[number.end() :]


def _refuse_constant(name: str) -> float:
    """Refuse NaN and Infinity, which Python's decoder reads and JSON does not have."""
    raise _no_number(name)


def _no_number(text: str) -> ValueError:
    return ValueError(f"no number: {text[:MAX_QUOTED_CHARACTERS]}")


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse_constant)


def _valid(name: str, value: object) -> dict[str, Any]:
    if name in {"transaction_id", "account_id"} and isinstance(value, str):
        return {name: value} if _is_id(name, value) else {}
    if name == "event_time" and isinstance(value, str):
        try:
            return {"event_time_ms": parse_time_ms(value)}
        except ValueError:
            return {}
    if name == AMOUNT and isinstance(value, float) and NUMBER_RANGES[AMOUNT].has(value):
        return {AMOUNT: value}
    return {}


def _is_id(name: str, text: str) -> bool:
    try:
        text.encode()
        check_ids({name: text})
    except ValueError:
        return False
    return bool(text.strip()) and len(text) <= MAX_ID_CHARACTERS

"""Naive parsers of transactions and labels in Python, with which the kernel's parsers are compared.

They define which records are refused, for which reason, and which values an accepted one has. Unlike the
kernel they parse the whole text first, so they know the reason of a record with several faults only if its
text is JSON.
"""

import json
import math
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from fraudstream.domain.number_ranges import NUMBER_RANGES
from fraudstream.domain.transaction import COLUMN_KINDS, ID_FIELDS, check_ids, parse_time_ms

AMOUNT: Final = "transaction_amount_vnd"
MAX_CHARACTERS: Final = 256
MAX_NUMBER_CHARACTERS: Final = 1_000
MAX_DEPTH: Final = 500
REQUIRED: Final = ("transaction_id", "event_time", "account_id", AMOUNT)
NEVER_BLANK: Final = ("transaction_id", "account_id")
LABEL_KINDS: Final = (
    dict.fromkeys(ID_FIELDS, "text")
    | dict.fromkeys(("event_time", "available_at"), "time")
    | {"is_fraud": "flag"}
)
LABEL_REQUIRED: Final = ("transaction_id", "account_id", "event_time", "available_at", "is_fraud")
NO_JAVA_SPACE: Final = "\x85\xa0\u2007\u202f"
"""Characters that are a space in Python and none in Java."""


class RefusedRecordError(ValueError):
    """A record is refused; ``reason`` is that of its dead letter."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Number:
    """A number as it is written."""

    text: str


class Members(list[tuple[str, Any]]):
    """The members of an object in order, with repeated names."""


def transaction_fields(data: bytes, arrival_ms: int, future_tolerance_ms: int) -> dict[str, Any]:
    """Return the values of the known fields, times in epoch ms, flags as 1 or 0, None where absent.

    Raises `RefusedRecordError` if the record is refused.
    """
    found = _fields(_members(data), COLUMN_KINDS)
    _require(found, REQUIRED)
    for name, allowed in NUMBER_RANGES.items():
        if found[name] is not None and not allowed.has(found[name]):
            _refuse(_out_of_range(name))
    if found["event_time"] - arrival_ms > future_tolerance_ms:
        _refuse("future_time")
    return found


def label_fields(data: bytes) -> dict[str, Any]:
    """Return the values of a label as `transaction_fields` returns those of a transaction."""
    found = _fields(_members(data), LABEL_KINDS)
    _require(found, LABEL_REQUIRED)
    if found["available_at"] < found["event_time"]:
        _refuse("invalid_time")
    return found


def _members(data: bytes) -> Members:
    try:
        # A byte order mark is allowed.
        value = json.loads(
            data.decode("utf-8-sig"),
            object_pairs_hook=Members,
            parse_int=Number,
            parse_float=Number,
            parse_constant=_refuse_constant,
        )
    except (ValueError, RecursionError):
        _refuse("malformed_json")
    if not isinstance(value, Members) or _depth(value) > MAX_DEPTH:
        _refuse("malformed_json")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _depth(value: object) -> int:
    deepest, level = 0, [value]
    while level:
        inner = [each for each in level if isinstance(each, list)]
        deepest += bool(inner)
        level = [member[1] if isinstance(each, Members) else member for each in inner for member in each]
    return deepest


def _fields(members: Members, kinds: dict[str, Any]) -> dict[str, Any]:
    """Check each member of a known name, also those that a later one of the same name replaces."""
    found: dict[str, Any] = dict.fromkeys(kinds)
    for name, value in members:
        if name in kinds:
            found[name] = None if value is None else _READERS[kinds[name]](name, value)
    return found


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        _refuse("wrong_type")
    is_blank = not value.strip() and not any(each in NO_JAVA_SPACE for each in value)
    units = len(value.encode("utf-16-le", "surrogatepass")) // 2
    if units > MAX_CHARACTERS or (name in NEVER_BLANK and is_blank) or _has_half_a_character(value):
        _refuse("invalid_value")
    try:
        check_ids({name: value})
    except ValueError:
        _refuse("invalid_value")
    return value


def _has_half_a_character(text: str) -> bool:
    return any(0xD800 <= ord(each) < 0xE000 for each in text)


def _time_ms(_name: str, value: object) -> int:
    if not isinstance(value, str):
        _refuse("wrong_type")
    try:
        return parse_time_ms(value)
    except ValueError:
        _refuse("invalid_time")


def _number(name: str, value: object) -> float:
    if not isinstance(value, Number):
        _refuse("wrong_type")
    if len(value.text) > MAX_NUMBER_CHARACTERS or not math.isfinite(float(value.text)):
        _refuse(_out_of_range(name))
    return float(value.text)


def _flag(_name: str, value: object) -> int:
    if not isinstance(value, bool):
        _refuse("wrong_type")
    return int(value)


_READERS: Final = {"text": _text, "time": _time_ms, "number": _number, "flag": _flag}


def _refuse(reason: str) -> NoReturn:
    raise RefusedRecordError(reason) from None


def _out_of_range(name: str) -> str:
    return "invalid_amount" if name == AMOUNT else "invalid_value"


def _require(found: dict[str, Any], names: tuple[str, ...]) -> None:
    if any(found[name] is None for name in names):
        _refuse("missing_field")

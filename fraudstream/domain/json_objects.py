"""JSON objects as the kernel reads them: the fields of one object, in their order.

orjson is fast and reads less than the kernel does: no half of a surrogate pair, no number beyond the range of
a double, no byte order mark. Where it refuses, or would hide a repeated field, Python's decoder decides.
"""

import json
import math
import re
from collections.abc import Iterable
from typing import Any, Final, NoReturn

import orjson

MAX_NESTING: Final = 500
"""Levels of objects and lists, with the record's own; the kernel's ``FieldReader`` has the same limit."""
MAX_NAME_BYTES: Final = 50_000
"""Limit of the kernel's parser (Jackson's StreamReadConstraints) for a field's name in UTF-8."""
MAX_NUMBER_CHARACTERS: Final = 1_000
"""A longer number is infinite: it is not converted, as that takes time with the square of its length."""
_BYTE_ORDER_MARK: Final = "\ufeff"
_INT_CHARACTERS: Final = 18
_SPACED_COLON: Final = re.compile(rb'"\s+:')
_LONG_NUMBER: Final = re.compile(rb"[0-9.eE+-]{%d}" % (MAX_NUMBER_CHARACTERS + 1))
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


class JsonError(ValueError):
    """Bytes that are not one JSON object in UTF-8; the message says why and the fix."""


class _Object(dict[str, Any]):
    """An object whose fields, with those that were repeated, are in ``pairs``."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs


def json_object(data: bytes) -> dict[str, Any]:
    """Return an object's fields; of a field that occurs twice, the last value counts.

    Raises `JsonError` if the data is not one JSON object. A number beyond the range of a double is infinite.
    """
    return dict(json_fields(data))


def json_fields(data: bytes) -> Iterable[tuple[str, Any]]:
    """Return the fields of a JSON object in their order, with repeated ones.

    Raises `JsonError` as `json_object` does.
    """
    if _may_be_plain(data):
        try:
            value = orjson.loads(data)
        except orjson.JSONDecodeError:
            return _decoded(data).pairs
        if not isinstance(value, dict):
            _refuse_other()
        # As many names as fields: none is repeated. A name in a nested object or a text is one too many.
        if data.count(b'":') == len(value) and not _SPACED_COLON.search(data):
            return value.items()
    return _decoded(data).pairs


def _may_be_plain(data: bytes) -> bool:
    if len(data) > MAX_NUMBER_CHARACTERS and (
        _LONG_NUMBER.search(data) or len(data) > MAX_NAME_BYTES or _may_be_deep(data)
    ):
        return False
    return b"\\u" not in data


def _may_be_deep(data: bytes) -> bool:
    return data.count(b"{") + data.count(b"[") > MAX_NESTING


def _decoded(data: bytes) -> _Object:
    text = _utf8(data)
    _check_nesting(text)
    try:
        value = _DECODER.decode(text)
    except ValueError as error:
        msg = f"not JSON ({error}); send one object per record"
        raise JsonError(msg) from None
    if not isinstance(value, _Object):
        _refuse_other()
    return value


def _utf8(data: bytes) -> str:
    if data[:1] in {b"\xfe", b"\xff"} or b"\0" in data[:4]:
        msg = "the text is UTF-16 or UTF-32; send JSON in UTF-8"
        raise JsonError(msg)
    try:
        return data.decode().removeprefix(_BYTE_ORDER_MARK)
    except UnicodeDecodeError as error:
        msg = f"byte {error.start + 1:,}, 0x{data[error.start]:02X}, is not UTF-8; send JSON in UTF-8"
        raise JsonError(msg) from None


def _check_nesting(text: str) -> None:
    """Raise `JsonError` if a text is nested too deeply: Python's decoder would end in a `RecursionError`."""
    if text.count("{") + text.count("[") <= MAX_NESTING:
        return
    depth = 0
    for mark in re.findall(r"[\[\]{}]", _STRING.sub("", text)):
        depth += 1 if mark in "[{" else -1
        if depth > MAX_NESTING:
            msg = f"nested more than {MAX_NESTING} levels deep; send a flat object"
            raise JsonError(msg)


def _pairs(pairs: list[tuple[str, Any]]) -> _Object:
    if any(len(name.encode("utf-8", "surrogatepass")) > MAX_NAME_BYTES for name, _ in pairs):
        msg = f"a field's name has more than {MAX_NAME_BYTES:,} bytes; send a shorter one"
        raise ValueError(msg)
    return _Object(pairs)


def _integer(text: str) -> float:
    return int(text) if len(text) <= _INT_CHARACTERS else _double(text)


def _double(text: str) -> float:
    return float(text) if len(text) <= MAX_NUMBER_CHARACTERS else math.inf


def _refuse_constant(name: str) -> NoReturn:
    """Refuse NaN and Infinity, which Python's decoder reads and JSON does not have."""
    msg = f"{name} is no JSON number"
    raise ValueError(msg)


def _refuse_other() -> NoReturn:
    msg = "not a JSON object; send one object per record"
    raise JsonError(msg)


_DECODER: Final = json.JSONDecoder(
    parse_constant=_refuse_constant, parse_int=_integer, parse_float=_double, object_pairs_hook=_pairs
)

"""Division of a request's body into the bytes of its records, without changing one of them.

A record goes onto the stream as it was sent: decoding and encoding it again would change numbers that a
double can't hold.
"""

import json
from typing import Any, Final

JSON_TYPE: Final = "application/json"
NDJSON_TYPE: Final = "application/x-ndjson"
MAX_RECORDS: Final = 500
"""Maximum number of records of a request: those of one PutRecords."""
_EXCERPT_CHARACTERS: Final = 20
_SPACE: Final = " \t\n\r"
_KEPT_AS_TEXT: Final[Any] = len
"""Numbers are not converted: of thousands of digits, that would take long. Their length stands for them."""
_SCANNER: Final = json.JSONDecoder(parse_int=_KEPT_AS_TEXT, parse_float=_KEPT_AS_TEXT, strict=False)


class BodyError(ValueError):
    """A body that can't be divided into records; the message is the remedy, ``value`` shows the fault."""

    def __init__(self, remedy: str, value: str) -> None:
        super().__init__(remedy)
        self.value = value


def divided(body: bytes, media_type: str) -> list[bytes]:
    """Return the bytes of each record of a body: one object, an array of objects, or lines of objects.

    The records themselves are not checked. Raises `BodyError` for a body without a record, one with more than
    `MAX_RECORDS`, and an array that is not JSON.
    """
    body = body.strip()
    if media_type == NDJSON_TYPE:
        records = [line for each in body.split(b"\n") if (line := each.strip())]
    elif body.startswith(b"["):
        records = _elements(body)
    else:
        records = [body] if body else []
    if not records:
        msg = f"send one record, or an array of 1 to {MAX_RECORDS}"
        raise BodyError(msg, "no records")
    if len(records) > MAX_RECORDS:
        msg = f"send at most {MAX_RECORDS} records in a request"
        raise BodyError(msg, f"{len(records)} records")
    return records


def _elements(body: bytes) -> list[bytes]:
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        msg = f"byte {error.start + 1} is not UTF-8: send JSON in UTF-8"
        raise BodyError(msg, repr(body[error.start : error.start + 1])) from None
    try:
        return _scanned(text)
    except json.JSONDecodeError as error:
        msg = (
            f"the JSON is malformed at its character {error.pos + 1} ({error.msg}): send an array of objects"
        )
        near = text[max(0, error.pos - _EXCERPT_CHARACTERS) : error.pos + _EXCERPT_CHARACTERS]
        raise BodyError(msg, near) from None
    except RecursionError:
        msg = "send fewer arrays and objects within each other"
        raise BodyError(msg, "nested too deeply") from None


def _scanned(text: str) -> list[bytes]:
    """Return the elements of an array; raises `json.JSONDecodeError` if the text is not just that."""
    elements: list[bytes] = []
    place = _after_space(text, 1)
    while text[place : place + 1] != "]":
        if elements:
            place = _after(text, place, ",")
        _, end = _SCANNER.raw_decode(text, place)
        elements.append(text[place:end].encode())
        place = _after_space(text, end)
    if place + 1 != len(text):
        msg = "Extra data"
        raise json.JSONDecodeError(msg, text, place + 1)
    return elements


def _after(text: str, place: int, mark: str) -> int:
    if text[place : place + 1] != mark:
        msg = f"Expecting '{mark}' or ']'"
        raise json.JSONDecodeError(msg, text, place)
    return _after_space(text, place + 1)


def _after_space(text: str, place: int) -> int:
    while text[place : place + 1] in _SPACE and place < len(text):
        place += 1
    return place

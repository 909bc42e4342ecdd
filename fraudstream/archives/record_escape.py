"""Escape for records that a line of a file can't hold as they are. Pure.

An escaped record is the line ``{"record_base64":"…"}``, with its bytes in base64 (RFC 4648, section 4). A
line of any other form is a record by itself. The kernel's ``EscapedLine`` reads the same form.
"""

import base64
import re
from typing import Final

PREFIX: Final = b'{"record_base64":"'
_SUFFIX: Final = b'"}'
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/]*={0,2}")
_GROUP: Final = 4


def as_line(record: bytes) -> bytes:
    """Return the line that `record_of` turns into the record, without a line feed.

    That is the record itself, unless it has a line feed, is blank or not UTF-8, or begins as escaped records
    do.
    """
    if b"\n" in record or record.startswith(PREFIX) or is_blank(record) or not _is_utf8(record):
        return PREFIX + base64.b64encode(record) + _SUFFIX
    return record


def record_of(line: bytes) -> bytes:
    """Return the record of a line, which has no line feed: the bytes of an escaped one, else the line."""
    if not line.startswith(PREFIX):
        return line
    text = line[len(PREFIX) :].removesuffix(_SUFFIX)
    is_escaped = len(PREFIX) + len(text) + len(_SUFFIX) == len(line)
    is_base64 = len(text) % _GROUP == 0 and _BASE64.fullmatch(text) is not None
    return base64.b64decode(text) if is_escaped and is_base64 else line


def is_blank(line: bytes) -> bool:
    """Whether a line has no record; the kernel's ``ParseLines`` ignores the same lines."""
    return not line.strip(b" \t\r")


def _is_utf8(record: bytes) -> bool:
    try:
        record.decode()
    except UnicodeDecodeError:
        return False
    return True

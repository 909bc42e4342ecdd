"""Escape for records that a line of a file can't hold as they are. Pure.

An escaped record is the line ``{"record_base64":"…"}``, with its bytes in base64 (RFC 4648, section 4). A
line of any other form is a record by itself. The kernel's ``EscapedLine`` reads the same form.
"""

import base64
import codecs
import re
from typing import Final

PREFIX: Final = b'{"record_base64":"'
SEAM: Final = b"}{"
"""End of one object and start of the next; within a JSON object it can occur only inside a string."""
_SUFFIX: Final = b'"}'
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/]*={0,2}")
_GROUP: Final = 4


def as_line(record: bytes) -> bytes:
    """Return the line that `record_of` turns into the record, without a line feed.

    That is the record itself, unless it is not UTF-8, or a reader of lines would take it for something else:
    it has a line feed or the seam of two objects, is blank, or begins as a JSON array or an escaped record.
    """
    if _is_taken_otherwise(record) or not _is_utf8(record):
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


def _is_taken_otherwise(record: bytes) -> bool:
    return (
        b"\n" in record or SEAM in record or is_array(record) or is_blank(record) or record.startswith(PREFIX)
    )


def is_array(line: bytes) -> bool:
    """Whether a line begins as a JSON array: at the beginning of a file, the whole file may be one."""
    return line.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"[")


def is_blank(line: bytes) -> bool:
    """Whether a line has no record; the kernel's ``ParseLines`` ignores the same lines."""
    return not line.strip(b" \t\r")


def _is_utf8(record: bytes) -> bool:
    try:
        record.decode()
    except UnicodeDecodeError:
        return False
    return True

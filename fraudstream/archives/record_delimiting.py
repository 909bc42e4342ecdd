"""Splits records that were concatenated without a delimiter. Pure.

Firehose concatenates records unless it is configured to append a line feed to each.
"""

from collections.abc import Iterator
from typing import Final

import orjson

from fraudstream.archives.record_escape import SEAM, record_of

MAX_RECORD_BYTES: Final = 1_048_576
"""Upper limit of the setting ``max_record_bytes``, the largest record that the job reads."""
MAX_LINE_BYTES: Final = 256 * 1024 * 1024
"""Longest line that is read into memory: twice the largest object of Firehose, which may be one line."""
MAX_OBJECTS: Final = 1_000_000
"""Most objects on a line, four times as many as transactions in the largest object of Firehose. A short
compressed file can hold a line of many millions of ``{}``, which would fill the memory as Python objects."""
MAX_SEAMS: Final = 100
"""Most occurrences of the seam within the strings of one record; the strings of a transaction have none."""
REMEDY: Final = (
    "several records without a line feed between them, and one of them is invalid JSON, so record "
    "boundaries can't be found: configure Firehose to append a new line delimiter to each record (processor "
    "AppendDelimiterToRecord), and end each record of this file with a line feed"
)


class UndelimitedError(ValueError):
    """A line that can't be split or is too long; the message has the line number and the remedy."""


def records_of_line(line: bytes, number: int) -> Iterator[bytes]:
    """Yield the records of line ``number`` (from 1): each of several concatenated JSON objects, or the line.

    An object that is an escaped record (`record_escape`) is yielded as that record. A line that does not
    consist of JSON objects only is yielded unchanged, as one broken record. Raises `UndelimitedError` if such
    a line contains two or more objects or is longer than any record can be.
    """
    if SEAM not in line:
        yield record_of(line)
        return
    if line.count(SEAM) > MAX_OBJECTS:
        msg = f"line {number} has over {MAX_OBJECTS:,} objects; end each record by a line feed"
        raise UndelimitedError(msg)
    pieces = _pieces(line)
    records = list(_joined(pieces))
    if _is_whole(records[-1]):
        yield from map(record_of, records)
    elif len(line) > MAX_RECORD_BYTES or sum(map(_is_whole, pieces)) > 1:
        msg = f"line {number}: {REMEDY}"
        raise UndelimitedError(msg)
    else:
        yield line


def _pieces(line: bytes) -> list[bytes]:
    """Cut a line at every seam, including seams inside strings."""
    first, *others = line.split(SEAM)
    if not others:
        return [line]
    *middle, last = others
    return [first + b"}", *(b"{" + each + b"}" for each in middle), b"{" + last]


def _joined(pieces: list[bytes]) -> Iterator[bytes]:
    """Join the pieces of each object; a remainder that forms no object comes last, as one item."""
    begin = 0
    for end in range(1, len(pieces) + 1):
        joined = b"".join(pieces[begin:end])
        if _is_whole(joined):
            yield joined
            begin = end
        elif end - begin > MAX_SEAMS:
            # Without this limit, trying every prefix of a file of many megabytes would take days.
            break
    if begin < len(pieces):
        yield b"".join(pieces[begin:])


def _is_whole(text: bytes) -> bool:
    try:
        return isinstance(orjson.loads(text), dict)
    except orjson.JSONDecodeError:
        return False

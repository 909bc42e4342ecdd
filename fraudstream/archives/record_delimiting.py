"""Takes records apart that were written one behind the other, with nothing in between. Pure.

Firehose does so unless it is told to put a line feed behind each record.
"""

from collections.abc import Iterator
from typing import Final

import orjson

MAX_RECORD_BYTES: Final = 1_048_576
"""The most that the job can be set to read as one record (``max_record_bytes``)."""
MAX_SEAMS: Final = 100
"""Within the strings of one record; a transaction's texts have none."""
REMEDY: Final = (
    "several records with no line feed between them, and one that is no JSON, so nobody can tell where it "
    "ends: let Firehose put a new line delimiter behind each record (processor AppendDelimiterToRecord), and "
    "put a line feed behind each record of this file"
)
_SEAM: Final = b"}{"
"""Where one object ends and the next begins; JSON has it within strings only."""


class UndelimitedError(ValueError):
    """A line of several records that can't be told apart; the text has the line's number and the remedy."""


def is_undelimited(line: bytes) -> bool:
    """Whether a line that begins with ``line`` begins with two JSON objects or more, nothing in between."""
    first = next(_joined(_pieces(line)), b"")
    return len(first) < len(line) and _is_whole(first)


def records_of_line(line: bytes, number: int) -> Iterator[bytes]:
    """Yield the records of line ``number`` (from 1): the line as it is, unless it is several JSON objects.

    A line that is not made of JSON objects alone is one broken record, unless two or more objects can be
    seen in it, or it is longer than any record: then it is `UndelimitedError`.
    """
    if _SEAM not in line:
        yield line
        return
    pieces = _pieces(line)
    records = list(_joined(pieces))
    if _is_whole(records[-1]):
        yield from records
    elif len(line) > MAX_RECORD_BYTES or sum(map(_is_whole, pieces)) > 1:
        msg = f"line {number}: {REMEDY}"
        raise UndelimitedError(msg)
    else:
        yield line


def _pieces(line: bytes) -> list[bytes]:
    """Cut a line at each seam, whether it lies within a string or not."""
    first, *others = line.split(_SEAM)
    if not others:
        return [line]
    *middle, last = others
    return [first + b"}", *(b"{" + each + b"}" for each in middle), b"{" + last]


def _joined(pieces: list[bytes]) -> Iterator[bytes]:
    """Put the pieces of each object together again; what makes no object comes last, as one."""
    begin = 0
    for end in range(1, len(pieces) + 1):
        joined = b"".join(pieces[begin:end])
        if _is_whole(joined):
            yield joined
            begin = end
        elif end - begin > MAX_SEAMS:
            # Each longer beginning of a file of many megabytes would be tried, for days.
            break
    if begin < len(pieces):
        yield b"".join(pieces[begin:])


def _is_whole(text: bytes) -> bool:
    try:
        return isinstance(orjson.loads(text), dict)
    except orjson.JSONDecodeError:
        return False

"""Lines of an archive: each is one record for the job, as it was in the stream. Pure."""

import re
from typing import Final, NamedTuple

import orjson

from fraudstream.archives.record_escape import as_line
from fraudstream.streams.kinesis.kpl_aggregate import MAGIC

_RECORD_BEGINS: Final = re.compile(rb"\n(?=\{)")
"""Boundary at which the job splits a stream record into records (the kernel's ``RecordSplitter``)."""


class ArchiveLine(NamedTuple):
    """A line without its line feed, and whether the record was changed or escaped for it."""

    text: bytes
    is_rewritten: bool = False
    """Line feeds were replaced by carriage returns."""
    is_escaped: bool = False


def lines_of(data: bytes) -> list[ArchiveLine]:
    """Return the lines that represent a record of a reader, which takes aggregated records apart.

    It is split at lines that begin with a brace, as the job does when it reads the stream; an aggregate that
    can't be taken apart is one record.
    """
    records = [data] if data.startswith(MAGIC) else _RECORD_BEGINS.split(data)
    return [_line(record) for record in records]


def _line(record: bytes) -> ArchiveLine:
    r"""Return the line of one record.

    A line feed in a JSON object is replaced by a carriage return, which JSON allows and forbids in the same
    places (RFC 8259, sections 2 and 7), and a final one is removed. Any other record keeps its bytes: those
    that no line can hold are escaped, so that its dead letter is the same in a replay.
    """
    if b"\n" in record and _is_object(record):
        joined = record.rstrip(b"\n").replace(b"\n", b"\r")
        line = as_line(joined)
        return ArchiveLine(line, b"\n" in record.rstrip(b"\n"), line != joined)
    line = as_line(record)
    return ArchiveLine(line, is_escaped=line != record)


def _is_object(record: bytes) -> bool:
    try:
        return isinstance(orjson.loads(record), dict)
    except orjson.JSONDecodeError:
        return False

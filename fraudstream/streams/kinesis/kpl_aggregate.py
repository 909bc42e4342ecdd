"""Records of the Kinesis Producer Library (KPL), taken apart as the kernel's ``KplAggregate`` does.

The format of an aggregated record: four magic bytes, an ``AggregatedRecord`` as Protocol Buffers, and the MD5
of that (KPL aggregation format, github.com/awslabs/amazon-kinesis-producer).
"""

import hashlib
from collections.abc import Iterator
from typing import Final

MAGIC: Final = b"\xf3\x89\x9a\xc2"
DIGEST_BYTES: Final = 16
_RECORDS: Final = 3
"""Number of the field ``AggregatedRecord.records``."""
_DATA: Final = 3
"""Number of the field ``Record.data``."""
_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5
"""Wire types of Protocol Buffers."""
_FIXED_BYTES: Final = {_FIXED_64: 8, _FIXED_32: 4}
_MOST_VARINT_BYTES: Final = 10


def parts_of(data: bytes) -> list[bytes]:
    """Return the parts of an aggregated record, or the record itself if it is no sound one."""
    message, digest = data[len(MAGIC) : -DIGEST_BYTES], data[-DIGEST_BYTES:]
    if not data.startswith(MAGIC) or hashlib.md5(message, usedforsecurity=False).digest() != digest:
        return [data]
    try:
        records = [value for number, value in _fields(message) if number == _RECORDS]
        found = [[value for number, value in _fields(record) if number == _DATA] for record in records]
    except ValueError:
        return [data]
    # Of a field that is there twice, the last one counts.
    return [values[-1] for values in found if values] or [data]


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield number and value of the fields that are bytes; raises ``ValueError`` if the message is broken."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, wire_type = tag >> 3, tag & 7
        if wire_type == _VARINT:
            _, at = _varint(message, at)
            continue
        if wire_type == _BYTES:
            length, at = _varint(message, at)
        elif wire_type in _FIXED_BYTES:
            length = _FIXED_BYTES[wire_type]
        else:
            msg = f"there is no wire type {wire_type}"
            raise ValueError(msg)
        if at + length > len(message):
            msg = f"a field of {length} bytes ends behind the message"
            raise ValueError(msg)
        if wire_type == _BYTES:
            yield number, message[at : at + length]
        at += length


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """Return a number and the place behind it."""
    number = 0
    for place, byte in enumerate(message[at : at + _MOST_VARINT_BYTES]):
        number |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:  # noqa: PLR2004 - the bit that says that more follows
            return number, at + place + 1
    msg = "a number does not end"
    raise ValueError(msg)

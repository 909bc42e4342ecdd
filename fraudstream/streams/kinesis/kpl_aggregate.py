"""Records of the Kinesis Producer Library (KPL), taken apart as the kernel's ``KplAggregate`` does. Pure.

The format of an aggregated record: four magic bytes, an ``AggregatedRecord`` as Protocol Buffers, and the MD5
of that (KPL aggregation format, github.com/awslabs/amazon-kinesis-producer).
"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from fraudstream.domain.record_gate import KPL_MAGIC

DIGEST_BYTES: Final = 16
MAX_PARTS: Final = 100_000
"""Most parts of a record, as in the kernel."""
_PARTITION_KEYS, _EXPLICIT_HASH_KEYS, _RECORDS = 1, 2, 3
"""Fields of ``AggregatedRecord``."""
_PARTITION_KEY_INDEX, _EXPLICIT_HASH_KEY_INDEX, _DATA = 1, 2, 3
"""Fields of ``Record``."""
_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5
"""Wire types of Protocol Buffers."""
_FIXED_BYTES: Final = {_FIXED_64: 8, _FIXED_32: 4}
_MOST_VARINT_BYTES: Final = 10
_MAX_TAG: Final = 2**32 - 1
_MAX_NUMBER: Final = 2**64 - 1

_Field = tuple[int, int | bytes]


class Part(NamedTuple):
    """A record within an aggregated one; bytes of its key that are not UTF-8 are replaced by U+FFFD."""

    data: bytes
    partition_key: str


class _DamagedError(ValueError):
    """The record can't be taken apart."""


def is_aggregated(data: bytes) -> bool:
    """Whether a record claims to be aggregated."""
    return data.startswith(KPL_MAGIC)


def parts_of(data: bytes) -> list[Part] | None:
    """Return the parts of an aggregated record in order; None if it is none, or is damaged in any way."""
    if not is_aggregated(data):
        return None
    message, digest = data[len(KPL_MAGIC) : -DIGEST_BYTES], data[-DIGEST_BYTES:]
    if hashlib.md5(message, usedforsecurity=False).digest() != digest:
        return None
    try:
        return _parts(message)
    except _DamagedError:
        return None


def _parts(message: bytes) -> list[Part]:
    fields = list(_fields(message))
    partition_keys = _bytes_of(fields, _PARTITION_KEYS)
    explicit_hash_keys = _bytes_of(fields, _EXPLICIT_HASH_KEYS)
    records = _bytes_of(fields, _RECORDS)
    if not 1 <= len(records) <= MAX_PARTS:
        msg = f"{len(records)} records"
        raise _DamagedError(msg)
    return [_part(record, partition_keys, len(explicit_hash_keys)) for record in records]


def _part(record: bytes, partition_keys: list[bytes], explicit_hash_keys: int) -> Part:
    fields = list(_fields(record))
    data = _bytes_of(fields, _DATA)
    indexes = _numbers_of(fields, _PARTITION_KEY_INDEX)
    hash_indexes = _numbers_of(fields, _EXPLICIT_HASH_KEY_INDEX)
    are_keys_there = (
        max(indexes, default=0) < len(partition_keys) and max(hash_indexes, default=-1) < explicit_hash_keys
    )
    if not (data and indexes and are_keys_there):
        msg = "no data, or no key"
        raise _DamagedError(msg)
    # Of a field that is there twice, the last one counts.
    return Part(data[-1], partition_keys[indexes[-1]].decode(errors="replace"))


def _bytes_of(fields: Sequence[_Field], number: int) -> list[bytes]:
    """Return the values of a field; one of another type is a field that the format does not know."""
    return [value for found, value in fields if found == number and isinstance(value, bytes)]


def _numbers_of(fields: Sequence[_Field], number: int) -> list[int]:
    return [value for found, value in fields if found == number and isinstance(value, int)]


def _fields(message: bytes) -> Iterator[_Field]:
    """Yield number and value of the fields that are numbers or bytes."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, wire_type = tag >> 3, tag & 7
        if number == 0 or tag > _MAX_TAG:
            msg = f"there is no tag {tag}"
            raise _DamagedError(msg)
        if wire_type == _VARINT:
            value, at = _varint(message, at)
            yield number, value
            continue
        if wire_type == _BYTES:
            length, at = _varint(message, at)
        elif wire_type in _FIXED_BYTES:
            length = _FIXED_BYTES[wire_type]
        else:
            msg = f"there is no wire type {wire_type}"
            raise _DamagedError(msg)
        if at + length > len(message):
            msg = f"a field of {length} bytes ends behind the message"
            raise _DamagedError(msg)
        if wire_type == _BYTES:
            yield number, message[at : at + length]
        at += length


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """Return a number and the place behind it."""
    number = 0
    for place, byte in enumerate(message[at : at + _MOST_VARINT_BYTES]):
        number |= (byte & 0x7F) << (7 * place)
        if byte < 0x80 and number <= _MAX_NUMBER:  # noqa: PLR2004 - the bit that says that more follows
            return number, at + place + 1
    msg = "a number does not end, or has over 64 bits"
    raise _DamagedError(msg)

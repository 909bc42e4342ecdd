"""Records as the Kinesis Producer Library (KPL) aggregates them, for tests of their readers."""

import hashlib

MAGIC = b"\xf3\x89\x9a\xc2"


def aggregated(*parts: tuple[bytes, str], index_offset: int = 0) -> bytes:
    """Return an aggregated record of parts and their partition keys.

    ``index_offset`` is added to each index of a key: above 0, the last ones name keys that are not there.
    """
    keys = list(dict.fromkeys(key for _, key in parts))
    records = (
        _field(3, b"\x08" + _varint(keys.index(key) + index_offset) + _field(3, data)) for data, key in parts
    )
    return with_digest(b"".join((*(_field(1, key.encode()) for key in keys), *records)))


def with_digest(message: bytes) -> bytes:
    """Return an aggregated record with this Protocol Buffers message."""
    return MAGIC + message + hashlib.md5(message, usedforsecurity=False).digest()


def _varint(number: int) -> bytes:
    return bytes([number]) if number < 0x80 else bytes([number & 0x7F | 0x80]) + _varint(number >> 7)


def _field(number: int, value: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(value)) + value

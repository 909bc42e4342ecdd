"""Reader of the UBJSON that XGBoost writes, so that a model is checked before native code parses it.

It reads what XGBoost's writer uses, big-endian and with lengths, and refuses everything else that UBJSON has
(ubjson.org): what this reader accepts, native code can't understand in another way.
"""

import struct
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, NoReturn

import numpy as np

Value = Any
"""A dict, list, str, int, float, bool or None; or a NumPy array of numbers of one type."""
MAX_LEVELS: Final = 16
"""Deepest nesting; XGBoost's models have seven levels."""
_NUMBERS: Final[Mapping[bytes, str]] = MappingProxyType(
    {b"i": ">i1", b"U": ">u1", b"I": ">i2", b"l": ">i4", b"L": ">i8", b"d": ">f4", b"D": ">f8"}
)
"""NumPy's names of the types that have a marker."""
_CONSTANTS: Final[Mapping[bytes, bool | None]] = MappingProxyType({b"T": True, b"F": False, b"Z": None})
_LENGTH: Final = struct.Struct(">q")


class UbjsonError(ValueError):
    """Bytes are not UBJSON as XGBoost writes it; the message has the position and the reason."""


def read_ubjson(data: bytes) -> Value:
    """Return the value that ``data`` holds; raises `UbjsonError`.

    Takes a few times the memory of ``data``.
    """
    reader = _Reader(data)
    value = reader.value(0)
    if reader.position < len(data):
        reader.refuse("there are bytes behind the end")
    return value


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.position = 0
        self._readers: Mapping[bytes, Callable[[int], Value]] = {b"{": self._object, b"[": self._array}

    def value(self, level: int) -> Value:
        marker = self._take(1)
        if marker in self._readers:
            if level == MAX_LEVELS:
                self.refuse(f"it is nested more than {MAX_LEVELS} levels deep")
            return self._readers[marker](level + 1)
        if marker in _NUMBERS:
            return self._numbers(marker, 1)[0].item()
        if marker in _CONSTANTS:
            return _CONSTANTS[marker]
        if marker != b"S":
            self.refuse(f"there is no value with the marker {marker!r}")
        return self._text()

    def refuse(self, reason: str) -> NoReturn:
        msg = f"{reason} (byte {self.position:,})"
        raise UbjsonError(msg)

    def _object(self, level: int) -> dict[str, Value]:
        found: dict[str, Value] = {}
        while self._peek() != b"}":
            key = self._text()
            if key in found:
                self.refuse(f"an object has {key!r} twice")
            found[key] = self.value(level)
        self.position += 1
        return found

    def _array(self, level: int) -> Value:
        marker = b""
        if self._peek() == b"$":
            self.position += 1
            marker = self._take(1)
            if marker not in _NUMBERS:
                self.refuse(f"there is no array of the type {marker!r}")
        if self._take(1) != b"#":
            self.refuse("an array has no length")
        length = self._length()
        if marker:
            return self._numbers(marker, length)
        # Every item takes a byte at least.
        if length > len(self._data) - self.position:
            self.refuse(f"an array of {length:,} items is cut off")
        return [self.value(level) for _ in range(length)]

    def _numbers(self, marker: bytes, count: int) -> Value:
        kind = np.dtype(_NUMBERS[marker])
        content = self._take(count * kind.itemsize)
        return np.frombuffer(content, kind).astype(kind.newbyteorder("="))

    def _text(self) -> str:
        content = self._take(self._length())
        try:
            return content.decode()
        except UnicodeDecodeError:
            self.refuse("a text is not UTF-8")

    def _length(self) -> int:
        if self._take(1) != b"L":
            self.refuse("a length is not an integer of 64 bits")
        length: int = _LENGTH.unpack(self._take(_LENGTH.size))[0]
        if length < 0:
            self.refuse(f"a length is {length:,}")
        return length

    def _peek(self) -> bytes:
        return self._data[self.position : self.position + 1]

    def _take(self, count: int) -> bytes:
        end = self.position + count
        if end > len(self._data):
            self.refuse(f"{count:,} bytes are expected, and it is cut off")
        taken = self._data[self.position : end]
        self.position = end
        return taken

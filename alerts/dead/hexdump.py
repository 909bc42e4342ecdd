"""Hex dump of bytes: offset, hexadecimal and text."""

from collections.abc import Iterator
from typing import Final

ROW_BYTES: Final = 16


def hexdump(data: bytes) -> Iterator[str]:
    """Yield a line for each 16 bytes, like ``00000010  7b 22 61 …  |{"a…|``.

    A byte that is not printable ASCII is shown as a dot.
    """
    for offset in range(0, len(data), ROW_BYTES):
        row = data[offset : offset + ROW_BYTES]
        left, right = row[: ROW_BYTES // 2].hex(" "), row[ROW_BYTES // 2 :].hex(" ")
        text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in row)  # noqa: PLR2004 - printable ASCII
        yield f"{offset:08x}  {left:<23}  {right:<23}  |{text}|"

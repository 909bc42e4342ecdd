"""Limits on Parquet files, which keep a small file from filling the memory or crashing the process.

They are far above what writers of records produce. A file whose page headers contradict its footer can still
make pyarrow allocate up to 2 GiB for a page.
"""

import base64
import struct
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from fraudstream.archives.archive_errors import ArchiveError

MAX_FOOTER_BYTES: Final = 16 * 1024 * 1024
"""A footer takes about 130 bytes per column and row group, and many times that in memory."""
MAX_LIST_ITEMS: Final = 4_000
"""Most row groups, and most columns with the groups that they are nested in. pyarrow recurses into nested
columns: with a stack of 8 MB, a schema of 14,000 levels ends the process."""
MAX_STRING_BYTES: Final = 4 * 1024 * 1024
"""Longest string of a footer; the longest is the Arrow schema, about 200 bytes per column."""
MAX_LEVELS: Final = 16
"""Deepest nesting of a column; records are flat, and lists of features have two levels."""
MAX_FIXED_BYTES: Final = 1_024
"""Longest value of a type of fixed length, such as a decimal."""
MAX_ROW_GROUP_BYTES: Final = 4 * 1024**3
MAX_ELEMENTS: Final = 2**26
"""Most elements of a nested column in one row group: one row can have all of them."""
FREE_VALUES: Final = 2**20
"""Number of values of a column that a file of any size may have."""
VALUES_PER_BYTE: Final = 64
"""Most further values of a column per byte of the file. Equal values take no space, but records have ids,
which take at least a byte each."""
MAX_READ_BYTES: Final = 4 * 1024**3
"""Most memory of the values that are read at once, texts apart."""
MAX_RECORD_BYTES: Final = 64 * 1024 * 1024
"""Longest text of one record, all columns together; the job reads records up to 1 MiB."""
MAX_BATCH_BYTES: Final = 256 * 1024 * 1024
"""Longest text of a nested column in one batch of rows."""
MAX_COLUMN_BYTES: Final = 4 * 1024**3
"""Longest text of a column that is read whole."""

_VALUE_BYTES: Final = 8
"""Memory of a value; that of a text is its place in a dictionary and the length of the text."""
_MAGIC: Final = b"PAR1"
_TAIL_BYTES: Final = 8
"""A file ends with the length of its footer, four bytes, and the magic number."""
_ARROW_SCHEMA: Final = b"ARROW:schema"
_EXTENSION_MARK: Final = b"ARROW:extension:"
"""Start of the metadata keys by which an Arrow schema names the extension type of a field."""
Metadata = Any
"""A file's metadata of pyarrow, which ships no types."""


def check_footer(path: Path, called: str) -> None:
    """Check the size of the footer before pyarrow parses it; a file without footer is left to pyarrow."""
    with path.open("rb") as file:
        file.seek(max(0, file.seek(0, 2) - _TAIL_BYTES))
        tail = file.read(_TAIL_BYTES)
    size = struct.unpack("<I", tail[:4])[0] if tail[4:] == _MAGIC else 0
    if size > MAX_FOOTER_BYTES:
        msg = (
            f"{called} has a footer of {size:,} bytes; at most {MAX_FOOTER_BYTES:,} are read: write larger "
            "row groups, or several files"
        )
        raise ArchiveError(msg)


def check_metadata(metadata: Metadata, file_bytes: int, called: str) -> None:
    """Refuse the names of extension types, large row groups, and too many values for the file's size."""
    arrow_schema = (metadata.metadata or {}).get(_ARROW_SCHEMA, b"")
    if _EXTENSION_MARK in base64.b64decode(arrow_schema):
        raise extension_type(called)
    schema = metadata.schema
    nested = [place for place in range(len(schema)) if schema.column(place).max_repetition_level]
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        if group.total_byte_size > MAX_ROW_GROUP_BYTES:
            raise _too_large_group(called, f"{group.total_byte_size:,} bytes", MAX_ROW_GROUP_BYTES)
        most = max((group.column(place).num_values for place in nested), default=0)
        if most > MAX_ELEMENTS:
            raise _too_large_group(called, f"{most:,} elements of a nested column", MAX_ELEMENTS)
    _check_values(metadata, file_bytes, called)


def check_read(metadata: Metadata, groups: Iterable[int], names: Collection[str], called: str) -> None:
    """Check the memory that columns of row groups take, before they are read; texts are checked after it."""
    schema = metadata.schema
    places = [place for place in range(len(schema)) if _is_within(schema.column(place).path, names)]
    size = _VALUE_BYTES * sum(_values(metadata, group, place) for group in groups for place in places)
    if size > MAX_READ_BYTES:
        msg = (
            f"{called} has values of {size:,} bytes to read at once; at most {MAX_READ_BYTES:,} are read: "
            "write several files, or smaller row groups of features"
        )
        raise ArchiveError(msg)


def check_schema(schema: pa.Schema, called: str) -> None:
    """Refuse repeated names, extension types, deep nesting, and values of a large fixed length."""
    _check_names(schema.names, called)
    for field in schema:
        for level, each in _levels(field.type):
            if isinstance(each, pa.BaseExtensionType):
                raise extension_type(called)
            if level > MAX_LEVELS:
                msg = (
                    f"{called}: column {field.name} is nested more than {MAX_LEVELS} levels deep; flatten it"
                )
                raise ArchiveError(msg)
            if pa.types.is_fixed_size_binary(each) and each.byte_width > MAX_FIXED_BYTES:
                msg = (
                    f"{called}: column {field.name} has values of {each.byte_width:,} bytes each; at most "
                    f"{MAX_FIXED_BYTES:,} are read: write them as bytes of any length"
                )
                raise ArchiveError(msg)


def check_texts(columns: Sequence[pa.Array], called: str) -> None:
    """Check the columns of a batch before their values become Python objects."""
    longest = sum(map(_longest_text, columns))
    if longest > MAX_RECORD_BYTES:
        raise _too_long(called, f"a record of up to {longest:,} bytes", MAX_RECORD_BYTES)
    for column in columns:
        # Equal texts of a short dictionary are shared.
        if not pa.types.is_dictionary(column.type) or len(column.dictionary) > len(column):
            size = text_bytes(column)
            if size > MAX_BATCH_BYTES:
                found = f"{size:,} bytes of text in {len(column):,} rows of a column"
                raise _too_long(called, found, MAX_BATCH_BYTES)


def check_column(column: pa.ChunkedArray, name: str, called: str) -> None:
    """Check a column before its dictionary-encoded texts are decoded."""
    size = sum(map(text_bytes, column.chunks))
    if size > MAX_COLUMN_BYTES:
        raise _too_long(called, f"{size:,} bytes of text in column {name}", MAX_COLUMN_BYTES)


def text_bytes(array: pa.Array) -> int:
    """Return how many bytes dictionary-encoded texts take once they are decoded, nested ones too."""
    if pa.types.is_dictionary(array.type):
        lengths = pc.binary_length(array.dictionary).cast(pa.int64())
        return pc.sum(lengths.take(array.indices)).as_py() or 0
    if pa.types.is_map(array.type):
        return text_bytes(array.keys) + text_bytes(array.items)
    if pa.types.is_struct(array.type):
        return sum(map(text_bytes, array.flatten()))
    return text_bytes(array.flatten()) if pa.types.is_nested(array.type) else 0


def extension_type(called: str) -> ArchiveError:
    """Return the error for a file with a column of an extension type."""
    return ArchiveError(
        f"{called} has a column of an extension type, which can run code when it is read; write the column "
        "as a plain type, or give the file as .jsonl"
    )


def _check_values(metadata: Metadata, file_bytes: int, called: str) -> None:
    most = FREE_VALUES + VALUES_PER_BYTE * file_bytes
    for place in range(len(metadata.schema)):
        count = sum(_values(metadata, group, place) for group in range(metadata.num_row_groups))
        if count > most:
            msg = (
                f"{called} has {count:,} values of a column in a file of {file_bytes:,} bytes; at most "
                f"{most:,} are read: check where it is from, or give it as .jsonl.gz"
            )
            raise ArchiveError(msg)


def _values(metadata: Metadata, group: int, place: int) -> int:
    """Return the number of values of a column in a row group; a nested column has several per row."""
    rows = metadata.row_group(group)
    count: int = max(rows.num_rows, rows.column(place).num_values)
    return count


def _is_within(path: str, names: Collection[str]) -> bool:
    """Whether a column is, or is nested in, a column of ``names``, which may have dots."""
    return any(each in names for each in accumulate(path.split("."), "{}.{}".format))


def _check_names(names: list[str], called: str) -> None:
    """Refuse names by which pyarrow would select more than one column."""
    repeated = sorted(name for name, count in Counter(names).items() if count > 1)
    if repeated:
        msg = f"{called} has more than one column {', '.join(repeated)}; give each its own name"
        raise ArchiveError(msg)
    known = set(names)
    for name in names:
        outer = next((each for each in accumulate(name.split("."), "{}.{}".format) if each in known), name)
        if outer != name:
            msg = f"{called} has columns {outer} and {name}, which can be a path into the first; rename one"
            raise ArchiveError(msg)


def _levels(outermost: pa.DataType) -> Iterator[tuple[int, pa.DataType]]:
    """Yield a type and all types within it, each with its level, without recursion."""
    waiting = [(0, outermost)]
    while waiting:
        level, each = waiting.pop()
        yield level, each
        waiting += [(level + 1, inner) for inner in _inner(each)]


def _inner(outer: pa.DataType) -> list[pa.DataType]:
    if pa.types.is_map(outer):
        return [outer.key_type, outer.item_type]
    if pa.types.is_dictionary(outer):
        return [outer.value_type]
    if pa.types.is_struct(outer):
        return [outer[place].type for place in range(outer.num_fields)]
    return [outer.value_type] if pa.types.is_nested(outer) else []


def _longest_text(column: pa.Array) -> int:
    if not pa.types.is_dictionary(column.type):
        return 0
    return pc.max(pc.binary_length(column.dictionary)).as_py() or 0


def _too_large_group(called: str, found: str, most: int) -> ArchiveError:
    return ArchiveError(
        f"{called} has a row group of {found}; at most {most:,} are read: write smaller row groups"
    )


def _too_long(called: str, found: str, most: int) -> ArchiveError:
    return ArchiveError(f"{called} has {found}; at most {most:,} are read: write shorter values")

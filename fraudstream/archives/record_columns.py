"""Column reader of record files (JSON lines or Parquet), for programs that need arrays instead of records."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

import orjson
import pyarrow as pa

from fraudstream.archives.archive_errors import ArchiveError
from fraudstream.archives.parquet_files import opened_parquet
from fraudstream.archives.record_files import is_parquet, read_rows
from fraudstream.domain.transaction import parse_time_ms

Kind = Literal["text", "time", "number", "flag"]
"""Type of a column; a time is read as whole milliseconds since 1970."""
TYPES: Final[Mapping[Kind, pa.DataType]] = {
    "text": pa.large_string(),
    "time": pa.int64(),
    "number": pa.float64(),
    "flag": pa.bool_(),
}
_PYTHON: Final[Mapping[Kind, tuple[type, ...]]] = {
    "text": (str,),
    "number": (int, float),
    "flag": (bool,),
}


def read_columns(path: Path, columns: Mapping[str, Kind]) -> pa.Table:
    """Return the given columns of a ``.jsonl``, ``.jsonl.gz`` or ``.parquet`` file, one row per record.

    A value that is absent or of another type than requested is null: the job refuses such a record, so it has
    no features. Raises `ArchiveError` if the file can't be read, or is Parquet and has none of the columns.
    """
    return _parquet(path, columns) if is_parquet(path) else _json_lines(path, columns)


def _parquet(path: Path, columns: Mapping[str, Kind]) -> pa.Table:
    with opened_parquet(path) as file:
        there = [name for name in columns if name in file.names]
        if not there:
            msg = (
                f"{path} has no column {' or '.join(columns)}; it has {', '.join(file.names)}: rename or add "
                "columns"
            )
            raise ArchiveError(msg)
        table = file.columns(there)
    arrays = {
        name: _column(path, name, kind, partial(_converted, table[name], kind))
        if name in table.column_names
        else pa.nulls(len(table), TYPES[kind])
        for name, kind in columns.items()
    }
    return pa.table(arrays)


def _converted(column: pa.ChunkedArray, kind: Kind) -> pa.ChunkedArray:
    if kind != "time":
        return column.cast(TYPES[kind], safe=False)
    if pa.types.is_timestamp(column.type):
        # Truncated to milliseconds, as everywhere.
        return column.cast(pa.timestamp("ms", column.type.tz), safe=False).cast(pa.int64())
    return pa.chunked_array([pa.array([_time_ms(text) for text in column.to_pylist()], pa.int64())])


def _json_lines(path: Path, columns: Mapping[str, Kind]) -> pa.Table:
    lists: dict[str, list[Any]] = {name: [] for name in columns}
    readers = [(lists[name].append, name, kind) for name, kind in columns.items()]
    for record in _records(path):
        for append, name, kind in readers:
            append(_value(record.get(name), kind))
    arrays = {
        name: _column(path, name, kind, partial(pa.array, lists[name], TYPES[kind]))
        for name, kind in columns.items()
    }
    return pa.table(arrays)


def _column(path: Path, name: str, kind: Kind, convert: Callable[[], pa.ChunkedArray]) -> pa.ChunkedArray:
    """Return a converted column; raises `ArchiveError` if a value does not fit its kind."""
    try:
        return convert()
    except pa.ArrowException as error:
        msg = f"{path}: column {name} can't be read as {kind} ({error}); write values of that kind"
        raise ArchiveError(msg) from None


def _records(path: Path) -> Iterator[dict[str, Any]]:
    for line in read_rows(path):
        try:
            record = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if isinstance(record, dict):
            yield record


def _value(value: object, kind: Kind) -> object:
    if kind == "time":
        return _time_ms(value)
    # In Python a bool is an int.
    fits = isinstance(value, _PYTHON[kind]) and (kind == "flag" or not isinstance(value, bool))
    return value if fits else None


def _time_ms(value: object) -> int | None:
    try:
        return parse_time_ms(str(value))
    except ValueError:
        return None

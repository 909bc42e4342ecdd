"""Columns of the records in a file that the job accepts, for programs that need arrays instead of records.

Of a Parquet file, whole columns are judged at once; only rows in which something is unusual go through the
gate one by one. The result is the gate's, and reading stays fast.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from fraudstream.archives.parquet_files import opened_parquet
from fraudstream.archives.record_files import (
    KNOWN_COLUMNS,
    REQUIRED_COLUMNS,
    RecordType,
    check_columns,
    is_parquet,
    json_rows,
    read_lines,
)
from fraudstream.domain import record_gate
from fraudstream.domain.number_ranges import NUMBER_RANGES
from fraudstream.domain.record_gate import RefusedRecordError
from fraudstream.domain.transaction import END_MS, FIRST_MS, ID_FIELDS, ColumnKind, Transaction
from fraudstream.runtime.terminal import printable

TYPES: Final[Mapping[ColumnKind, pa.DataType]] = {
    "text": pa.large_string(),
    "time": pa.int64(),
    "number": pa.float64(),
    "flag": pa.bool_(),
}
"""Type of the columns of each kind; a time is epoch milliseconds."""
_NO: Final = pa.scalar(value=False)
_PLACE: Final = "place in the file"
_USUAL_ID: Final = "^[!-~][ -~]{0,255}$"
_SURELY_SHORT: Final = record_gate.MAX_TEXT_UNITS // 2
"""Characters of a text that has at most the permitted UTF-16 units, whatever they are."""


@dataclass(frozen=True, slots=True)
class AcceptedRecords:
    """Columns with one row per accepted record, and what was refused."""

    table: pa.Table
    refused: "Refusals"


class Refusals:
    """Number of the refused records by reason, and an example of each."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._examples: dict[str, str] = {}

    def add(self, refusal: RefusedRecordError) -> None:
        """Count a refused record."""
        self.counts[refusal.reason] += 1
        self._examples.setdefault(refusal.reason, str(refusal))

    def __str__(self) -> str:
        """Return counts, reasons and examples, the most frequent reason first; empty without refusals."""
        return "; ".join(
            f"{count:,} {reason} (e.g. {printable(self._examples[reason])})"
            for reason, count in self.counts.most_common()
        )


class _Rules(NamedTuple):
    values: Callable[[bytes], dict[str, Any]]
    kinds: Mapping[str, ColumnKind]
    required: tuple[str, ...]


def read_accepted(path: Path, record_type: RecordType, columns: tuple[str, ...]) -> AcceptedRecords:
    """Return columns of the records in a file that the job accepts; absent values are null, times in ms.

    Raises `ArchiveError` if the file can't be read, or is Parquet and lacks a column that every record needs.
    """
    values = record_gate.transaction_values if record_type is Transaction else record_gate.label_values
    rules = _Rules(values, KNOWN_COLUMNS[record_type], REQUIRED_COLUMNS[record_type])
    refused = Refusals()
    schema = pa.schema([(name, TYPES[rules.kinds[name]]) for name in columns])
    if is_parquet(path):
        tables = list(_parquet_tables(path, record_type, rules, schema, refused))
    else:
        tables = [_accepted(read_lines(path, record_type), rules, schema, refused).drop([_PLACE])]
    return AcceptedRecords(pa.concat_tables([schema.empty_table(), *tables]), refused)


def _accepted(lines: Iterator[bytes], rules: _Rules, schema: pa.Schema, refused: Refusals) -> pa.Table:
    """Return the columns of the accepted lines, and the place of each among the lines."""
    lists: dict[str, list[Any]] = {name: [] for name in (*schema.names, _PLACE)}
    appends = [(name, lists[name].append) for name in schema.names]
    for place, line in enumerate(lines):
        try:
            values = rules.values(line)
        except RefusedRecordError as error:
            refused.add(error)
            continue
        for name, append in appends:
            append(values.get(name))
        lists[_PLACE].append(place)
    return pa.table(lists, schema.append(pa.field(_PLACE, pa.int64())))


# ---- Parquet ----


def _parquet_tables(
    path: Path, record_type: RecordType, rules: _Rules, schema: pa.Schema, refused: Refusals
) -> Iterator[pa.Table]:
    with opened_parquet(path) as file:
        check_columns(file, record_type, str(path))
        for group in file.row_groups([name for name in rules.kinds if name in file.names]):
            is_usual = _usual_rows(group, rules)
            usual = _converted(group.filter(is_usual), schema)
            unusual = group.filter(pc.invert(is_usual))
            if len(unusual):
                judged = _accepted(json_rows(unusual), rules, schema, refused)
                usual = _in_order(usual, judged, is_usual)
            yield usual


def _in_order(usual: pa.Table, judged: pa.Table, is_usual: pa.ChunkedArray) -> pa.Table:
    """Return the rows of both tables in the order of the file; ``judged`` has places among the other rows."""
    places = pa.array(range(len(is_usual)), pa.int64())
    others = places.filter(pc.invert(is_usual).combine_chunks())
    judged = judged.set_column(
        judged.column_names.index(_PLACE), _PLACE, others.take(judged[_PLACE].combine_chunks())
    )
    usual = usual.append_column(_PLACE, places.filter(is_usual.combine_chunks()))
    rows = pa.concat_tables([usual, judged])
    return rows.take(pc.sort_indices(rows[_PLACE])).drop([_PLACE])


def _usual_rows(group: pa.Table, rules: _Rules) -> pa.ChunkedArray:
    """Return where a row is surely acceptable; the gate decides on the other rows."""
    marks = [pc.is_valid(group[name]) for name in rules.required]
    marks += [
        pc.or_kleene(pc.is_null(group[name]), pc.fill_null(_is_usual(group[name], name, kind), _NO))
        for name, kind in rules.kinds.items()
        if name in group.column_names
    ]
    if "available_at" in rules.kinds and all(map(_is_time, (group["available_at"], group["event_time"]))):
        ordered = pc.greater_equal(_milliseconds(group["available_at"]), _milliseconds(group["event_time"]))
        marks.append(pc.fill_null(ordered, _NO))
    return reduce(pc.and_, marks)


def _is_usual(column: pa.ChunkedArray, name: str, kind: ColumnKind) -> pa.ChunkedArray:
    if kind == "text" and pa.types.is_string(column.type):
        if name in ID_FIELDS:
            return pc.match_substring_regex(column, _USUAL_ID)
        return pc.less_equal(pc.utf8_length(column), _SURELY_SHORT)
    if kind == "time" and _is_time(column):
        time_ms = _milliseconds(column)
        return pc.and_(pc.greater_equal(time_ms, FIRST_MS), pc.less(time_ms, END_MS))
    if kind == "number" and _is_number(column):
        allowed = NUMBER_RANGES[name]
        column = column.cast(pa.float64(), safe=False)
        above = (pc.greater if allowed.excludes_min else pc.greater_equal)(column, allowed.minimum)
        return pc.and_(above, pc.less_equal(column, allowed.maximum))
    return pa.chunked_array([pa.array([kind == "flag" and pa.types.is_boolean(column.type)] * len(column))])


def _is_time(column: pa.ChunkedArray) -> bool:
    return bool(pa.types.is_timestamp(column.type))


def _is_number(column: pa.ChunkedArray) -> bool:
    return bool(pa.types.is_integer(column.type) or pa.types.is_floating(column.type))


def _milliseconds(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column of times as epoch milliseconds, truncated."""
    return column.cast(pa.timestamp("ms", column.type.tz), safe=False).cast(pa.int64())


def _converted(usual: pa.Table, schema: pa.Schema) -> pa.Table:
    arrays = {}
    for field in schema:
        if field.name not in usual.column_names:
            arrays[field.name] = pa.nulls(len(usual), field.type)
        elif _is_time(usual[field.name]):
            arrays[field.name] = _milliseconds(usual[field.name])
        elif usual[field.name].null_count == len(usual):
            # Of a column of another type, only null is usual.
            arrays[field.name] = pa.nulls(len(usual), field.type)
        else:
            arrays[field.name] = usual[field.name].cast(field.type, safe=False)
    return pa.table(arrays, schema)

"""Parquet files: the only module that opens or creates them, so that reading one never runs its code.

Importing it disarms pyarrow. PyFlink 1.20 fixes pyarrow 11, which unpickles what a file gives as the
metadata of an extension type as soon as the file is opened (CVE-2023-47248). A test finds other modules that
read Parquet, or that deserialize code.
"""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from fraudstream.archives import parquet_limits as limits
from fraudstream.archives.archive_errors import ArchiveError
from fraudstream.domain.transaction import format_time

ROWS_AT_A_TIME: Final = 10_000
INT96_UNIT: Final = "ms"
_PICKLED_TYPE: Final = "arrow.py_extension_type"


class _ExtensionTypeError(Exception):
    """A file has an extension type that would unpickle its metadata."""


class _Disarmed(pa.ExtensionType):  # type: ignore[misc] # pyarrow ships no types
    """Stands in for pyarrow's type of that name, and refuses instead of unpickling."""

    def __init__(self) -> None:
        super().__init__(pa.null(), _PICKLED_TYPE)

    def __arrow_ext_serialize__(self) -> bytes:
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage_type: object, serialized: bytes) -> "_Disarmed":
        raise _ExtensionTypeError


def _disarm() -> None:
    """Replace the type in pyarrow's registry, which all of its readers share.

    Some type of that name must stay registered: pyarrow unregisters it at exit.
    """
    with contextlib.suppress(KeyError):
        pa.unregister_extension_type(_PICKLED_TYPE)
    pa.register_extension_type(_Disarmed())
    # The mark of pyarrow-hotfix, by which pandas knows that it need not replace the type with its own.
    pa._hotfix_installed = True  # noqa: SLF001 - there is no other way to tell it


_disarm()


class TableWriter(Protocol):
    """Writes tables to a file, one after the other."""

    def write_table(self, table: pa.Table) -> None:
        """Append a table with the schema of the file."""


class ParquetFile:
    """An open Parquet file without extension types, within the limits of `parquet_limits`.

    Its methods raise `ArchiveError` if the content is broken or exceeds a limit.
    """

    def __init__(self, file: pq.ParquetFile, called: str) -> None:
        self._file = file
        self._called = called
        self.names: list[str] = file.schema_arrow.names
        """Names of the columns; each occurs once."""
        self.rows: int = file.metadata.num_rows

    def records(self, names: Iterable[str] | None = None) -> Iterator[dict[str, Any]]:
        """Yield the rows in order, each with the given columns (by default all) as `column_values`."""
        wanted = self.names if names is None else list(names)
        with _errors(self._called):
            for group in range(self._file.num_row_groups):
                # Batch by batch, as all columns of a row group may not fit into memory.
                batches = [self._batches(group, name) for name in wanted]
                for columns in zip_longest(*batches, fillvalue=()):
                    _check_lengths(columns)
                    limits.check_texts(columns, self._called)
                    for row in zip(*map(column_values, columns), strict=True):
                        yield dict(zip(wanted, row, strict=True))

    def columns(self, names: Iterable[str]) -> pa.Table:
        """Return the given columns of all rows; texts are plain, not dictionary-encoded."""
        wanted = list(names)
        with _errors(self._called):
            groups = range(self._file.num_row_groups)
            limits.check_read(self._file.metadata, groups, wanted, self._called)
            return self._decoded(self._file.read(columns=wanted))

    def row_groups(self, names: Iterable[str]) -> Iterator[pa.Table]:
        """Yield the given columns of each row group in order, as `columns` returns them."""
        wanted = list(names)
        for group in range(self._file.num_row_groups):
            with _errors(self._called):
                limits.check_read(self._file.metadata, [group], wanted, self._called)
                table = self._decoded(self._file.read_row_group(group, columns=wanted))
            yield table

    def _batches(self, group: int, name: str) -> Iterator[pa.Array]:
        """Yield one column of a row group in parts, each checked, as pyarrow does not check what a file says.

        pyarrow 11 crashes if it makes batches of columns that differ in length. Row groups have their own
        dictionaries, of which a part of a nested column can't have two.
        """
        for batch in self._file.iter_batches(ROWS_AT_A_TIME, row_groups=[group], columns=[name]):
            batch.validate(full=True)
            yield batch.column(0)

    def _decoded(self, table: pa.Table) -> pa.Table:
        table.validate(full=True)
        arrays = {}
        for name in table.column_names:
            limits.check_column(table[name], name, self._called)
            arrays[name] = _decoded(table[name])
        return pa.table(arrays)


@contextmanager
def opened_parquet(path: Path, *, called: str | None = None) -> Iterator[ParquetFile]:
    """Open a Parquet file; error messages refer to it as ``called``, by default its path.

    Raises `ArchiveError` if it is broken, has a column of an extension type, or exceeds a limit.
    """
    name = called or str(path)
    with _errors(name):
        file = _opened(path, name)
    with file:
        yield ParquetFile(file, name)


def parquet_writer(path: Path, schema: pa.Schema) -> AbstractContextManager[TableWriter]:
    """Return a writer of tables with the given schema; the file is complete when its context ends."""
    writer: AbstractContextManager[TableWriter] = pq.ParquetWriter(path, schema)
    return writer


def _opened(path: Path, called: str) -> pq.ParquetFile:
    limits.check_footer(path, called)
    with pq.ParquetFile(
        path,
        thrift_string_size_limit=limits.MAX_STRING_BYTES,
        thrift_container_size_limit=limits.MAX_LIST_ITEMS,
        coerce_int96_timestamp_unit=INT96_UNIT,
    ) as first:
        limits.check_metadata(first.metadata, path.stat().st_size, called)
        limits.check_schema(first.schema_arrow, called)
        texts, metadata = _text_columns(first.schema), first.metadata
    # A text that repeats is stored once, in a dictionary. A file of 2 KB stays small if its texts are read as
    # such; read as plain texts, they can take terabytes.
    # Spark writes times as INT96; in nanoseconds, the default, a time after 2262 becomes one before 1970.
    return pq.ParquetFile(
        path, metadata=metadata, read_dictionary=texts, coerce_int96_timestamp_unit=INT96_UNIT
    )


@contextmanager
def _errors(called: str) -> Iterator[None]:
    """Convert every error of pyarrow to `ArchiveError`."""
    try:
        yield
    except ArchiveError:
        raise
    except _ExtensionTypeError:
        raise limits.extension_type(called) from None
    except OSError as error:
        if "Exceeded size limit" not in str(error):
            raise ArchiveError.of_reading(called, error) from None
        msg = (
            f"{called} has more than {limits.MAX_LIST_ITEMS:,} columns or row groups, or metadata of more "
            f"than {limits.MAX_STRING_BYTES:,} bytes; write larger row groups, or several files"
        )
        raise ArchiveError(msg) from None
    except Exception as error:  # noqa: BLE001 - broken values raise errors of many kinds
        msg = f"{called} is not a complete Parquet file ({error}); write it again, or give it as .jsonl"
        raise ArchiveError(msg) from None


def _text_columns(schema: pq.ParquetSchema) -> list[str]:
    """Return the paths of the columns whose values have any length."""
    columns = (schema.column(place) for place in range(len(schema)))
    return [column.path for column in columns if column.physical_type == "BYTE_ARRAY"]


def _check_lengths(columns: Sequence[pa.Array]) -> None:
    """Raise ``ValueError`` if the columns of a batch differ in length."""
    if len(set(map(len, columns))) > 1:
        msg = "its columns differ in length"
        raise ValueError(msg)


def column_values(column: pa.Array) -> list[Any]:
    """Return the values of a column as Python objects; `parquet_limits.check_texts` bounds their size.

    Times are texts in RFC 3339, UTC, truncated to milliseconds: Python has no times after the year 9999,
    and not every zone. One without a zone is taken as UTC.
    """
    if pa.types.is_timestamp(column.type):
        times_ms = column.cast(pa.timestamp("ms", column.type.tz), safe=False).cast(pa.int64())
        return [None if time_ms is None else _time_text(time_ms) for time_ms in times_ms.to_pylist()]
    if not pa.types.is_dictionary(column.type):
        values: list[Any] = column.to_pylist()
        return values
    if len(column.dictionary) > len(column):
        return column_values(column.dictionary_decode())
    # Equal texts become one Python object, which takes a fraction of the time and of the memory.
    values = [*column.dictionary.to_pylist(), None]
    return [values[place] for place in column.indices.fill_null(len(values) - 1).to_numpy().tolist()]


def _time_text(time_ms: int) -> str:
    """Return a time as text; one that has no year of four digits gives a text that is no time."""
    try:
        return format_time(time_ms)
    except OverflowError:
        return f"{time_ms} ms after 1970"


def _decoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not pa.types.is_dictionary(column.type):
        return column
    chunks = [chunk.dictionary_decode() for chunk in column.chunks]
    return pa.chunked_array(chunks, column.type.value_type)

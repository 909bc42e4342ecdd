"""CSV files of transactions and labels, whose rows become the JSON records that the job reads.

The first line names the columns; unknown ones are ignored. An empty cell is null. Blanks after a comma are
ignored. Numbers and flags are
written as in JSON. A time may have a blank in place of the ``T``, as many programs write it.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Final

import orjson

from fraudstream.archives.archive_errors import ArchiveError
from fraudstream.domain.transaction import ColumnKind

MAX_CELL_CHARACTERS: Final = 1_048_576
"""As many as the largest record that the job reads has bytes."""
MAX_LINE_CHARACTERS: Final = 64 * 1_048_576
"""As many as the texts of one record of a Parquet file have bytes."""
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_SPACED_TIME: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}) ([0-9])")
_FLAGS: Final = {"true": True, "false": False}


def csv_rows(
    path: Path, kinds: Mapping[str, ColumnKind], required: tuple[str, ...], called: str
) -> Iterator[bytes]:
    """Yield the rows of a file as JSON objects with the known columns, in order.

    A row with another number of cells than the header becomes a JSON list of its cells, which the job
    refuses. Raises `ArchiveError` if the file is no CSV in UTF-8, lacks a required column or has one twice.
    """
    csv.field_size_limit(MAX_CELL_CHARACTERS)
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(_lines(file, called), strict=True, skipinitialspace=True)
        rows = _rows(reader, called)
        header = next(rows, [])
        convert = _converters(header, kinds, required, called)
        for row in rows:
            if len(row) == len(header):
                yield orjson.dumps({name: read(row[place]) for name, place, read in convert})
            elif any(cell.strip() for cell in row):
                yield orjson.dumps(row)


def _lines(file: IO[str], called: str) -> Iterator[str]:
    """Yield the lines; raises `ArchiveError` if one would fill the memory."""
    while line := file.readline(MAX_LINE_CHARACTERS + 1):
        if len(line) > MAX_LINE_CHARACTERS:
            msg = f"{called} has a line of over {MAX_LINE_CHARACTERS:,} characters; end rows by line feeds"
            raise ArchiveError(msg)
        yield line


def _rows(reader: Any, called: str) -> Iterator[list[str]]:  # noqa: ANN401 - csv has no public type
    try:
        yield from reader
    except csv.Error as error:
        msg = f"{called}, line {reader.line_num}: not CSV ({error}); write it again, or give it as .jsonl"
        raise ArchiveError(msg) from None
    except UnicodeDecodeError as error:
        msg = f"{called}, after line {reader.line_num}: not UTF-8 ({error.reason}); write it in UTF-8"
        raise ArchiveError(msg) from None


def _converters(
    header: list[str], kinds: Mapping[str, ColumnKind], required: tuple[str, ...], called: str
) -> list[tuple[str, int, Callable[[str], Any]]]:
    names = [name.strip() for name in header]
    missing = [name for name in required if name not in names]
    if missing:
        shown = io.StringIO()
        csv.writer(shown).writerow(header)
        msg = (
            f"{called} has no column {', '.join(missing)}; its first line is "
            f"{shown.getvalue().strip()[:200]!r}: name the columns there, like the fields of a JSON record"
        )
        raise ArchiveError(msg)
    twice = next((name for name in kinds if names.count(name) > 1), None)
    if twice is not None:
        msg = f"{called} has the column {twice} twice; rename or remove one of them"
        raise ArchiveError(msg)
    return [(name, names.index(name), _READ[kind]) for name, kind in kinds.items() if name in names]


def _text(cell: str) -> str | None:
    return cell or None


def _time(cell: str) -> str | None:
    return _SPACED_TIME.sub(r"\1T\2", cell, count=1) or None


def _number(cell: str) -> object:
    """Return the number of a cell, or else its text, which the job refuses by name."""
    text = cell.strip()
    return orjson.Fragment(text) if _NUMBER.fullmatch(text) else text or None


def _flag(cell: str) -> object:
    text = cell.strip()
    return _FLAGS.get(text.lower(), text or None)


_READ: Final[Mapping[ColumnKind, Callable[[str], Any]]] = {
    "text": _text,
    "time": _time,
    "number": _number,
    "flag": _flag,
}

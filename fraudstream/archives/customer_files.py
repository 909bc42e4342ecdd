"""Files of customers' metadata: JSON lines or CSV, plain or .gz, as the kernel's ``CustomerFile`` reads them.

Columns: ``customer_id``, and those of `METADATA_FIELDS`; others are ignored.
"""

import csv
import gzip
import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import orjson

from fraudstream.archives.archive_errors import ArchiveError
from fraudstream.archives.record_files import check_regular, file_errors
from fraudstream.archives.record_writers import written_whole
from fraudstream.domain.customer import METADATA_FIELDS, Customer
from fraudstream.runtime.customer_settings import is_customer_file

CUSTOMER_ID: Final = "customer_id"
MAX_ID_CHARACTERS: Final = 256
_SUFFIXES: Final = ".jsonl or .csv, also .gz"


def read_customers(path: Path) -> Iterator[tuple[str, Customer]]:
    """Yield id and metadata of each customer of a file, in order.

    Raises `ArchiveError` with the line and the fix if the file or one of its rows is invalid, or has a
    customer twice.
    """
    _check_name(path)
    seen: set[str] = set()
    with file_errors(str(path)):
        check_regular(path, str(path))
        with gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb") as file:
            lines = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
            number = 0
            try:
                for number, texts in _rows(path, lines):  # noqa: B007 - for the messages below
                    id_ = _id_of(texts, seen)
                    yield id_, Customer.of_texts(texts)
            except _RowError as error:
                msg = f"{path}, line {error.number}: {error}"
                raise ArchiveError(msg) from None
            except UnicodeDecodeError as error:
                msg = f"{path}, after line {number}: not UTF-8 ({error.reason}); write it in UTF-8"
                raise ArchiveError(msg) from None
            except ValueError as error:
                msg = f"{path}, line {number}: {error}"
                raise ArchiveError(msg) from None


def write_customers(path: Path, customers: Iterable[tuple[str, Customer]]) -> int:
    """Write a file of customers, which appears when it is complete; return how many there are.

    Raises `ArchiveError` if it can't be written.
    """
    _check_name(path)
    is_csv = path.name.lower().removesuffix(".gz").endswith(".csv")
    written = 0
    with written_whole(path) as file:
        if is_csv:
            file.write(_cells([CUSTOMER_ID, *METADATA_FIELDS]))
        for id_, customer in customers:
            texts = customer.texts()
            if is_csv:
                file.write(_cells([id_, *(texts.get(field, "") for field in METADATA_FIELDS)]))
            else:
                file.write(orjson.dumps({CUSTOMER_ID: id_, **texts}) + b"\n")
            written += 1
    return written


class _RowError(ValueError):
    """An invalid row of a line that is known."""

    def __init__(self, number: int, problem: str) -> None:
        super().__init__(problem)
        self.number = number


def _check_name(path: Path) -> None:
    if not is_customer_file(path):
        msg = f"{path}: unknown kind of file; name it {_SUFFIXES}, by its format"
        raise ArchiveError(msg)


def _rows(path: Path, lines: Iterable[str]) -> Iterator[tuple[int, dict[str, str | None]]]:
    if path.name.lower().removesuffix(".gz").endswith(".csv"):
        return _csv_rows(lines)
    return ((number, _of_json(line, number)) for number, line in enumerate(lines, 1) if line.strip())


def _csv_rows(lines: Iterable[str]) -> Iterator[tuple[int, dict[str, str | None]]]:
    reader = csv.reader(lines, strict=True, skipinitialspace=True)
    header: list[str] | None = None
    try:
        for cells in reader:
            row = [cell.strip() for cell in cells]
            if not any(row):
                continue
            if header is None:
                header = _checked(row)
            elif len(row) == len(header):
                yield reader.line_num, dict(zip(header, row, strict=True))
            else:
                problem = f"{len(row)} cells, but the first line has {len(header)}; give as many"
                raise _RowError(reader.line_num, problem)
    except csv.Error as error:
        problem = f"not CSV ({error}); write it again, or as .jsonl"
        raise _RowError(reader.line_num, problem) from None


def _checked(header: list[str]) -> list[str]:
    if CUSTOMER_ID not in header:
        problem = "the first line has no column customer_id; name the columns there"
        raise _RowError(1, problem)
    twice = [name for name in header if header.count(name) > 1]
    if twice:
        problem = f"the column {twice[0]} is there twice; remove one of them"
        raise _RowError(1, problem)
    return header


def _of_json(line: str, number: int) -> dict[str, str | None]:
    try:
        record: Any = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        problem = f"not JSON ({error}); write one object a line"
        raise _RowError(number, problem) from None
    if not isinstance(record, dict):
        problem = "not a JSON object; write one object a line"
        raise _RowError(number, problem)
    texts: dict[str, str | None] = {}
    for field in (CUSTOMER_ID, *METADATA_FIELDS):
        value = record.get(field)
        if type(value) is int and field == "kyc_level":
            value = str(value)
        if value is not None and not isinstance(value, str):
            problem = f"{field} is {orjson.dumps(value).decode()}; it must be a text"
            raise _RowError(number, problem)
        texts[field] = value
    return texts


def _id_of(texts: dict[str, str | None], seen: set[str]) -> str:
    id_ = texts.get(CUSTOMER_ID)
    if id_ is None or len(id_) > MAX_ID_CHARACTERS:
        msg = "customer_id is missing or longer than 256 characters; give the id as in transactions"
        raise ValueError(msg)
    if id_ in seen:
        msg = f"customer_id {id_!r} is there twice; keep one line"
        raise ValueError(msg)
    seen.add(id_)
    return id_


def _cells(cells: list[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue().encode()

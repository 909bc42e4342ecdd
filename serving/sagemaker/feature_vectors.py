"""Feature vectors in the bodies of ``/invocations``, as CSV or JSON."""

import csv
import io
import math
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import orjson

Vectors = npt.NDArray[np.float64]
CSV_TYPE: Final = "text/csv"
JSON_TYPE: Final = "application/json"
MAX_VECTORS: Final = 10_000


class VectorError(ValueError):
    """A body that has no vectors of the catalogue's width; the message has row, value and remedy."""


def read_vectors(body: bytes, media_type: str, width: int) -> Vectors:
    """Return the vectors of a body, shape (rows, ``width``); NaN is a missing value.

    CSV has a row per line without a header, and nothing or ``nan`` for a missing value. JSON is
    ``{"instances": [[…], …]}`` with null for one. Raises `VectorError`.
    """
    rows = _csv_rows(body) if media_type == CSV_TYPE else _json_rows(body)
    if not 1 <= len(rows) <= MAX_VECTORS:
        msg = f"the body has {len(rows):,} vectors: send 1 to {MAX_VECTORS:,}"
        raise VectorError(msg)
    return np.array([_vector(row, place, width) for place, row in enumerate(rows)])


def _csv_rows(body: bytes) -> list[Any]:
    try:
        return [row for row in csv.reader(io.StringIO(body.decode(), newline=""), strict=True) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        msg = f"the body is not CSV in UTF-8 ({error}): send a line of numbers for each vector"
        raise VectorError(msg) from None


def _json_rows(body: bytes) -> list[Any]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        msg = f'the body is not JSON ({error}): send {{"instances": [[…], …]}}'
        raise VectorError(msg) from None
    rows = found.get("instances") if isinstance(found, dict) else None
    if not isinstance(rows, list):
        msg = 'the body has no list "instances": send {"instances": [[…], …]}'
        raise VectorError(msg)
    return rows


def _vector(row: object, place: int, width: int) -> list[float]:
    if not isinstance(row, list) or len(row) != width:
        size = len(row) if isinstance(row, list) else "no"
        msg = f"vector {place} has {size} values: give {width}, those of the model's catalogue in its order"
        raise VectorError(msg)
    return [_number(value, place, column) for column, value in enumerate(row)]


def _number(value: object, place: int, column: int) -> float:
    if value is None or value == "":
        return math.nan
    try:
        number = math.inf if isinstance(value, bool) else float(value)  # type: ignore[arg-type] # caught below
    except (TypeError, ValueError, OverflowError):
        number = math.inf
    if math.isinf(number):
        msg = f"value {column} of vector {place} is {str(value)[:100]!r}: give a finite number, or none"
        raise VectorError(msg)
    return number

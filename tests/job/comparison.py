"""Compare the job's output with the naive reference."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from fraudstream.domain.catalogue import Catalogue
from fraudstream.domain.reference import Evaluated, Value

RELATIVE = 1e-9
DEVIATION_RELATIVE = 1e-6
"""Tolerance of a standard deviation, and of quotients by one."""
Z_SCORE_ABSOLUTE = 1e-6
"""A value almost equal to the mean may be on either side of it."""


def is_close(value: Any, expected: Value, statistic: str) -> bool:  # noqa: ANN401 - what JSON or Parquet gave
    """Return whether a feature's value is close to the expected one; lists are compared number by number."""
    if isinstance(expected, list):
        return (
            isinstance(value, list)
            and len(value) == len(expected)
            and all(
                is_close(number, expected_number, statistic)
                for triple, expected_triple in zip(value, expected, strict=True)
                for number, expected_number in zip(triple, expected_triple, strict=True)
            )
        )
    if value is None or expected is None or isinstance(value, list):
        return value is expected
    relative = DEVIATION_RELATIVE if statistic in ("std", "z_score") else RELATIVE
    absolute = Z_SCORE_ABSOLUTE if statistic == "z_score" else 0
    return math.isclose(value, expected, rel_tol=relative, abs_tol=absolute)


def wrong_values(
    catalogue: Catalogue, expected: Iterable[Evaluated], rows: Iterable[Mapping[str, Any]]
) -> list[tuple[str, str, Any, Value]]:
    """Return each value that differs from the expected one: transaction, feature, value, expected value.

    ``rows`` must have the length and order of the expected rows; their ids are compared too.
    """
    statistics = {feature.name: feature.statistic for feature in catalogue.features}
    wrong: list[tuple[str, str, Any, Value]] = []
    for evaluated, row in zip(expected, rows, strict=True):
        id_ = evaluated.transaction.transaction_id
        if row["transaction_id"] != id_:
            wrong.append((id_, "transaction_id", row["transaction_id"], None))
        wrong += [
            (id_, name, row[name], value)
            for name, value in evaluated.features.items()
            if not is_close(row[name], value, statistics[name])
        ]
    return wrong

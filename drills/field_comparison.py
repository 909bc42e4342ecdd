"""Comparison of a JSON record with the expected one, field by field. Pure.

An expected value is a value, or a rule where the exact value is not known: a time that the job takes from its
clock, say. Nothing in a record is left out: a field that is not expected is a difference.
"""

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from fraudstream.domain.transaction import format_time, parse_time_ms

TOLERANCE: Final = 1e-9
"""Tolerance of a comparison: relative, and absolute near 0."""
ABSENT: Final = "absent"


class FieldRule(ABC):
    """Stands for an expected value that is not known exactly."""

    @abstractmethod
    def accepts(self, value: object) -> bool:
        """Return whether the value is right."""


@dataclass(frozen=True)
class Between(FieldRule):
    """A time within bounds (epoch milliseconds, both included), in the format of all records."""

    earliest_ms: int
    latest_ms: int

    def accepts(self, value: object) -> bool:
        """Return whether the value is such a time."""
        if not isinstance(value, str):
            return False
        try:
            time_ms = parse_time_ms(value)
        except ValueError:
            return False
        return format_time(time_ms) == value and self.earliest_ms <= time_ms <= self.latest_ms


@dataclass(frozen=True)
class Matching(FieldRule):
    """A text that matches a pattern as a whole."""

    pattern: str

    def accepts(self, value: object) -> bool:
        """Return whether the value is such a text."""
        return isinstance(value, str) and re.fullmatch(self.pattern, value) is not None


@dataclass(frozen=True)
class Number(FieldRule):
    """A number within bounds (both included), or null if ``or_null``."""

    or_null: bool = False
    minimum: float = -math.inf
    maximum: float = math.inf

    def accepts(self, value: object) -> bool:
        """Return whether the value is such a number."""
        if not isinstance(value, int | float) or isinstance(value, bool):
            return self.or_null and value is None
        return self.minimum <= value <= self.maximum


@dataclass(frozen=True)
class OneOf(FieldRule):
    """One of several texts."""

    texts: tuple[str, ...]

    def accepts(self, value: object) -> bool:
        """Return whether the value is one of them."""
        return isinstance(value, str) and value in self.texts


class FieldDifference(NamedTuple):
    """A field that is not as expected; ``path`` is like ``review.reason``."""

    path: str
    value: object
    expected: object


def differences(value: object, expected: object, path: str = "") -> Iterator[FieldDifference]:
    """Yield the differences between a decoded JSON value and the expected one."""
    if isinstance(expected, FieldRule):
        if not expected.accepts(value):
            yield FieldDifference(path, value, expected)
    elif isinstance(expected, Mapping) and isinstance(value, Mapping):
        yield from _of_objects(value, expected, path)
    elif isinstance(expected, list | tuple) and isinstance(value, list):
        yield from _of_lists(value, expected, path)
    elif not _is_equal(value, expected):
        yield FieldDifference(path, value, expected)


def _of_objects(
    value: Mapping[str, object], expected: Mapping[str, object], path: str
) -> Iterator[FieldDifference]:
    for name in {**expected, **value}:
        below = f"{path}.{name}" if path else name
        if name not in value:
            yield FieldDifference(below, ABSENT, expected[name])
        elif name not in expected:
            yield FieldDifference(below, value[name], ABSENT)
        else:
            yield from differences(value[name], expected[name], below)


def _of_lists(value: Sequence[object], expected: Sequence[object], path: str) -> Iterator[FieldDifference]:
    if len(value) != len(expected):
        yield FieldDifference(path, value, expected)
        return
    for number, (one, other) in enumerate(zip(value, expected, strict=True)):
        yield from differences(one, other, f"{path}[{number}]")


def _is_equal(value: object, expected: object) -> bool:
    if is_number(value) and is_number(expected):
        return is_close(value, expected)
    return type(value) is type(expected) and value == expected


def is_number(value: object) -> bool:
    """Return whether a decoded JSON value is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_close(value: object, expected: object) -> bool:
    """Return whether two values are equal within `TOLERANCE`; null equals only null."""
    if isinstance(value, int | float) and isinstance(expected, int | float):
        return math.isclose(value, expected, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return value == expected

"""Language definition: the templates and the number format for sentences about features."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Final, Literal

from fraudstream.domain.duration import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from fraudstream.domain.features import Entity, WindowStatistic

Unit = Literal["number", "vnd", "times", "percent", "seconds", "hour", "km_h"]
"""Format of a quantity. ``percent`` is for shares, ``hour`` for whole hours of the day."""
Span = Literal["day", "hour", "minute", "second"]

_SPANS_MS: Final[tuple[tuple[Span, int], ...]] = (("day", DAY_MS), ("hour", HOUR_MS), ("minute", MINUTE_MS))
"""Longest first; shorter durations are written in seconds."""
_LEAST: Final = 0.01
"""Positive numbers below this are written as "under 0.01"."""
_WHOLE_FROM: Final = 100
"""Numbers of at least this size are written without decimals."""
_TWO_DAYS_MS: Final = 2 * DAY_MS
"""Durations below this are written in hours."""


@dataclass(frozen=True, slots=True)
class Noun:
    """Noun for a field: ``one`` for the current transaction, ``many`` for several, without an article."""

    one: str
    many: str


@dataclass(frozen=True, slots=True)
class Clause:
    """Wording of a flag that is 1 and of one that is 0; starts in lower case, without a final full stop."""

    yes: str
    no: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """The words of one language. `sentences` fills the placeholders of the templates."""

    thousands: str
    point: str
    spans: Mapping[Span, str]
    plural: str
    """Suffix of a span unless its number is 1."""
    units: Mapping[Unit, str]
    """Suffix of a number."""
    under: str

    last: str
    just_before: str
    long_before: str
    """Time of a window: up to the transaction (``last``), just before it, or before a delay."""
    lone_span: str
    """A window of exactly one span, like ``hour`` in "in the last hour"."""

    columns: Mapping[str, Noun]
    entities: Mapping[Entity, str]
    windows: Mapping[WindowStatistic, str]
    flags_in_window: Mapping[Literal["sum", "mean", "distinct"], str]
    """Replaces ``windows`` if the column is a flag."""
    hour: str
    share: str
    ratio: str
    values_of: str

    flag_columns: Mapping[str, Clause]
    hour_between: Clause
    weekend: Clause
    above: Clause
    at_least: Clause
    at_most: Clause
    between: Clause
    equals: Clause
    starts_with: Clause
    any: Clause
    other_text: str

    known_flags: Mapping[str, Clause]
    """Special wording for features of the built-in catalogue, used if the definition is the same."""
    known_quantities: Mapping[str, str]

    quantity: str
    missing: str
    missing_flag: str
    sequence: str
    baseline_of_account: str
    baseline_of_population: str
    share_of_account: str
    as_population: str
    not_as_population: str

    def number(self, value: float) -> str:
        """Format a number: no decimals from 100 on, else at most two."""
        if 0 < value < _LEAST:
            return f"{self.under} {self._digits(f'{_LEAST:g}')}"
        if abs(value) >= _WHOLE_FROM:
            return self._digits(f"{value:,.0f}")
        # Adding 0.0 turns a rounded -0 into 0.
        return self._digits(f"{round(value, 2) + 0.0:.2f}".rstrip("0").rstrip("."))

    def vnd(self, value: float) -> str:
        """Format an amount, rounded to whole VND."""
        return self._digits(f"{value:,.0f}") + self.units["vnd"]

    def quantity_of(self, value: float, unit: Unit) -> str:
        """Format a value in its unit."""
        return _WRITERS[unit](self, value)

    def writer(self, unit: Unit) -> Callable[[float], str]:
        """Return a function that formats values in the unit."""
        # Picklable, unlike the lambdas in the table of writers.
        return partial(self.quantity_of, unit=unit)

    def span(self, duration_ms: float) -> str:
        """Format a duration in the largest unit that gives at least 1, else seconds; hours up to two days."""
        for span, span_ms in _SPANS_MS:
            if duration_ms >= (_TWO_DAYS_MS if span == "day" else span_ms):
                return self._spans(duration_ms / span_ms, span)
        return self._spans(duration_ms / SECOND_MS, "second")

    def window(self, window_ms: int, delay_ms: int) -> str:
        """Format the time of a window relative to the transaction."""
        length = self.span(window_ms)
        if not delay_ms:
            return self.last.format(length=self._lone(length))
        # A delay below a second only serves to exclude the transaction itself.
        template = self.just_before if delay_ms < SECOND_MS else self.long_before
        return template.format(length=self._lone(length), delay=self.span(delay_ms))

    def _lone(self, length: str) -> str:
        number, span = length.split(" ", 1)
        return self.lone_span.format(number=number, span=span) if number == "1" else length

    def _spans(self, number: float, span: Span) -> str:
        text = self.number(number)
        return f"{text} {self.spans[span]}{'' if text == '1' else self.plural}"

    def _digits(self, text: str) -> str:
        return text.translate(_marks(self.thousands, self.point))


@cache
def _marks(thousands: str, point: str) -> dict[int, str]:
    return str.maketrans({",": thousands, ".": point})


def _in_units(unit: Unit) -> Callable[[Language, float], str]:
    return lambda language, value: language.number(value) + language.units[unit]


_WRITERS: Final[Mapping[Unit, Callable[[Language, float], str]]] = {
    "number": Language.number,
    "vnd": Language.vnd,
    "times": _in_units("times"),
    "percent": lambda language, share: language.number(100 * share) + language.units["percent"],
    "seconds": lambda language, seconds: language.span(seconds * SECOND_MS),
    "hour": lambda _, hour: f"{hour:02.0f}:00–{hour:02.0f}:59",  # noqa: RUF001 - a span has a dash
    "km_h": _in_units("km_h"),
}

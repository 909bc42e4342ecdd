"""Reference values of features of the transaction alone; part of `fraudstream.domain.reference`."""

from collections.abc import Mapping
from typing import Final, cast

from fraudstream.domain.customer import VIETNAM_OFFSET_MS
from fraudstream.domain.duration import DAY_MS, HOUR_MS
from fraudstream.domain.features import TransactionFeature
from fraudstream.domain.transaction import Transaction

SATURDAY: Final = 5
"""Days of the week are numbered from Monday = 0."""
_EPOCH_WEEKDAY: Final = 3
"""1970-01-01 was a Thursday."""


def transaction_value(  # noqa: PLR0911 - one line for each statistic
    feature: TransactionFeature, transaction: Transaction, before: Mapping[str, object]
) -> float | None:
    """Return the value of ``feature``; ``before`` holds the values of the features it refers to."""
    # The catalogue rejects references to features that are lists.
    operands = [cast("float | None", before[name]) for name in feature.of]
    match feature.statistic:
        case "value":
            return number(transaction, feature.column)
        case "hour":
            return _hour(transaction)
        case "hour_between":
            return _is_between(_hour(transaction), feature.from_hour or 0, feature.to_hour or 0)
        case "weekend":
            days = (transaction.event_time_ms + VIETNAM_OFFSET_MS) // DAY_MS
            return float((days + _EPOCH_WEEKDAY) % 7 >= SATURDAY)
        case "ratio":
            numerator = number(transaction, feature.column)
            denominator = number(transaction, feature.denominator)
            return numerator / denominator if numerator is not None and denominator else None
        case "any":
            return _any(operands)
        case "equals" | "starts_with" | "code":
            text = getattr(transaction, feature.column or "")
            return None if text is None else _of_text(feature, text)
        case "above" | "at_least" | "at_most" | "between":
            operand = operands[0] if operands else number(transaction, feature.column)
            return None if operand is None else _compared(feature, operand)


def number(transaction: Transaction, column: str | None) -> float | None:
    """Return the number in a field; 1 or 0 for a flag."""
    value = getattr(transaction, column or "")
    return None if value is None else float(value)


def _of_text(feature: TransactionFeature, text: str) -> float:
    if feature.statistic == "equals":
        return float(text == feature.text)
    if feature.statistic == "starts_with":
        return float(text.startswith(feature.prefix or ""))
    return float([*feature.values, text].index(text) + 1)


def _compared(feature: TransactionFeature, operand: float) -> float:
    if feature.statistic == "between":
        return float((feature.low or 0.0) <= operand < (feature.high or 0.0))
    threshold = feature.threshold or 0.0
    if feature.statistic == "at_most":
        return float(operand <= threshold)
    return float(operand > threshold or (feature.statistic == "at_least" and operand == threshold))


def _hour(transaction: Transaction) -> int:
    return (transaction.event_time_ms + VIETNAM_OFFSET_MS) // HOUR_MS % 24


def _is_between(hour: int, from_hour: int, to_hour: int) -> float:
    hours = range(from_hour, to_hour) if from_hour <= to_hour else {*range(from_hour, 24), *range(to_hour)}
    return float(hour in hours)


def _any(values: list[float | None]) -> float | None:
    if 1 in values:
        return 1.0
    return None if None in values else 0.0

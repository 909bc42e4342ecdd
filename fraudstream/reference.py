"""Every feature, computed the naive way: the oracle that the kernel is held against.

It keeps all transactions and looks at all of them again for each feature. Slow, and easy to believe.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal, NamedTuple

from fraudstream.catalogue import Catalogue, TransactionFeature, WindowFeature
from fraudstream.duration import DAY_MS, HOUR_MS
from fraudstream.transaction import Transaction

VIETNAM_OFFSET_MS: Final = 7 * HOUR_MS
"""UTC+7; Vietnam has no daylight saving time."""
SATURDAY: Final = 5
"""The days of the week count from Monday = 0."""
_EPOCH_WEEKDAY: Final = 3
"""1970-01-01 was a Thursday."""

Outcome = Literal["new", "duplicate", "late"]
Features = dict[str, float | None]


class Evaluated(NamedTuple):
    """What becomes of one arriving transaction; the features are empty unless it is new."""

    transaction: Transaction
    outcome: Outcome
    features: Features


def evaluate(
    catalogue: Catalogue, arrivals: Iterable[Transaction], *, allowed_lateness_ms: int
) -> Iterator[Evaluated]:
    """Evaluate transactions in the order of their arrival, each against those before it.

    One more than ``allowed_lateness_ms`` behind its account's newest event time is late; one whose
    id its account still remembers is a duplicate; neither counts for any other. An account forgets
    what no transaction in time can ask for any more: that is the de-duplication horizon.
    """
    arrived: defaultdict[str, list[Transaction]] = defaultdict(list)
    for transaction in arrivals:
        others = arrived[transaction.account_id]
        newest_ms = max(other.event_time_ms for other in [*others, transaction])
        if newest_ms - transaction.event_time_ms > allowed_lateness_ms:
            yield Evaluated(transaction, "late", {})
        elif any(other.transaction_id == transaction.transaction_id for other in others):
            yield Evaluated(transaction, "duplicate", {})
        else:
            yield Evaluated(transaction, "new", _features(catalogue, transaction, others))
            forgotten_ms = newest_ms - max(catalogue.reach_ms, 1) - allowed_lateness_ms
            arrived[transaction.account_id] = [
                other for other in [*others, transaction] if other.event_time_ms > forgotten_ms
            ]


def _features(catalogue: Catalogue, transaction: Transaction, others: list[Transaction]) -> Features:
    features: Features = {}
    for feature in catalogue.features:
        if isinstance(feature, WindowFeature):
            features[feature.name] = _window_value(feature, transaction, others)
        else:
            features[feature.name] = _transaction_value(feature, transaction, features)
    return features


def _window_value(
    feature: WindowFeature, transaction: Transaction, others: list[Transaction]
) -> float | None:
    end_ms = transaction.event_time_ms - feature.delay_ms
    start_ms = end_ms - feature.window_ms

    def is_inside(other: Transaction) -> bool:
        return start_ms < other.event_time_ms <= end_ms

    inside = [other for other in [*others, transaction] if is_inside(other)]
    if feature.statistic == "count":
        return len(inside)
    if feature.statistic == "seconds_since_previous":
        times_ms = [other.event_time_ms for other in others if is_inside(other)]
        return (transaction.event_time_ms - max(times_ms)) / 1000 if times_ms else None
    values = [getattr(other, feature.column or "") for other in inside]
    return _statistic(feature.statistic, [value for value in values if value is not None])


def _statistic(statistic: str, values: list[Any]) -> float | None:
    if statistic == "distinct":
        return len(set(values))
    if statistic == "sum":
        return math.fsum(values)
    if not values:
        return None
    return max(values) if statistic == "max" else math.fsum(values) / len(values)


def _transaction_value(  # noqa: PLR0911 - one line for each statistic
    feature: TransactionFeature, transaction: Transaction, features: Features
) -> float | None:
    match feature.statistic:
        case "value":
            return _number(transaction, feature.column)
        case "hour":
            return _hour(transaction)
        case "hour_between":
            return _is_between(_hour(transaction), feature.from_hour or 0, feature.to_hour or 0)
        case "weekend":
            days = (transaction.event_time_ms + VIETNAM_OFFSET_MS) // DAY_MS
            return float((days + _EPOCH_WEEKDAY) % 7 >= SATURDAY)
        case "starts_with":
            text = getattr(transaction, feature.column or "")
            return None if text is None else float(text.startswith(feature.prefix))
        case "ratio":
            numerator = _number(transaction, feature.column)
            denominator = _number(transaction, feature.denominator)
            return numerator / denominator if numerator is not None and denominator else None
        case "any":
            return _any([features[name] for name in feature.of])
        case "above" | "at_least":
            operand = features[feature.of[0]] if feature.of else _number(transaction, feature.column)
            threshold = feature.threshold or 0.0
            if operand is None:
                return None
            return float(operand > threshold or (feature.statistic == "at_least" and operand == threshold))


def _number(transaction: Transaction, column: str | None) -> float | None:
    value = getattr(transaction, column or "")
    return None if value is None else float(value)


def _hour(transaction: Transaction) -> int:
    return (transaction.event_time_ms + VIETNAM_OFFSET_MS) // HOUR_MS % 24


def _is_between(hour: int, from_hour: int, to_hour: int) -> float:
    hours = range(from_hour, to_hour) if from_hour <= to_hour else {*range(from_hour, 24), *range(to_hour)}
    return float(hour in hours)


def _any(values: list[float | None]) -> float | None:
    if 1 in values:
        return 1.0
    return None if None in values else 0.0

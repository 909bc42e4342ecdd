"""Reference values of window statistics; part of `fraudstream.domain.reference`."""

import math
import statistics
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final, NamedTuple

from fraudstream.domain.customer import FEATURE_COLUMNS
from fraudstream.domain.features import WindowFeature
from fraudstream.domain.transaction import Label, Transaction, TransactionKey

EARTH_RADIUS_KM: Final = 6371.0088
"""The mean radius of the earth: (2 a + b) / 3 of the GRS 80 ellipsoid."""
SHORTEST_TRAVEL_S: Final = 1.0
"""Shortest time for a speed: two places at the same time would give an infinite speed."""

Triple = list[float | None]
"""Amount in VND, seconds since the next older transaction, value of the column."""
Value = float | list[Triple] | None


class Arrived(NamedTuple):
    """A transaction and those of its features that depend on no other transaction."""

    transaction: Transaction
    row: Mapping[str, float | None]

    @property
    def event_time_ms(self) -> int:
        """The event time of the transaction, epoch milliseconds."""
        return self.transaction.event_time_ms

    def value(self, column: str | None) -> Any:  # noqa: ANN401 - a text, a number or a flag
        """Return the value of a column: a field, or a feature if there is no such field."""
        return (
            getattr(self.transaction, column or "") if column in FEATURE_COLUMNS else self.row[column or ""]
        )

    @property
    def place(self) -> tuple[float, float] | None:
        """Latitude and longitude in degrees; None if one of them is not known."""
        latitude, longitude = self.transaction.latitude, self.transaction.longitude
        return None if latitude is None or longitude is None else (latitude, longitude)


def window_value(
    feature: WindowFeature,
    at_hand: Arrived,
    others: Sequence[Arrived],
    labels: Mapping[TransactionKey, Label],
) -> Value:
    """Return the value of ``feature`` for the transaction ``at_hand``, which arrived last.

    ``others`` are the other transactions of its entity, in order of arrival; ``labels`` has the last label
    that arrived for each transaction.
    """
    end_ms = at_hand.event_time_ms - feature.delay_ms
    start_ms = end_ms - feature.window_ms
    # The sort is stable: transactions with the same event time stay in order of arrival.
    in_order = sorted(others, key=lambda other: other.event_time_ms)
    previous = [other for other in in_order if start_ms < other.event_time_ms <= end_ms]
    inside = previous if feature.delay_ms else [*previous, at_hand]
    match feature.statistic:
        case "count":
            return len(inside)
        case "seconds_since_previous":
            return _seconds_between(previous[-1], at_hand) if previous else None
        case "speed_kmh":
            return _speed_kmh(at_hand, previous)
        case "fraud_rate":
            return _fraud_rate(inside, labels, at_hand.event_time_ms)
        case "last_n":
            return _last_n(inside, feature.column, feature.n or 0)
        case _:
            own = at_hand.value(feature.column)
            values = [other.value(feature.column) for other in inside]
            return _of_values(feature.statistic, own, [value for value in values if value is not None])


def _of_values(  # noqa: PLR0911 - one line for each statistic
    statistic: str,
    own: Any,  # noqa: ANN401 - see Arrived.value
    values: list[Any],
) -> float | None:
    match statistic:
        case "sum":
            return math.fsum(values)
        case "distinct":
            return len(set(values))
        case "occurrences":
            return None if own is None else values.count(own)
        case "std":
            return _std(values)
        case "z_score":
            return _z_score(own, values)
        case "ratio_to_mean":
            mean = _mean(values)
            return own / mean if own is not None and mean else None
        case "mean":
            return _mean(values)
        case _:
            return {"min": min, "max": max}[statistic](values, default=None)


def _mean(values: list[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None


def _std(values: list[float]) -> float | None:
    return statistics.stdev(values) if len(values) > 1 else None


def _z_score(own: float | None, values: list[float]) -> float | None:
    std = _std(values)
    if own is None or not std:
        return None
    # For large values close together, the rounding error of a float mean can be as large as the deviation.
    mean = sum(map(Fraction, values)) / len(values)
    return float(Fraction(own) - mean) / std


def _seconds_between(earlier: Arrived, later: Arrived) -> float:
    return (later.event_time_ms - earlier.event_time_ms) / 1000


def _speed_kmh(at_hand: Arrived, previous: list[Arrived]) -> float | None:
    seen = [other for other in previous if other.place]
    if not seen or not at_hand.place or not seen[-1].place:
        return None
    hours = max(_seconds_between(seen[-1], at_hand), SHORTEST_TRAVEL_S) / 3600
    return _distance_km(seen[-1].place, at_hand.place) / hours


def _distance_km(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Return the great-circle distance by the haversine formula, for degrees of latitude and longitude."""
    (latitude_a, longitude_a), (latitude_b, longitude_b) = a, b
    # For places close together, the difference in degrees is exact; in radians it is not.
    across = math.sin(math.radians(latitude_b - latitude_a) / 2) ** 2
    along = math.sin(math.radians(longitude_b - longitude_a) / 2) ** 2
    haversine = across + math.cos(math.radians(latitude_a)) * math.cos(math.radians(latitude_b)) * along
    # For antipodal points, rounding may bring the haversine over 1.
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(min(1.0, haversine)))


def _fraud_rate(inside: list[Arrived], labels: Mapping[TransactionKey, Label], now_ms: int) -> float | None:
    known = [labels.get(each.transaction.key) for each in inside]
    frauds = [label for label in known if label and label.is_fraud and label.available_at_ms <= now_ms]
    return len(frauds) / len(inside) if inside else None


def _last_n(inside: list[Arrived], column: str | None, n: int) -> list[Triple]:
    newest_first = inside[::-1]
    older: list[Arrived | None] = [*newest_first[1:], None]
    triples: list[Triple] = []
    for each, next_older in zip(newest_first, older, strict=False):
        gap = None if next_older is None else _seconds_between(next_older, each)
        triples.append([each.transaction.transaction_amount_vnd, gap, each.value(column)])
    return triples[:n]

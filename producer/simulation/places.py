"""Places of account owners: one place at a time, changed by trips.

A place is a function of account and time. It is continuous except for the journeys to and from a trip's city,
during which the owner has no place. So two places of an owner are never further apart than one can travel in
the time between.
"""

from typing import Final, NamedTuple

import numpy as np

from fraudstream.domain.arrays import Bools, Ints, Keys, Rows
from fraudstream.domain.duration import HOUR_MS
from producer.simulation.cities import CITIES, LATITUDES_MICRO, LONGITUDES_MICRO
from producer.simulation.draws import between, bits, chance, with_number

TRIP_WINDOW_HOURS: Final = 480
"""At most one trip begins in each 20 days."""
TRIP_CHANCE: Final = 0.3
TRIP_HOURS: Final = (30, 168)
JOURNEY_HOURS: Final = 4
"""At either end of a trip; the most distant cities are 1,600 km apart, which makes about 400 km/h."""
DEGREES: Final = 10_000_000
"""Places are in units of 1e-7 degrees, about 1 cm: a coarser grid would itself cause jumps."""
SPREAD: Final = DEGREES // 30
"""Largest distance of a place from its city's centre, north-south and east-west: 1/30 degree."""


class Places(NamedTuple):
    """Cities as places in `CITIES`, and coordinates in 1e-7 degrees; all odd, so that none ends in 0."""

    city: Ints
    latitude: Ints
    longitude: Ints


def whereabouts(owners: Rows, time_ms: Ints) -> tuple[Places, Bools]:
    """Return each owner's place at that time, and which owners are on the way between two cities."""
    hours = time_ms // HOUR_MS
    city, under_way = _city(owners, hours)
    here, next_ = (_offsets(owners["key"], hours + later) for later in (0, 1))
    in_hour_ms = time_ms % HOUR_MS
    moved = [one + (other - one) * in_hour_ms // HOUR_MS for one, other in zip(here, next_, strict=True)]
    return _places(city, moved[0], moved[1]), under_way


def near(keys: Keys, city: Ints) -> Places:
    """Draw a place in each city."""
    latitude, longitude = _offsets(keys, np.zeros(len(keys), np.int64))
    return _places(city, latitude, longitude)


def other_city(keys: Keys, purpose: str, home: Ints) -> Ints:
    """Draw a city other than ``home``, all equally likely."""
    return (home + between(keys, purpose, 1, len(CITIES) - 1)) % len(CITIES)


def _city(owners: Rows, hours: Ints) -> tuple[Ints, Bools]:
    trips = with_number(bits(owners["key"], "trip"), hours // TRIP_WINDOW_HOURS)
    in_window = hours % TRIP_WINDOW_HOURS
    length = between(trips, "length", *TRIP_HOURS)
    begin = between(trips, "begin", 1, TRIP_WINDOW_HOURS - 1 - length)
    under_way_or_there = (
        (in_window >= begin) & (in_window < begin + length) & chance(trips, "on", TRIP_CHANCE)
    )
    there = under_way_or_there & (in_window >= begin + JOURNEY_HOURS)
    there &= in_window < begin + length - JOURNEY_HOURS
    city = np.where(there, other_city(trips, "city", owners["home"]), owners["home"])
    return city, under_way_or_there & ~there


def _offsets(keys: Keys, hours: Ints) -> tuple[Ints, Ints]:
    hourly = with_number(keys, hours)
    north = between(hourly, "north", -SPREAD, SPREAD) + between(hourly, "more north", -SPREAD, SPREAD)
    east = between(hourly, "east", -SPREAD, SPREAD) + between(hourly, "more east", -SPREAD, SPREAD)
    return north // 2, east // 2


def _places(city: Ints, north: Ints, east: Ints) -> Places:
    latitude = LATITUDES_MICRO[city] * 10 + north
    longitude = LONGITUDES_MICRO[city] * 10 + east
    return Places(city, latitude | 1, longitude | 1)

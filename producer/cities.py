"""Vietnam's larger cities: where customers live, and where a stolen account is suddenly used."""

from random import Random
from typing import Final, NamedTuple

SPREAD_DEGREES: Final = 0.04
"""Standard deviation of a place around the centre of its city: about 4 km."""


class City(NamedTuple):
    """A city's name, the coordinates of its centre in degrees, and its people in thousands (rounded)."""

    name: str
    latitude: float
    longitude: float
    people_thousands: int


CITIES: Final = (
    City("Ho Chi Minh City", 10.7769, 106.7009, 9_000),
    City("Hanoi", 21.0285, 105.8542, 8_400),
    City("Hai Phong", 20.8449, 106.6881, 2_100),
    City("Can Tho", 10.0452, 105.7469, 1_250),
    City("Da Nang", 16.0544, 108.2022, 1_200),
    City("Bien Hoa", 10.9574, 106.8426, 1_100),
    City("Hue", 16.4637, 107.5909, 650),
    City("Nha Trang", 12.2388, 109.1967, 530),
    City("Vinh", 18.6796, 105.6813, 490),
    City("Quy Nhon", 13.7830, 109.2197, 480),
    City("Buon Ma Thuot", 12.6667, 108.0500, 430),
    City("Da Lat", 11.9404, 108.4583, 420),
)
_PEOPLE: Final = tuple(city.people_thousands for city in CITIES)


def home_city(rng: Random) -> City:
    """Draw a city in proportion to its people."""
    return rng.choices(CITIES, _PEOPLE)[0]


def other_city(rng: Random, home: City) -> City:
    """Draw any city but ``home``, all equally likely."""
    return rng.choice([city for city in CITIES if city is not home])


def point_near(rng: Random, city: City) -> tuple[float, float]:
    """Draw a latitude and a longitude in degrees, to about 10 m, near the centre of ``city``."""
    return (
        round(rng.gauss(city.latitude, SPREAD_DEGREES), 4),
        round(rng.gauss(city.longitude, SPREAD_DEGREES), 4),
    )

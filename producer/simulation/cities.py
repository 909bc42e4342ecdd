"""Vietnam's larger cities: homes, destinations of trips, and places where a stolen account is used.

Coordinates are of the centres, rounded to about 1 km; populations are rounded by hand.
"""

from typing import Final, NamedTuple

import numpy as np

from fraudstream.domain.arrays import Ints
from producer.simulation.draws import running


class City(NamedTuple):
    """City with its name, coordinates of its centre in degrees, and population in thousands (rounded)."""

    name: str
    latitude: float
    longitude: float
    people_thousands: int


CITIES: Final = (
    City("Ho Chi Minh City", 10.78, 106.70, 9_000),
    City("Hanoi", 21.03, 105.85, 8_400),
    City("Hai Phong", 20.84, 106.69, 2_100),
    City("Can Tho", 10.05, 105.75, 1_250),
    City("Da Nang", 16.05, 108.20, 1_200),
    City("Bien Hoa", 10.96, 106.84, 1_100),
    City("Thu Dau Mot", 10.98, 106.65, 420),
    City("Hue", 16.46, 107.59, 650),
    City("Nha Trang", 12.24, 109.20, 530),
    City("Vinh", 18.68, 105.68, 490),
    City("Quy Nhon", 13.78, 109.22, 480),
    City("Buon Ma Thuot", 12.67, 108.05, 430),
    City("Da Lat", 11.94, 108.46, 420),
    City("Vung Tau", 10.35, 107.08, 530),
    City("Thanh Hoa", 19.81, 105.78, 590),
    City("Nam Dinh", 20.43, 106.17, 450),
    City("Thai Nguyen", 21.59, 105.85, 420),
    City("Ha Long", 20.95, 107.08, 330),
    City("Bac Ninh", 21.19, 106.07, 520),
    City("Bac Giang", 21.27, 106.19, 200),
    City("Hai Duong", 20.94, 106.33, 510),
    City("Hung Yen", 20.65, 106.06, 150),
    City("Viet Tri", 21.32, 105.40, 420),
    City("Vinh Yen", 21.31, 105.60, 150),
    City("Ninh Binh", 20.25, 105.97, 160),
    City("Thai Binh", 20.45, 106.34, 270),
    City("Phu Ly", 20.54, 105.91, 160),
    City("Hoa Binh", 20.82, 105.34, 130),
    City("Lang Son", 21.85, 106.76, 100),
    City("Lao Cai", 22.48, 103.97, 130),
    City("Yen Bai", 21.72, 104.91, 100),
    City("Tuyen Quang", 21.82, 105.21, 190),
    City("Son La", 21.33, 103.91, 110),
    City("Dien Bien Phu", 21.39, 103.02, 80),
    City("Dong Hoi", 17.47, 106.62, 160),
    City("Dong Ha", 16.82, 107.10, 160),
    City("Ha Tinh", 18.34, 105.91, 200),
    City("Tam Ky", 15.57, 108.47, 120),
    City("Quang Ngai", 15.12, 108.80, 260),
    City("Tuy Hoa", 13.10, 109.32, 240),
    City("Phan Rang", 11.57, 108.99, 210),
    City("Phan Thiet", 10.93, 108.10, 230),
    City("Pleiku", 13.98, 108.00, 270),
    City("Kon Tum", 14.35, 108.00, 170),
    City("Tay Ninh", 11.31, 106.10, 140),
    City("Tan An", 10.54, 106.41, 140),
    City("My Tho", 10.36, 106.36, 230),
    City("Ben Tre", 10.24, 106.38, 130),
    City("Vinh Long", 10.25, 105.97, 140),
    City("Cao Lanh", 10.46, 105.63, 210),
    City("Long Xuyen", 10.39, 105.44, 290),
    City("Rach Gia", 10.01, 105.08, 260),
    City("Soc Trang", 9.60, 105.97, 140),
    City("Bac Lieu", 9.29, 105.72, 160),
    City("Ca Mau", 9.18, 105.15, 230),
    City("Phu Quoc", 10.22, 103.96, 180),
)

CITY_ENDS: Final = running(tuple(city.people_thousands for city in CITIES))
"""Running sums of the populations, for drawing a city."""
LATITUDES_MICRO: Final[Ints] = np.array([round(city.latitude * 1e6) for city in CITIES], dtype=np.int64)
LONGITUDES_MICRO: Final[Ints] = np.array([round(city.longitude * 1e6) for city in CITIES], dtype=np.int64)

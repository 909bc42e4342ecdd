"""Statistics that depend on the order of transactions: gaps, speeds, sequences."""

import math

import pytest

from fraudstream.domain.reference import Value
from tests.unit.domain.timeline import last, tx, values, window


@pytest.mark.parametrize(
    ("times_ms", "seconds"),
    [
        ([100], None),
        ([92, 95, 100], 0.005),
        ([95, 92, 100], 0.005),
        ([100, 100], 0.0),
        ([90, 100], None),
        ([91, 100], 0.009),
        # Transactions in t's future are not previous.
        ([105, 100], None),
    ],
)
def test_seconds_since_previous(times_ms: list[int], seconds: float | None) -> None:
    arrivals = [tx(time_ms, str(place)) for place, time_ms in enumerate(times_ms)]
    assert last(window("seconds_since_previous"), *arrivals) == seconds


def test_delayed_seconds_since_previous_still_measure_up_to_now() -> None:
    #   85        95 96 100
    #   (---------]
    #        x    y  z  t
    arrivals = [tx(90, "x"), tx(95, "y"), tx(96, "z"), tx(100, "t")]
    assert last(window("seconds_since_previous", delay_ms=5), *arrivals) == 0.005


HOUR_MS = 3_600_000
QUARTER_KM = 2 * math.pi * 6371.0088 / 4
"""A quarter of the earth's circumference."""
NORTH_POLE = {"latitude": 90.0, "longitude": 0.0}
GULF_OF_GUINEA = {"latitude": 0.0, "longitude": 0.0}
EQUATOR_EAST = {"latitude": 0.0, "longitude": 90.0}
HANOI = {"latitude": 21.0285, "longitude": 105.8542}
SAIGON = {"latitude": 10.8231, "longitude": 106.6297}


def speed(*visits: tuple[int, dict[str, float]], window_ms: int = 3 * HOUR_MS, delay_ms: int = 0) -> Value:
    feature = window("speed_kmh", window_ms=window_ms, delay_ms=delay_ms)
    return last(feature, *(tx(at_ms, str(place), **where) for place, (at_ms, where) in enumerate(visits)))


def test_speed_is_great_circle_distance_divided_by_hours() -> None:
    assert speed((0, GULF_OF_GUINEA), (HOUR_MS, NORTH_POLE)) == pytest.approx(QUARTER_KM)
    assert speed((0, GULF_OF_GUINEA), (HOUR_MS, EQUATOR_EAST)) == pytest.approx(QUARTER_KM)
    assert speed((0, GULF_OF_GUINEA), (2 * HOUR_MS, NORTH_POLE)) == pytest.approx(QUARTER_KM / 2)
    west = {"latitude": 0.0, "longitude": -90.0}
    assert speed((0, EQUATOR_EAST), (HOUR_MS, west)) == pytest.approx(2 * QUARTER_KM)
    assert speed((0, HANOI), (HOUR_MS, HANOI)) == 0.0


def test_speed_agrees_with_the_law_of_cosines() -> None:
    here, there = ({key: math.radians(degrees) for key, degrees in city.items()} for city in (HANOI, SAIGON))
    along = math.cos(here["longitude"] - there["longitude"])
    across = math.cos(here["latitude"]) * math.cos(there["latitude"])
    angle = math.acos(math.sin(here["latitude"]) * math.sin(there["latitude"]) + across * along)
    assert speed((0, HANOI), (HOUR_MS, SAIGON)) == pytest.approx(6371.0088 * angle)


def test_a_centimetre_is_measured_to_nine_digits() -> None:
    north = 21.0285001
    there = {"latitude": north, "longitude": HANOI["longitude"]}
    centimetre_km = 6371.0088 * math.radians(north - HANOI["latitude"])
    assert speed((0, HANOI), (HOUR_MS, there)) == pytest.approx(centimetre_km, rel=1e-9)


@pytest.mark.parametrize("elapsed_ms", [0, 1, 999, 1000])
def test_the_shortest_travel_time_is_a_second(elapsed_ms: int) -> None:
    assert speed((0, GULF_OF_GUINEA), (elapsed_ms, NORTH_POLE)) == pytest.approx(QUARTER_KM * 3600)


def test_speed_is_measured_from_the_latest_transaction_with_a_place() -> None:
    #   0         1h        2h      arrival: b, a, x, t
    #   a         b    x    t       x has no place
    visits = (HOUR_MS, EQUATOR_EAST), (0, NORTH_POLE), (HOUR_MS + 1, {"latitude": 1.0})
    assert speed(*visits, (2 * HOUR_MS, EQUATOR_EAST)) == 0.0


def test_speed_of_a_tie_is_measured_from_the_last_to_arrive() -> None:
    assert speed((0, NORTH_POLE), (0, EQUATOR_EAST), (HOUR_MS, EQUATOR_EAST)) == 0.0
    assert speed((0, EQUATOR_EAST), (0, NORTH_POLE), (HOUR_MS, EQUATOR_EAST)) == pytest.approx(QUARTER_KM)


@pytest.mark.parametrize(
    "visits",
    [
        # Alone; without a complete place of its own; no earlier transaction has one.
        [(0, HANOI)],
        [(0, HANOI), (1, {})],
        [(0, HANOI), (1, {"longitude": 1.0})],
        [(0, {}), (1, HANOI)],
        # Exactly the window's length old; in the future.
        [(0, HANOI), (3 * HOUR_MS, HANOI)],
        [(1, HANOI), (0, HANOI)],
    ],
)
def test_without_both_places_there_is_no_speed(visits: list[tuple[int, dict[str, float]]]) -> None:
    assert speed(*visits) is None


def test_a_delayed_speed_excludes_transactions_that_are_too_new() -> None:
    #   0    1h   2h
    #   (----]
    #     a  b  x t      a, b inside; x too new
    visits = (1, NORTH_POLE), (HOUR_MS, EQUATOR_EAST), (HOUR_MS + 1, NORTH_POLE), (2 * HOUR_MS, EQUATOR_EAST)
    assert speed(*visits, window_ms=HOUR_MS, delay_ms=HOUR_MS) == 0.0


# ---- sequences ----


def test_last_n_is_newest_first_with_the_gap_to_the_next_older() -> None:
    #   90   92 93        98   100
    #   (--------------------]
    #   x    a  b         c    t
    arrivals = [
        tx(90, "x", transaction_amount_vnd=9.0, latitude=9.0),
        tx(98, "c", transaction_amount_vnd=3.0),
        tx(92, "a", transaction_amount_vnd=1.0, latitude=10.0),
        tx(93, "b", transaction_amount_vnd=2.0, latitude=20.0),
        tx(100, "t", transaction_amount_vnd=4.0, latitude=40.0),
    ]
    newest_first = [[4.0, 0.002, 40.0], [3.0, 0.005, None], [2.0, 0.001, 20.0], [1.0, None, 10.0]]
    assert last(window("last_n", "latitude", n=64), *arrivals) == newest_first
    assert last(window("last_n", "latitude", n=4), *arrivals) == newest_first
    # The oldest that is listed is not the oldest of the window, so it has a gap.
    assert last(window("last_n", "latitude", n=3), *arrivals) == newest_first[:3]
    assert last(window("last_n", "latitude", n=1), *arrivals) == newest_first[:1]


def test_last_n_of_a_tie_starts_with_the_last_to_arrive() -> None:
    arrivals = [tx(100, name, transaction_amount_vnd=amount) for name, amount in (("a", 1.0), ("b", 2.0))]
    expected = [[2.0, 0.0, 2.0], [1.0, None, 1.0]]
    assert last(window("last_n", "transaction_amount_vnd", n=2), *arrivals) == expected


def test_a_delayed_last_n_may_be_empty() -> None:
    feature = window("last_n", "latitude", n=2, delay_ms=1)
    assert values(feature, [tx(100, "a"), tx(101, "b")]) == [[], [[1.0, None, None]]]

from collections import Counter, defaultdict
from itertools import pairwise
from math import asin, cos, radians, sin, sqrt

import numpy as np
import pytest

from fraudstream.domain.arrays import Rows
from fraudstream.domain.duration import DAY_MS, HOUR_MS
from producer.simulation.block import STATUSES
from producer.simulation.cities import CITIES
from producer.simulation.devices import NEW_DEVICE_BASE
from producer.simulation.kinds import CHANNELS, INCOMING_TYPES, TYPES
from producer.simulation.rhythm import VIETNAM_OFFSET_MS

DECLINED = STATUSES.index("declined")
INCOMING = {TYPES.index(name) for name in INCOMING_TYPES}
TET_MS = 1_771_261_200_000  # 2026-02-17, 00:00 in Vietnam
FASTEST_KMH = 900


def by_account(rows: Rows) -> dict[int, list[dict[str, int]]]:
    found: dict[int, list[dict[str, int]]] = defaultdict(list)
    names = rows.dtype.names or ()
    for row in rows.tolist():
        values = dict(zip(names, row, strict=True))
        found[values["account"]].append(values)
    return found


def test_balances_match_a_naive_replay_of_all_transactions(rows: Rows) -> None:
    """Each completed transaction changes the balance by its amount and fee, a declined one not at all."""
    replayed = declined = 0
    for transactions in by_account(rows[:60_000]).values():
        for before, after in pairwise(transactions):
            sign = 1 if after["type"] in INCOMING else -1
            moved = 0 if after["status"] == DECLINED else sign * after["amount_vnd"] - after["fee_vnd"]
            assert after["balance_vnd"] == before["balance_vnd"] + moved
            replayed += 1
            declined += after["status"] == DECLINED
    assert replayed > 50_000
    assert declined > 500


def test_no_balance_falls_below_its_overdraft_limit(rows: Rows, year: Rows) -> None:
    for traffic in (rows, year):
        assert (traffic["balance_vnd"] >= -traffic["overdraft_vnd"]).all()
        assert (traffic["balance_vnd"] < 0).mean() < 0.1


def test_declined_amounts_exceed_the_balance(rows: Rows) -> None:
    found = rows[rows["status"] == DECLINED]
    wanted = found["amount_vnd"] + found["fee_vnd"]
    assert (wanted > found["balance_vnd"] + found["overdraft_vnd"]).all()


def test_a_few_payments_are_declined(honest: Rows) -> None:
    assert 0.01 < (honest["status"] == DECLINED).mean() < 0.03


def test_after_a_year_balances_are_neither_zero_nor_excessive(year: Rows) -> None:
    last_day = year[year["time_ms"] > year["time_ms"][-1] - 30 * DAY_MS]
    first_day = year[year["time_ms"] < year["time_ms"][0] + 30 * DAY_MS]
    assert 0.3 < np.median(last_day["balance_vnd"]) / np.median(first_day["balance_vnd"]) < 3
    assert (last_day["status"] == DECLINED).mean() < 0.08


def test_amounts_look_like_vnd(honest: Rows) -> None:
    amounts = honest["amount_vnd"]
    kinds = honest["type"]
    assert amounts.min() >= 1_000
    assert (amounts % 1_000 == 0).all()
    atm = amounts[honest["channel"] == CHANNELS.index("atm")]
    assert (atm % 50_000 == 0).all()
    transfers = amounts[kinds == TYPES.index("transfer")]
    assert (transfers % 10_000 == 0).mean() > 0.9
    prices = amounts[kinds == TYPES.index("purchase")]
    assert 0.1 < (prices % 10_000 == 9_000).mean() < 0.4


def distance_km(one: dict[str, int], other: dict[str, int]) -> float:
    north, east, to_north, to_east = (
        radians(place[name] / 1e7) for place in (one, other) for name in ("latitude", "longitude")
    )
    chord = sin((to_north - north) / 2) ** 2 + cos(north) * cos(to_north) * sin((to_east - east) / 2) ** 2
    return 2 * 6_371 * asin(sqrt(chord))


def test_honest_customers_never_travel_faster_than_an_airliner(honest: Rows) -> None:
    compared = moved = 0
    for transactions in by_account(honest[honest["latitude"] >= 0]).values():
        for before, after in pairwise(transactions):
            hours = (after["time_ms"] - before["time_ms"]) / HOUR_MS
            assert distance_km(before, after) <= FASTEST_KMH * hours + 1e-9
            compared += 1
            moved += before["city"] != after["city"]
    assert compared > 100_000
    assert moved > 500


def test_a_trip_has_a_start_and_an_end_and_one_city(honest: Rows) -> None:
    """Most customers are nearly always in one city; travellers return there and visit few others."""
    cities = [
        Counter(values["city"] for values in transactions if values["city"] >= 0)
        for transactions in by_account(honest).values()
    ]
    assert 0.1 < np.mean([len(found) > 1 for found in cities]) < 0.5
    assert max(len(found) for found in cities) <= 4
    away = sum(sum(found.values()) - max(found.values()) for found in cities if found)
    assert 0.005 < away / len(honest) < 0.1


def test_customers_live_where_people_live(honest: Rows) -> None:
    names = Counter(CITIES[city].name for city in honest["city"][honest["city"] >= 0].tolist())
    assert len(CITIES) >= 40
    assert len(names) >= 40
    assert [name for name, _ in names.most_common(2)] == ["Ho Chi Minh City", "Hanoi"]
    latitudes = honest["latitude"][honest["latitude"] >= 0]
    assert latitudes.min() > 8e7
    assert latitudes.max() < 23e7


def test_an_account_has_few_devices_and_changes_them_rarely(honest: Rows) -> None:
    used: dict[int, set[int]] = defaultdict(set)
    signed_in = honest[honest["device"] >= 0]
    for account, device in zip(signed_in["account"].tolist(), signed_in["device"].tolist(), strict=True):
        used[account].add(device)
    numbers = [len(devices) for devices in used.values()]
    assert np.mean(numbers) < 2.5
    assert np.mean([number <= 3 for number in numbers]) > 0.9
    is_new = signed_in["device"] >= NEW_DEVICE_BASE
    assert 0.01 < is_new.mean() < 0.06


def test_a_new_phone_is_used_a_few_times_and_then_registered(year: Rows) -> None:
    uses: Counter[tuple[int, int]] = Counter()
    signed_in = year[year["device"] >= NEW_DEVICE_BASE]
    for account, device in zip(signed_in["account"].tolist(), signed_in["device"].tolist(), strict=True):
        uses[account, device] += 1
    assert len(uses) > 300
    assert max(uses.values()) <= 14
    assert np.median(list(uses.values())) >= 6


def test_some_customers_bank_in_a_browser_and_most_never_do(honest: Rows) -> None:
    transfers = honest[honest["type"] == TYPES.index("transfer")]
    _, number = np.unique(transfers["account"], return_inverse=True)
    by_web = np.bincount(number, weights=transfers["channel"] == CHANNELS.index("web"))
    often = np.bincount(number) >= 5
    assert 0.15 < (by_web[often] > 0).mean() < 0.35


def vietnam_hours(rows: Rows) -> dict[int, int]:
    return Counter(((rows["time_ms"] + VIETNAM_OFFSET_MS) % DAY_MS // HOUR_MS).tolist())


def test_most_customers_sleep_at_night(honest: Rows) -> None:
    hours = vietnam_hours(honest)
    assert 0.03 < sum(hours[hour] for hour in (22, 23, 0, 1, 2, 3)) / len(honest) < 0.15
    assert hours[3] < hours[12] / 5


def per_day(rows: Rows, days: set[str]) -> float:
    found = ((rows["time_ms"] + VIETNAM_OFFSET_MS) // DAY_MS).astype("datetime64[D]").astype(str)
    return float(np.isin(found, list(days)).sum()) / len(days)


def days_of_may(first: int, last: int) -> set[str]:
    return {f"2026-05-{day:02d}" for day in range(first, last + 1)}


def test_pay_days_are_busier_than_the_middle_of_the_month(year: Rows) -> None:
    pay_days = per_day(year, days_of_may(1, 5) | days_of_may(29, 31))
    assert 1.2 < pay_days / per_day(year, days_of_may(8, 24)) < 1.7


def test_weeks_have_busy_fridays_and_quiet_sundays(year: Rows) -> None:
    days = ((year["time_ms"] + VIETNAM_OFFSET_MS) // DAY_MS + 3) % 7
    weekdays = np.bincount(days)
    assert weekdays[4] > weekdays[1] > weekdays[6]


def test_before_tet_is_busy_and_tet_itself_is_quiet(year: Rows) -> None:
    def rate(first: int, last: int) -> float:
        time_ms = year["time_ms"]
        return float(((time_ms >= TET_MS + first * DAY_MS) & (time_ms < TET_MS + last * DAY_MS)).sum()) / (
            last - first
        )

    usual = rate(28, 56)
    assert rate(-14, 0) / usual == pytest.approx(1.3, abs=0.2)
    assert rate(0, 7) / usual == pytest.approx(0.4, abs=0.12)
    assert rate(7, 14) / usual == pytest.approx(0.85, abs=0.2)


def test_salaries_arrive_once_a_month_around_its_turn(year: Rows) -> None:
    salaries = year[year["type"] == TYPES.index("salary")]
    dates = ((salaries["time_ms"] + VIETNAM_OFFSET_MS) // DAY_MS).astype("datetime64[D]")
    in_month = {str(date)[8:] for date in dates}
    assert in_month <= {"01", "02", "03", "04", "05", "26", "27", "28", "29", "30", "31"}
    for transactions in by_account(salaries).values():
        for before, after in pairwise(transactions):
            assert 26 < (after["time_ms"] - before["time_ms"]) / DAY_MS < 36
            assert after["amount_vnd"] == before["amount_vnd"]


@pytest.mark.parametrize(
    ("type_name", "absent"),
    [
        ("transfer", ("merchant", "category")),
        ("withdrawal", ("device", "failures", "merchant", "counterparty")),
        ("loan_repayment", ("device", "city", "latitude", "longitude", "merchant")),
        ("purchase", ("counterparty",)),
        ("salary", ("device", "city", "merchant")),
    ],
)
def test_fields_that_do_not_apply_to_a_kind_are_absent(
    honest: Rows, type_name: str, absent: tuple[str, ...]
) -> None:
    found = honest[honest["type"] == TYPES.index(type_name)]
    assert len(found) > 100
    for name in absent:
        assert (found[name] == -1).all(), name

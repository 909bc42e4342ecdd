from collections import Counter, defaultdict

import numpy as np

from fraudstream.domain.arrays import Bools, Rows
from fraudstream.domain.duration import DAY_MS, HOUR_MS, MINUTE_MS
from producer.simulation.devices import NEW_DEVICE_BASE
from producer.simulation.kinds import CHANNELS, TYPES
from producer.simulation.merchants import CATEGORIES
from producer.simulation.rhythm import VIETNAM_OFFSET_MS

OFF_HOURS = (22, 23, 0, 1, 2, 3)


def share(found: Bools) -> float:
    return float(found.mean())


def test_houses_and_tuition_are_paid_from_money_that_has_arrived(honest: Rows) -> None:
    large = honest[(honest["amount_vnd"] >= 100e6) & (honest["type"] == TYPES.index("transfer"))]
    assert 0.001 < len(large) / len(honest) < 0.01
    paid_in: dict[tuple[int, int], int] = {}
    incoming = honest[
        np.isin(honest["type"], [TYPES.index("incoming_transfer"), TYPES.index("loan_disbursement")])
    ]
    for account, amount, time_ms in incoming[["account", "amount_vnd", "time_ms"]].tolist():
        paid_in[account, amount] = time_ms
    before = [
        0 < time_ms - paid_in.get((account, amount), -DAY_MS) < DAY_MS
        for account, amount, time_ms in large[["account", "amount_vnd", "time_ms"]].tolist()
    ]
    assert np.mean(before) > 0.85


def test_salaries_are_passed_on_in_rounds_of_payments(honest: Rows) -> None:
    salaries = honest[honest["type"] == TYPES.index("salary")]
    spent: dict[int, list[int]] = defaultdict(list)
    payments = honest[np.isin(honest["type"], [TYPES.index("transfer"), TYPES.index("bill_payment")])]
    for account, time_ms in payments[["account", "time_ms"]].tolist():
        spent[account].append(time_ms)
    rounds = [
        sum(0 < time_ms - paid_ms < 30 * MINUTE_MS for time_ms in spent[account]) >= 4
        for account, paid_ms in salaries[["account", "time_ms"]].tolist()
    ]
    assert len(rounds) > 500
    assert 0.2 < np.mean(rounds) < 0.5


def test_a_flash_sale_brings_many_customers_to_one_merchant_within_minutes(honest: Rows) -> None:
    in_sales = honest[honest["event"] >= 0]
    sales = [in_sales[in_sales["event"] == event] for event in np.unique(in_sales["event"])]
    assert len(sales) >= 5
    for sale in sales:
        assert len(set(sale["merchant"])) == 1
        assert len(set(sale["account"])) == len(sale) == 50
        assert sale["time_ms"][-1] - sale["time_ms"][0] < 6 * MINUTE_MS


def test_new_phones_sometimes_fail(honest: Rows) -> None:
    is_new = honest["device"] >= NEW_DEVICE_BASE
    assert 0.005 < share(is_new) < 0.05
    assert 0.3 < share(honest["failures"][is_new] == 1) < 0.5


def test_night_workers_are_active_at_night(honest: Rows) -> None:
    hours = (honest["time_ms"] + VIETNAM_OFFSET_MS) % DAY_MS // HOUR_MS
    accounts, number = np.unique(honest["account"], return_inverse=True)
    total = np.bincount(number)
    at_night = np.bincount(number, weights=np.isin(hours, OFF_HOURS))
    busy = total > 40
    assert len(accounts) > 1_000
    assert 0.02 < share((at_night / total > 0.25)[busy]) < 0.12


def test_families_share_a_tablet(honest: Rows) -> None:
    users: dict[int, set[int]] = defaultdict(set)
    signed_in = honest[honest["device"] >= 0]
    for account, device in signed_in[["account", "device"]].tolist():
        users[device].add(account)
    shared = Counter(map(len, users.values()))
    assert set(shared) == {1, 2}
    assert 50 < shared[2] < 300


def test_a_family_lives_in_one_city(honest: Rows) -> None:
    homes: dict[int, Counter[int]] = defaultdict(Counter)
    users: dict[int, set[int]] = defaultdict(set)
    signed_in = honest[(honest["device"] >= 0) & (honest["city"] >= 0)]
    for account, device, city in signed_in[["account", "device", "city"]].tolist():
        users[device].add(account)
        homes[account][city] += 1
    families = [members for members in users.values() if len(members) == 2]
    same = [len({homes[member].most_common(1)[0][0] for member in members}) == 1 for members in families]
    assert np.mean(same) > 0.9


def test_bursts_of_tolls_games_and_qr_sales_are_as_dense_as_rapid_fraud(honest: Rows) -> None:
    times_ms: dict[int, list[int]] = defaultdict(list)
    dense = 0
    for account, time_ms in honest[["account", "time_ms"]].tolist():
        own = times_ms[account]
        own.append(time_ms)
        dense += len(own) > 12 and own[-1] - own[-13] < 5 * MINUTE_MS
    assert 200 < dense < 4_000
    assert share(honest["channel"] == CHANNELS.index("qr")) > 0.005
    for name in ("toll", "games"):
        assert share(honest["category"] == CATEGORIES.index(name)) > 0.01


def test_honest_customers_sometimes_show_each_single_sign_of_fraud(honest: Rows) -> None:
    young = honest["made"] < 50
    foreign = honest["country"] > 0
    signs = {
        "a large debt on a young account": young & (honest["loans_vnd"] > 500e6),
        "a dear foreign payment": foreign & (honest["fee_vnd"] * 10 > honest["amount_vnd"]),
        "three failed tries": honest["failures"] == 3,
        "a large sum from outside": (honest["amount_vnd"] > 300e6)
        & (honest["type"] == TYPES.index("incoming_transfer")),
        "a bad loan": honest["npl"] == 1,
    }
    for name, found in signs.items():
        assert 0.0005 < share(found) < 0.05, name

"""Accounts of the bank: their owners, their constant properties, and their lifetimes.

The properties of an account follow from its number alone, so that any period can be simulated without the
ones before it. Only what transactions change (balance, loans, counts) is kept as state. Figures are plausible
for Vietnam and chosen by hand; none is measured.
"""

from typing import Final

import numpy as np

from fraudstream.domain.arrays import Bools, Floats, Ints, Keys, Rows
from producer.simulation.cities import CITY_ENDS
from producer.simulation.draws import (
    between,
    bits,
    chance,
    exponential,
    fractions,
    log_uniform,
    lognormal,
    pick,
    running,
    seed_key,
    with_number,
)
from producer.simulation.kinds import MEAN_RECEIVED, MEAN_SPENT
from producer.simulation.money import price_vnd
from producer.simulation.plans import NONE
from producer.simulation.rhythm import DAYS_PER_MONTH, HOURS_PER_DAY

ACTIVITY_SIGMA: Final = 0.7
"""Log-normal width of the activity: the busiest 1 % of accounts make about 4 times the average transactions.
"""
LIFETIME_TRANSACTIONS: Final = 400
"""Average transactions until an account closes; a new customer takes its place."""
MAX_LIFE_HOURS: Final = 10**9
FIRST_TRANSACTIONS: Final = (1, 20)
"""Lifetime count of a new account when the stream first sees it."""

MEDIAN_SALARY_VND: Final = 9_000_000
SALARY_SIGMA: Final = 0.6
OPENING_BALANCE_PERMILLE: Final = (300, 3_000)
"""In thousandths of a month's salary."""
OVERDRAFT_SHARE: Final = 0.1
"""Share of accounts whose balance may fall below 0, by one salary at most."""
USUAL_AMOUNT_SHARE: Final = 0.04
"""Average spending of a visit, as a share of a month's salary; more if there are few visits."""
SPENT_OF_SALARY: Final = 1.2
SAVED_SHARE: Final = 0.12
PAY_DAY_OFFSETS: Final = (-3, -2, -1, 1, 2, 3, 4, 5)
PAY_DAY_ENDS: Final = running((10, 10, 25, 20, 8, 5, 5, 17))

NIGHT_WORKER_SHARE: Final = 0.06
FAMILY_SHARE: Final = 0.08
"""Share of neighbouring pairs of accounts that are a family with one tablet."""
DEVICE_ENDS: Final = running((60, 32, 8))
"""Running weights of 1, 2 or 3 devices."""

MORTGAGE_VND: Final = (200_000_000, 3_000_000_000)
CONSUMER_LOAN_VND: Final = (5_000_000, 100_000_000)
MORTGAGE_SHARE: Final = 0.15
CONSUMER_LOAN_SHARE: Final = 0.25
NPL_SHARE_OF_BORROWERS: Final = 0.03
"""Share of honest borrowers who fell behind; with 40 % borrowers, about 1.2 % of all accounts."""

ACCOUNT: Final = np.dtype(
    [
        ("key", "u8"),
        ("family_key", "u8"),
        ("number", "i8"),
        ("slot", "i8"),
        ("opened_hour", "i8"),
        ("closes_hour", "i8"),
        ("visits_per_day", "f8"),
        ("night", "?"),
        ("family", "?"),
        ("home", "i8"),
        ("salary_vnd", "i8"),
        ("salaried", "?"),
        ("pay_day", "i8"),
        ("usual_vnd", "i8"),
        ("receipt_vnd", "i8"),
        ("devices", "i8"),
        ("overdraft_vnd", "i8"),
        ("npl", "i8"),
        ("balance_vnd", "i8"),
        ("loans_vnd", "i8"),
        ("made", "i8"),
        ("sign_ins", "i8"),
    ]
)
"""An account; the columns from ``balance_vnd`` on are changed by its transactions."""


class Population:
    """All open accounts. Each slot holds one account after the other, all of them equally active.

    ``visits_per_day`` is the mean over all slots, ``salaried_share`` the share of accounts that get a salary.
    """

    def __init__(
        self, seed: int, slots: int, first_hour: int, visits_per_day: float, salaried_share: float
    ) -> None:
        self._key = seed_key(seed, "account")
        self._slots = slots
        self._salaried_share = salaried_share
        numbers = np.arange(slots, dtype=np.int64)
        slot_keys = with_number(seed_key(seed, "slot"), numbers)
        # Normalised by their own mean, so that even a few accounts make exactly the requested traffic.
        weights = np.rint(lognormal(slot_keys, "activity", ACTIVITY_SIGMA) * 2**20).astype(np.int64)
        self._visits_per_day: Floats = weights * (visits_per_day * slots) / int(weights.sum())
        pairs = with_number(seed_key(seed, "pair"), numbers // 2)
        self._in_family: Bools = chance(pairs, "family", FAMILY_SHARE) & (numbers | 1 < slots)
        self.rows: Rows = self._opened(numbers, np.full(slots, first_hour, np.int64))
        # Exponential lifetimes have no memory: customers of the first day stay as long as new ones, whatever
        # their past.
        past = exponential(self.rows["key"], "past") * LIFETIME_TRANSACTIONS
        self.rows["made"] += past.astype(np.int64)
        self._next_places: Ints = numbers
        self._next_hours: Ints = self.rows["closes_hour"].copy()

    def __len__(self) -> int:
        """Return how many accounts are open at a time."""
        return self._slots

    def advance(self, end_hour: int) -> None:
        """Open the accounts that replace those that close before ``end_hour``."""
        while (self._next_hours < end_hour).any():
            due = np.flatnonzero(self._next_hours < end_hour)
            self._next_places[due] += self._slots
            opened = self._opened(self._next_places[due], self._next_hours[due])
            self._next_hours[due] = opened["closes_hour"]
            self.rows = np.concatenate([self.rows, opened])

    def forget(self, hour: int, planned: Rows) -> None:
        """Drop accounts that closed before ``hour`` and have nothing ``planned``; renumbers the plan rows."""
        kept = self.rows["closes_hour"] >= hour
        kept[planned["row"]] = True
        moved = np.cumsum(kept) - 1
        planned["row"] = moved[planned["row"]]
        self.rows = self.rows[kept]

    def row_of(self, slots: Ints, hours: Ints) -> Ints:
        """Return the row of the account that is open in each slot at that hour."""
        order = np.lexsort((self.rows["opened_hour"], self.rows["slot"]))
        ranks = (self.rows["slot"][order] << 32) + self.rows["opened_hour"][order]
        found: Ints = order[np.searchsorted(ranks, (slots << 32) + hours, side="right") - 1]
        return found

    def open_guests(self, numbers: Ints, opened_hours: Ints, closes_hours: Ints) -> Ints:
        """Open accounts outside the slots, which make no visits of their own; returns their rows."""
        guests = self._described(2 * numbers + 1, numbers % self._slots, opened_hours)
        guests["slot"] = NONE
        guests["closes_hour"] = closes_hours
        guests["family"] = guests["salaried"] = False
        guests["visits_per_day"] = 0.0
        first = len(self.rows)
        self.rows = np.concatenate([self.rows, guests])
        return np.arange(first, len(self.rows), dtype=np.int64)

    def _opened(self, places: Ints, opened_hours: Ints) -> Rows:
        """Return new accounts; a place is the slot plus the number of slots times the generation."""
        return self._described(2 * places, places % self._slots, opened_hours)

    def _described(self, numbers: Ints, slots: Ints, opened_hours: Ints) -> Rows:
        rows = np.zeros(len(numbers), ACCOUNT)
        keys = with_number(self._key, numbers)
        in_family = self._in_family[slots]
        rows["family_key"] = with_number(
            self._key, np.where(in_family & (slots % 2 == 1), numbers - 2, numbers)
        )
        rows["key"], rows["number"], rows["slot"], rows["family"] = keys, numbers, slots, in_family
        rows["visits_per_day"] = self._visits_per_day[slots]
        rows["opened_hour"] = opened_hours
        rows["closes_hour"] = opened_hours + self._lifetimes_hours(rows["family_key"], slots)
        _describe_owner(rows, self._salaried_share)
        _describe_money(rows)
        return rows

    def _lifetimes_hours(self, family_keys: Keys, slots: Ints) -> Ints:
        # The accounts of a family close together, as often as the first member's would.
        leading = np.where(self._in_family[slots], slots - slots % 2, slots)
        days = exponential(family_keys, "lifetime") * LIFETIME_TRANSACTIONS
        hours = days * HOURS_PER_DAY / np.maximum(self._visits_per_day[leading], 1e-6)
        whole: Ints = 1 + np.minimum(hours, MAX_LIFE_HOURS).astype(np.int64)
        return whole


def _describe_owner(rows: Rows, salaried_share: float) -> None:
    keys = rows["key"]
    rows["home"] = pick(rows["family_key"], "home", CITY_ENDS)
    rows["night"] = chance(keys, "night", NIGHT_WORKER_SHARE)
    rows["devices"] = np.maximum(1 + pick(keys, "devices", DEVICE_ENDS), np.where(rows["family"], 2, 1))
    salary = lognormal(keys, "salary", SALARY_SIGMA) * MEDIAN_SALARY_VND
    rows["salary_vnd"] = np.rint(salary / 100_000).astype(np.int64) * 100_000
    rows["salaried"] = chance(keys, "salaried", salaried_share)
    rows["pay_day"] = np.array(PAY_DAY_OFFSETS)[pick(keys, "pay day", PAY_DAY_ENDS)]
    rows["made"] = between(keys, "first transactions", *FIRST_TRANSACTIONS) - 1
    rows["sign_ins"] = between(keys, "sign-ins", 0, 10_000)


def _describe_money(rows: Rows) -> None:
    keys, salary = rows["key"], rows["salary_vnd"]
    visits_per_month = np.maximum(rows["visits_per_day"] * DAYS_PER_MONTH, 1.0)
    spent = np.maximum(salary * SPENT_OF_SALARY / visits_per_month, salary * USUAL_AMOUNT_SHARE)
    rows["usual_vnd"] = (spent / MEAN_SPENT).astype(np.int64)
    # Receipts exceed spending a little; otherwise every account would end at 0 or grow without limit.
    needed = spent * (1 + SAVED_SHARE) - np.where(rows["salaried"], salary, 0) / visits_per_month
    rows["receipt_vnd"] = (np.maximum(needed, spent / 5) / MEAN_RECEIVED).astype(np.int64)
    rows["balance_vnd"] = salary * between(keys, "balance", *OPENING_BALANCE_PERMILLE) // 1000
    rows["overdraft_vnd"] = np.where(chance(keys, "overdraft", OVERDRAFT_SHARE), salary, 0)
    rows["loans_vnd"] = loans_vnd(keys)
    rows["npl"] = (rows["loans_vnd"] > 0) & chance(keys, "npl", NPL_SHARE_OF_BORROWERS)


def loans_vnd(keys: Keys) -> Ints:
    """Draw a customer's debt when the account opens: a mortgage, a consumer loan, or none."""
    drawn = fractions(keys, "borrower")
    mortgage = price_vnd(log_uniform(keys, "mortgage", *MORTGAGE_VND).astype(np.int64))
    consumer = price_vnd(log_uniform(keys, "consumer loan", *CONSUMER_LOAN_VND).astype(np.int64))
    small = np.where(drawn < MORTGAGE_SHARE + CONSUMER_LOAN_SHARE, consumer, 0)
    found: Ints = np.where(drawn < MORTGAGE_SHARE, mortgage, small)
    return found


def habit_keys(rows: Rows, purpose: str, places: Ints) -> Keys:
    """Return the keys of entries in a list of an account's habits (usual merchants, usual receivers)."""
    return with_number(bits(rows["key"], purpose), places)

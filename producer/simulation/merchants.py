"""Recipients of payments: merchants, and the people and firms that transfers go to. A few receive a lot."""

from typing import Final

import numpy as np

from fraudstream.domain.arrays import Bools, Ints, Keys, Rows
from producer.simulation.draws import between, chance, fractions
from producer.simulation.kinds import MERCHANT_CATEGORIES
from producer.simulation.population import habit_keys

STRANGER_SHARE: Final = 0.2
"""Share of transfers and purchases that go to a recipient whom the customer does not usually pay."""
USUAL_MERCHANTS: Final = (4, 9)
USUAL_COUNTERPARTIES: Final = (3, 8)
CATEGORIES: Final = tuple(MERCHANT_CATEGORIES)
MIN_MERCHANTS: Final = 100
MIN_COUNTERPARTIES: Final = 1_000
ACCOUNT_BASE: Final = 1 << 40
"""Counterparty codes from here on are accounts of this bank."""


class Market:
    """Merchants and counterparties of a bank with this number of ``accounts``; codes count from 0."""

    def __init__(self, accounts: int) -> None:
        self.merchants = max(MIN_MERCHANTS, accounts // 10)
        self.counterparties = max(MIN_COUNTERPARTIES, 5 * accounts)

    def merchant(self, keys: Keys) -> Ints:
        """Draw a merchant."""
        return _popular(keys, "merchant", self.merchants)

    def merchant_in(self, keys: Keys, category: str) -> Ints:
        """Draw a merchant of one category, all equally popular."""
        rank = between(keys, category, 0, self.merchants // len(CATEGORIES) - 1)
        return rank * len(CATEGORIES) + CATEGORIES.index(category)

    def usual_merchant(self, owners: Rows, keys: Keys) -> Ints:
        """Draw a merchant for each customer: mostly one of its 4 to 9 usual merchants."""
        last = between(owners["key"], "merchants", *USUAL_MERCHANTS) - 1
        habits = habit_keys(owners, "shops", between(keys, "usual merchant", 0, last))
        return self.merchant(_habit_or(habits, keys))

    def counterparty(self, keys: Keys) -> Ints:
        """Draw the receiver or sender of a transfer, at this bank or another."""
        return _popular(keys, "counterparty", self.counterparties)

    def usual_counterparty(self, owners: Rows, keys: Keys) -> Ints:
        """Draw a counterparty for each customer: mostly one of its 3 to 8 usual ones."""
        last = between(owners["key"], "counterparties", *USUAL_COUNTERPARTIES) - 1
        habits = habit_keys(owners, "friends", between(keys, "usual counterparty", 0, last))
        return self.counterparty(_habit_or(habits, keys))

    def fixed_counterparty(self, owners: Rows, purpose: str) -> Ints:
        """Return the only counterparty of an account for a purpose, such as its employer or landlord."""
        return self.counterparty(habit_keys(owners, purpose, np.zeros(len(owners), np.int64)))


def _habit_or(habits: Keys, keys: Keys) -> Keys:
    stranger: Bools = chance(keys, "stranger", STRANGER_SHARE)
    return np.where(stranger, keys, habits)


def _popular(keys: Keys, purpose: str, count: int) -> Ints:
    drawn = fractions(keys, purpose)
    return (drawn * drawn * count).astype(np.int64)

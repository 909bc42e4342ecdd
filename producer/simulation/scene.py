"""Simulated bank as the fraud patterns see it."""

from dataclasses import dataclass

import numpy as np

from fraudstream.domain.arrays import Ints, Keys
from fraudstream.domain.duration import HOUR_MS
from fraudstream.domain.patterns.simulated_bank import OBVIOUS
from producer.simulation import draws
from producer.simulation.devices import new_device
from producer.simulation.episodes import FOREIGN_COUNTRIES
from producer.simulation.kinds import CODES, KIND_ENDS
from producer.simulation.merchants import ACCOUNT_BASE, Market
from producer.simulation.money import price_vnd
from producer.simulation.places import other_city
from producer.simulation.plans import joined, plans, spread
from producer.simulation.population import Population


@dataclass(frozen=True, slots=True)
class Scene:
    """Bank in which campaigns happen, and the share of subtle ones: the patterns' `SimulatedBank`."""

    population: Population
    market: Market
    subtle_share: float

    between = staticmethod(draws.between)
    bits = staticmethod(draws.bits)
    chance = staticmethod(draws.chance)
    with_number = staticmethod(draws.with_number)
    joined = staticmethod(joined)
    plans = staticmethod(plans)
    spread = staticmethod(spread)
    new_devices = staticmethod(new_device)
    prices_vnd = staticmethod(price_vnd)

    def ways(self, keys: Keys, count: int) -> Ints:
        """Draw which of ``count`` thresholds each campaign stays below; 0 for an obvious campaign."""
        subtle = draws.chance(keys, "subtle", self.subtle_share)
        return np.where(subtle, draws.between(keys, "way", 1, count), OBVIOUS)

    def victims(self, keys: Keys, time_ms: Ints) -> Ints:
        """Draw for each campaign an account that is open at its time; returns the rows."""
        slots = draws.between(keys, "victim", 0, len(self.population) - 1)
        return self.population.row_of(slots, time_ms // HOUR_MS)

    def open_accounts(self, numbers: Ints, opened_hours: Ints, closes_hours: Ints) -> Ints:
        """Open an account for each campaign number; returns the rows."""
        return self.population.open_guests(numbers, opened_hours, closes_hours)

    def account_numbers(self, rows: Ints) -> Ints:
        """Return the numbers of accounts."""
        numbers: Ints = self.population.rows["number"][rows]
        return numbers

    def set_loans(self, rows: Ints, loans_vnd: Ints) -> None:
        """Set the debt of accounts."""
        self.population.rows["loans_vnd"][rows] = loans_vnd

    def merchants(self, keys: Keys) -> Ints:
        """Draw merchants, popular ones more often."""
        return self.market.merchant(keys)

    def counterparties(self, keys: Keys) -> Ints:
        """Draw people and firms outside the bank who receive or send money."""
        return self.market.counterparty(keys)

    def accounts_as_counterparties(self, rows: Ints) -> Ints:
        """Return the counterparty codes of the bank's own accounts."""
        return ACCOUNT_BASE + self.account_numbers(rows)

    def other_cities(self, keys: Keys, purpose: str, rows: Ints) -> Ints:
        """Draw for each account a city other than its home."""
        return other_city(keys, purpose, self.population.rows["home"][rows])

    @staticmethod
    def foreign_countries() -> int:
        """Return the number of foreign countries."""
        return len(FOREIGN_COUNTRIES)

    @staticmethod
    def kind(name: str) -> int:
        """Return the code of a kind of transaction."""
        return CODES[name]

    @staticmethod
    def ordinary_kinds(keys: Keys, purpose: str) -> Ints:
        """Draw kinds with the frequencies of honest customers."""
        return draws.pick(keys, purpose, KIND_ENDS)

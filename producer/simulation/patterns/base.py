"""What a fraud pattern is, and what all of them share."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from fraudstream.domain.duration import HOUR_MS, MINUTE_MS
from fraudstream.domain.transaction import FRAUD_TYPES, FraudType
from producer.simulation.draws import Bools, Ints, Keys, between, chance
from producer.simulation.merchants import Market
from producer.simulation.plans import Rows
from producer.simulation.population import Population
from producer.simulation.rhythm import Rhythm

RAPID_SPAN_MS: Final = (2 * MINUTE_MS, 5 * MINUTE_MS - 1)
"""From first to last transaction of a rapid campaign: all of them fit in one window of 5 minutes."""
OBVIOUS: Final = 0
"""The way of a campaign that shows every sign of its class; the subtle ways count from 1."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Where campaigns happen, and which share of them is subtle."""

    population: Population
    market: Market
    subtle_share: float

    def ways(self, keys: Keys, count: int) -> Ints:
        """Draw which of ``count`` thresholds each campaign stays below; 0 for the obvious campaign."""
        subtle = chance(keys, "subtle", self.subtle_share)
        return np.where(subtle, between(keys, "way", 1, count), OBVIOUS)

    def victims(self, keys: Keys, time_ms: Ints) -> Ints:
        """Draw an account that is open then for each campaign; return its row."""
        slots = between(keys, "victim", 0, len(self.population) - 1)
        return self.population.row_of(slots, time_ms // HOUR_MS)


@dataclass(frozen=True, slots=True)
class Campaigns:
    """Campaigns that begin in one stretch of time: their keys, their numbers, and their first moments."""

    keys: Keys
    numbers: Ints
    start_ms: Ints


class Pattern(ABC):
    """A class of fraud: when its campaigns start, and what one of them does to an account."""

    fraud_type: ClassVar[FraudType]
    rhythm: ClassVar[Rhythm]
    """The hours in which campaigns start."""
    hours_ahead: ClassVar[int] = 0
    """How long before its start a campaign is prepared, by transactions that are not fraud."""

    @abstractmethod
    def expected_transactions(self, subtle_share: float) -> float:
        """Return the mean length of a campaign; the rate at which campaigns start follows from it."""

    @abstractmethod
    def plan(self, campaigns: Campaigns, scene: Scene) -> Rows:
        """Plan the transactions of campaigns, the first fraudulent one of each at its start."""

    def marks(self, campaigns: Campaigns, ways: Ints, owners: Ints) -> dict[str, Ints | Bools | int]:
        """Return the columns that tell what belongs to which campaign."""
        fraud = FRAUD_TYPES.index(self.fraud_type)
        return {
            "fraud": fraud,
            "campaign": (campaigns.numbers * len(FRAUD_TYPES) + fraud)[owners],
            "subtle": (ways != OBVIOUS)[owners],
        }


def mean_count(count: tuple[int, int]) -> float:
    """Return the mean of a whole number drawn evenly between both ends, inclusive."""
    return sum(count) / 2

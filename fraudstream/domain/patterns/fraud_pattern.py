"""Fraud pattern: everything the product knows about one type of fraud."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, Literal

from fraudstream.domain.arrays import Bools, Ints, Keys, Rows
from fraudstream.domain.duration import MINUTE_MS
from fraudstream.domain.patterns import FRAUD_TYPES
from fraudstream.domain.patterns.simulated_bank import OBVIOUS, SimulatedBank

RAPID_SPAN_MS: Final = (2 * MINUTE_MS, 5 * MINUTE_MS - 1)
"""Time from first to last transaction of a rapid campaign; all of them fit in one window of 5 minutes."""

Sign = Callable[[float], bool]
"""Condition on the value of one feature; never called with a missing value."""
RhythmName = Literal["around_the_clock", "off_hours", "office_hours"]
"""The hours in which campaigns start: all, 22:00 to 03:59, or 08:00 to 16:59 in Vietnam."""


@dataclass(frozen=True, slots=True)
class Campaigns:
    """Campaigns that start within one period of time: their keys, numbers and start times."""

    keys: Keys
    numbers: Ints
    start_ms: Ints


class FraudPattern(ABC):
    """A type of fraud: the signs by which alerts name it, and the campaigns that simulate it.

    Many campaigns are planned at once, in arrays with one element per campaign or transaction.
    """

    fraud_type: ClassVar[str]
    """The name of the module."""
    signs: ClassVar[Mapping[str, Sign]]
    """Signs of the pattern in a transaction's features, by feature name."""
    specificity: ClassVar[int]
    """Tie-breaker: if equal shares of several types' signs hold, an alert names the most specific type."""
    default_weight: ClassVar[int]
    """Share of the fraudulent transactions, relative to the other types' weights, unless a mix is given.

    With 0 the default traffic is the same as without the pattern.
    """
    rhythm: ClassVar[RhythmName]
    hours_ahead: ClassVar[int] = 0
    """Hours before a campaign's start in which honest transactions prepare it."""
    honest_transactions_before: ClassVar[float] = 0.0
    """Mean number of those honest transactions in a campaign."""

    @abstractmethod
    def expected_transactions(self, subtle_share: float) -> float:
        """Return the mean number of transactions in a campaign, from which the start rate is derived."""

    @abstractmethod
    def plan(self, campaigns: Campaigns, bank: SimulatedBank) -> Rows:
        """Plan the transactions of campaigns; the first fraudulent one of each is at the campaign's start."""

    def marks(self, campaigns: Campaigns, ways: Ints, owners: Ints) -> dict[str, Ints | Bools | int]:
        """Return the columns ``fraud``, ``campaign`` and ``subtle`` of the campaigns' transactions."""
        fraud = FRAUD_TYPES.index(self.fraud_type)
        return {
            "fraud": fraud,
            "campaign": (campaigns.numbers * len(FRAUD_TYPES) + fraud)[owners],
            "subtle": (ways != OBVIOUS)[owners],
        }


def mean_count(count: tuple[int, int]) -> float:
    """Return the mean of a whole number drawn uniformly between both ends, inclusive."""
    return sum(count) / 2


def is_set(value: float) -> bool:
    """Whether a flag is set."""
    return value == 1


def above(limit: float) -> Sign:
    """Return the sign that holds above the limit."""
    return lambda value: value > limit


def at_least(limit: float) -> Sign:
    """Return the sign that holds at or above the limit."""
    return lambda value: value >= limit


def at_most(limit: float) -> Sign:
    """Return the sign that holds at or below the limit."""
    return lambda value: value <= limit


def below(limit: float) -> Sign:
    """Return the sign that holds below the limit."""
    return lambda value: value < limit

"""A fraud pattern: all that the product knows of one type of fraud."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, Literal

from fraudstream.domain.arrays import Bools, Ints, Keys, Rows
from fraudstream.domain.duration import MINUTE_MS
from fraudstream.domain.patterns import FRAUD_TYPES
from fraudstream.domain.patterns.simulated_bank import OBVIOUS, SimulatedBank

RAPID_SPAN_MS: Final = (2 * MINUTE_MS, 5 * MINUTE_MS - 1)
"""From first to last transaction of a rapid campaign: all of them fit in one window of 5 minutes."""

Sign = Callable[[float], bool]
"""A condition on the value of one feature; never asked about a missing one."""
RhythmName = Literal["around_the_clock", "off_hours", "office_hours"]
"""The hours in which campaigns start: all, 22:00 to 03:59, or 08:00 to 16:59 in Vietnam."""


@dataclass(frozen=True, slots=True)
class Campaigns:
    """Campaigns that begin in one stretch of time: their keys, their numbers, and their first moments."""

    keys: Keys
    numbers: Ints
    start_ms: Ints


class FraudPattern(ABC):
    """A type of fraud: the signs by which alerts name it, and the campaigns that simulate it.

    Campaigns are planned many at once, in arrays with an element for each campaign or transaction.
    """

    fraud_type: ClassVar[str]
    """The name of its file."""
    signs: ClassVar[Mapping[str, Sign]]
    """What shows in the features of such a transaction, by feature."""
    specificity: ClassVar[int]
    """Where equal shares of the signs of several types hold, an alert names the one with the highest."""
    default_weight: ClassVar[int]
    """Share of the fraudulent transactions, relative to the other types' weights, unless a mix is given.

    0 leaves the default traffic as it is without the pattern.
    """
    rhythm: ClassVar[RhythmName]
    hours_ahead: ClassVar[int] = 0
    """Duration of the preparations before a campaign's start, by transactions that are not fraud."""
    honest_transactions_before: ClassVar[float] = 0.0
    """Mean number of those transactions in a campaign."""

    @abstractmethod
    def expected_transactions(self, subtle_share: float) -> float:
        """Return the mean length of a campaign; the rate at which campaigns start follows from it."""

    @abstractmethod
    def plan(self, campaigns: Campaigns, bank: SimulatedBank) -> Rows:
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


def is_set(value: float) -> bool:
    """Tell whether a flag is set."""
    return value == 1


def above(limit: float) -> Sign:
    """Return the sign that holds above the limit."""
    return lambda value: value > limit


def at_least(limit: float) -> Sign:
    """Return the sign that holds from the limit on."""
    return lambda value: value >= limit


def at_most(limit: float) -> Sign:
    """Return the sign that holds up to the limit, inclusive."""
    return lambda value: value <= limit


def below(limit: float) -> Sign:
    """Return the sign that holds below the limit."""
    return lambda value: value < limit

"""What a fraud pattern is, and what all of them share."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from random import Random
from typing import ClassVar, Final, TypeVar

from fraudstream.duration import MINUTE_MS
from fraudstream.transaction import FraudType, Transaction
from producer.bank import Account
from producer.rhythm import Rhythm

SUBTLE_SHARE: Final = 0.15
"""Share of campaigns that stay below one of the thresholds by which their class is known."""

RAPID_SPAN_MS: Final = (2 * MINUTE_MS, 5 * MINUTE_MS - 1)
"""From first to last transaction of a rapid campaign: all of them fit in one window of 5 minutes."""

Way = TypeVar("Way")


class Pattern(ABC):
    """A class of fraud: when its campaigns start, and what one of them does to an account."""

    fraud_type: ClassVar[FraudType]
    expected_transactions: ClassVar[float]
    """Mean length of a campaign; the rate at which campaigns start follows from it."""
    rhythm: ClassVar[Rhythm]
    """The hours in which campaigns start."""
    on_new_account: ClassVar[bool] = False
    """Whether it takes an account with a short history, which the bank closes afterwards."""

    @abstractmethod
    def campaign(self, rng: Random, account: Account, start_ms: int) -> list[Transaction]:
        """Make the transactions of one campaign in event-time order, the first at ``start_ms``.

        They carry no id yet, and the count of the account as it is now: both are set when a
        transaction's turn comes, since ordinary ones may fall between.
        """


def subtle_way(rng: Random, ways: Sequence[Way]) -> Way | None:
    """Draw which threshold a campaign stays below; None for the obvious campaign."""
    return rng.choice(ways) if rng.random() < SUBTLE_SHARE else None


def mean_count(count: tuple[int, int]) -> float:
    """Return the mean of a whole number drawn evenly between both ends, inclusive."""
    return sum(count) / 2

"""Account takeover: an intruder with a new device in another city empties the account."""

from collections.abc import Mapping
from typing import ClassVar, Final

import numpy as np

from fraudstream.domain.arrays import Rows
from fraudstream.domain.duration import MINUTE_MS
from fraudstream.domain.patterns.fraud_pattern import (
    Campaigns,
    FraudPattern,
    RhythmName,
    Sign,
    is_set,
    mean_count,
)
from fraudstream.domain.patterns.simulated_bank import OBVIOUS, SimulatedBank

TRANSACTIONS: Final = (3, 6)
BIOMETRIC_FAILURES: Final = (3, 6)
SUBTLE_BIOMETRIC_FAILURES: Final = (1, 2)
SPAN_MS: Final = (4 * MINUTE_MS, 20 * MINUTE_MS)
PERMILLE_TAKEN: Final = (400, 700)
"""Share of the remaining balance that each transaction takes, in thousandths."""
RECEIVERS: Final = 2
WAYS: Final = 1


class AccountTakeover(FraudPattern):
    """3 to 6 transfers in 4 to 20 minutes, from a new device after 3 to 6 biometric failures.

    Each transfer takes 40 to 70 % of the remaining balance. Subtle campaigns have only one or two failures,
    like an owner with a new phone.
    """

    fraud_type: ClassVar[str] = "account_takeover"
    signs: ClassVar[Mapping[str, Sign]] = {"new_device_flag": is_set, "biometric_failures_flag": is_set}
    specificity: ClassVar[int] = 3
    default_weight: ClassVar[int] = 25
    rhythm: ClassVar[RhythmName] = "around_the_clock"

    def expected_transactions(self, subtle_share: float) -> float:  # noqa: ARG002 - subtle campaigns are as long
        """Return the mean number of transactions in a campaign."""
        return mean_count(TRANSACTIONS)

    def plan(self, campaigns: Campaigns, bank: SimulatedBank) -> Rows:
        """Drain each victim's account, with none of the owner's habits."""
        keys = campaigns.keys
        ways = bank.ways(keys, WAYS)
        victims = bank.victims(keys, campaigns.start_ms)
        obvious = bank.between(keys, "failures", *BIOMETRIC_FAILURES)
        failures = np.where(ways == OBVIOUS, obvious, bank.between(keys, "few", *SUBTLE_BIOMETRIC_FAILURES))
        owners, order, time_ms = bank.spread(
            keys,
            campaigns.start_ms,
            bank.between(keys, "count", *TRANSACTIONS),
            bank.between(keys, "span", *SPAN_MS),
        )
        items = bank.with_number(keys[owners], order)
        receivers = bank.with_number(
            bank.bits(keys, "receivers")[owners], bank.between(items, "receiver", 1, RECEIVERS)
        )
        return bank.plans(
            items,
            session=keys[owners],
            time_ms=time_ms,
            row=victims[owners],
            number=bank.account_numbers(victims)[owners],
            order=order,
            kind=bank.kind("large_transfer"),
            drain_permille=bank.between(items, "share", *PERMILLE_TAKEN),
            counterparty=bank.counterparties(receivers),
            city=bank.other_cities(keys, "unusual", victims)[owners],
            device=bank.new_devices(keys)[owners],
            failures=failures[owners],
            **self.marks(campaigns, ways, owners),
        )


PATTERN: Final = AccountTakeover()

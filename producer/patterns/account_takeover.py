"""Account takeover: a stranger gets in from a new device in another city and empties the account."""

from random import Random
from typing import ClassVar, Final

from fraudstream.duration import MINUTE_MS
from fraudstream.transaction import FraudType, Transaction
from producer.bank import UNSENT, Account, Details, new_device_id, round_vnd
from producer.cities import other_city
from producer.everyday import located
from producer.patterns.base import Pattern, mean_count, subtle_way
from producer.rhythm import AROUND_THE_CLOCK, Rhythm, spread_times

TRANSACTIONS: Final = (3, 6)
BIOMETRIC_FAILURES: Final = (3, 6)
SUBTLE_BIOMETRIC_FAILURES: Final = (1, 2)
SPAN_MS: Final = (4 * MINUTE_MS, 20 * MINUTE_MS)
BALANCE_IN_SALARIES: Final = (0.5, 8.0)
"""What lies on the account, in monthly salaries of its owner."""
SHARE_TAKEN: Final = (0.4, 0.7)
"""How much of what is left each transaction takes."""
WAYS: Final = ("few failures",)


class AccountTakeover(Pattern):
    """3 to 6 transfers in 4 to 20 minutes, from a new device after 3 to 6 biometric failures.

    The subtle ones fail only once or twice, as an owner with a new phone does too.
    """

    fraud_type: ClassVar[FraudType] = "account_takeover"
    expected_transactions: ClassVar[float] = mean_count(TRANSACTIONS)
    rhythm: ClassVar[Rhythm] = AROUND_THE_CLOCK

    def campaign(self, rng: Random, account: Account, start_ms: int) -> list[Transaction]:
        """Take a part of what is left each time; the owner's habits don't show anywhere."""
        session = _break_in(rng, account)
        receivers = [account.bank.counterparty_id(rng) for _ in range(rng.randint(1, 2))]
        left_vnd = account.salary_vnd * rng.uniform(*BALANCE_IN_SALARIES)
        drained = []
        count = rng.randint(*TRANSACTIONS)
        for time_ms in spread_times(rng, start_ms, count, rng.randint(*SPAN_MS)):
            amount_vnd = round_vnd(left_vnd * rng.uniform(*SHARE_TAKEN))
            left_vnd = max(0.0, left_vnd - amount_vnd)
            details: Details = {
                **session,
                "transaction_amount_vnd": amount_vnd,
                "transaction_fees_vnd": rng.choice((0.0, 3_300.0, 5_500.0)),
                "counterparty_id": rng.choice(receivers),
            }
            drained.append(account.transaction(rng, time_ms, UNSENT, details))
        return drained


def _break_in(rng: Random, account: Account) -> Details:
    failures = SUBTLE_BIOMETRIC_FAILURES if subtle_way(rng, WAYS) else BIOMETRIC_FAILURES
    return {
        "transaction_type": "transfer",
        "channel": "mobile",
        "device_id": new_device_id(rng),
        "biometric_failure_count": rng.randint(*failures),
        **located(rng, other_city(rng, account.home)),
    }

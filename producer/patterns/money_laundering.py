"""Money laundering: a fortune leaves the account at night, in many large transfers to several receivers."""

from random import Random
from typing import ClassVar, Final

from fraudstream.transaction import FraudType, Transaction
from producer.bank import UNSENT, Account, Details, round_vnd
from producer.everyday import signed_in
from producer.patterns.base import RAPID_SPAN_MS, SUBTLE_SHARE, Pattern, mean_count, subtle_way
from producer.rhythm import OFF_HOURS, Rhythm, spread_times

AMOUNT_VND: Final = (301_000_000, 1_000_000_000)
SUBTLE_AMOUNT_VND: Final = (150_000_000, 290_000_000)
TRANSACTIONS: Final = (16, 24)
SUBTLE_TRANSACTIONS: Final = (8, 12)
RECEIVERS: Final = (3, 6)
FEE_SHARE: Final = 0.0002
"""What a bank takes for a large transfer; 0 in every second one."""
WAYS: Final = ("few", "small")


class MoneyLaundering(Pattern):
    """16 to 24 transfers of 300 million to 1 billion VND within 5 minutes, begun from 22:00 to 03:59.

    The subtle ones are either few (8 to 12) or small (150 to 290 million VND).
    """

    fraud_type: ClassVar[FraudType] = "money_laundering"
    expected_transactions: ClassVar[float] = (1 - SUBTLE_SHARE / len(WAYS)) * mean_count(TRANSACTIONS) + (
        SUBTLE_SHARE / len(WAYS)
    ) * mean_count(SUBTLE_TRANSACTIONS)
    rhythm: ClassVar[Rhythm] = OFF_HOURS

    def campaign(self, rng: Random, account: Account, start_ms: int) -> list[Transaction]:
        """Send the money on, from the owner's own device, to 3 to 6 receivers."""
        way = subtle_way(rng, WAYS)
        count = rng.randint(*(SUBTLE_TRANSACTIONS if way == "few" else TRANSACTIONS))
        amount_vnd = SUBTLE_AMOUNT_VND if way == "small" else AMOUNT_VND
        receivers = [account.bank.counterparty_id(rng) for _ in range(rng.randint(*RECEIVERS))]
        session = signed_in(rng, account)
        times_ms = spread_times(rng, start_ms, count, rng.randint(*RAPID_SPAN_MS))
        return [
            account.transaction(rng, time_ms, UNSENT, {**session, **_transfer(rng, amount_vnd, receivers)})
            for time_ms in times_ms
        ]


def _transfer(rng: Random, range_vnd: tuple[int, int], receivers: list[str]) -> Details:
    amount_vnd = round_vnd(rng.uniform(*range_vnd))
    return {
        "transaction_type": "transfer",
        "channel": "mobile",
        "transaction_amount_vnd": amount_vnd,
        "transaction_fees_vnd": rng.choice((0.0, float(round(amount_vnd * FEE_SHARE)))),
        "counterparty_id": rng.choice(receivers),
    }

"""Fee manipulation: a merchant charges a card many small sums in a row, each with an absurd fee."""

from random import Random
from typing import ClassVar, Final

from fraudstream.transaction import FraudType, Transaction
from producer.bank import UNSENT, Account, Details, round_vnd
from producer.everyday import FOREIGN_COUNTRIES, signed_in
from producer.patterns.base import RAPID_SPAN_MS, SUBTLE_SHARE, Pattern, mean_count, subtle_way
from producer.rhythm import AROUND_THE_CLOCK, Rhythm, spread_times

AMOUNT_VND: Final = (10_000, 100_000)
FEE_SHARE: Final = (0.10, 0.50)
SUBTLE_FEE_SHARE: Final = (0.03, 0.08)
TRANSACTIONS: Final = (13, 24)
SUBTLE_TRANSACTIONS: Final = (7, 11)
FOREIGN_SHARE: Final = 0.3
WAYS: Final = ("few", "small fees")


class FeeManipulation(Pattern):
    """13 to 24 payments of 10,000 to 100,000 VND within 5 minutes, each with a fee of 10 to 50 %.

    The subtle ones are either few (7 to 11) or take 3 to 8 %, as cards do abroad.
    """

    fraud_type: ClassVar[FraudType] = "fee_manipulation"
    expected_transactions: ClassVar[float] = (1 - SUBTLE_SHARE / len(WAYS)) * mean_count(TRANSACTIONS) + (
        SUBTLE_SHARE / len(WAYS)
    ) * mean_count(SUBTLE_TRANSACTIONS)
    rhythm: ClassVar[Rhythm] = AROUND_THE_CLOCK

    def campaign(self, rng: Random, account: Account, start_ms: int) -> list[Transaction]:
        """Charge the account again and again, always by the same merchant."""
        way = subtle_way(rng, WAYS)
        count = rng.randint(*(SUBTLE_TRANSACTIONS if way == "few" else TRANSACTIONS))
        fee_share = SUBTLE_FEE_SHARE if way == "small fees" else FEE_SHARE
        shop = _shop(rng, account)
        times_ms = spread_times(rng, start_ms, count, rng.randint(*RAPID_SPAN_MS))
        return [
            account.transaction(rng, time_ms, UNSENT, {**shop, **_charge(rng, fee_share)})
            for time_ms in times_ms
        ]


def _shop(rng: Random, account: Account) -> Details:
    merchant = account.bank.merchant(rng)
    return {
        "transaction_type": "purchase",
        "channel": "mobile",
        "merchant_id": merchant.merchant_id,
        "merchant_category": merchant.category,
        "country": rng.choice(FOREIGN_COUNTRIES) if rng.random() < FOREIGN_SHARE else "VN",
        **signed_in(rng, account),
    }


def _charge(rng: Random, fee_share: tuple[float, float]) -> Details:
    amount_vnd = round_vnd(rng.uniform(*AMOUNT_VND))
    return {
        "transaction_amount_vnd": amount_vnd,
        "transaction_fees_vnd": float(round(amount_vnd * rng.uniform(*fee_share))),
    }

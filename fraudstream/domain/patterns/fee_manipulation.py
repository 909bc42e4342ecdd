"""Fee manipulation: a merchant charges a card many small amounts in a row, each with an excessive fee."""

from collections.abc import Mapping
from typing import ClassVar, Final

import numpy as np

from fraudstream.domain.arrays import Rows
from fraudstream.domain.patterns.fraud_pattern import (
    RAPID_SPAN_MS,
    Campaigns,
    FraudPattern,
    RhythmName,
    Sign,
    above,
    at_least,
    at_most,
    mean_count,
)
from fraudstream.domain.patterns.simulated_bank import SimulatedBank

FEE_FREQUENCY_PER_5_MINUTES: Final = 12
"""More transactions than this within five minutes are a sign."""
HIGH_FEE_RATIO: Final = 0.03
"""A fee of at least this share of the amount is a sign; ordinary fees are a tenth of that."""
SMALL_AMOUNT_VND: Final = 100_000
"""Amounts up to this are a sign; the smallest amount is 10,000 VND."""
AMOUNT_THOUSAND_VND: Final = (10, 100)
FEE_PPM: Final = (100_000, 500_000)
SUBTLE_FEE_PPM: Final = (30_000, 80_000)
TRANSACTIONS: Final = (13, 24)
SUBTLE_TRANSACTIONS: Final = (7, 11)
FOREIGN_SHARE: Final = 0.3
FEW: Final = 1
SMALL_FEES: Final = 2
WAYS: Final = 2


class FeeManipulation(FraudPattern):
    """13 to 24 payments of 10,000 to 100,000 VND within 5 minutes, each with a fee of 10 to 50 %.

    Subtle campaigns have either few payments (7 to 11) or fees of 3 to 8 %, like card fees abroad.
    """

    fraud_type: ClassVar[str] = "fee_manipulation"
    signs: ClassVar[Mapping[str, Sign]] = {
        "account_count_5m": above(FEE_FREQUENCY_PER_5_MINUTES),
        "fee_to_amount_ratio": at_least(HIGH_FEE_RATIO),
        "transaction_amount_vnd": at_most(SMALL_AMOUNT_VND),
    }
    specificity: ClassVar[int] = 4
    default_weight: ClassVar[int] = 20
    rhythm: ClassVar[RhythmName] = "around_the_clock"

    def expected_transactions(self, subtle_share: float) -> float:
        """Return the mean number of transactions in a campaign."""
        few = subtle_share / WAYS
        return (1 - few) * mean_count(TRANSACTIONS) + few * mean_count(SUBTLE_TRANSACTIONS)

    def plan(self, campaigns: Campaigns, bank: SimulatedBank) -> Rows:
        """Charge each account repeatedly, by one merchant per campaign."""
        keys = campaigns.keys
        ways = bank.ways(keys, WAYS)
        victims = bank.victims(keys, campaigns.start_ms)
        few = bank.between(keys, "few", *SUBTLE_TRANSACTIONS)
        count = np.where(ways == FEW, few, bank.between(keys, "count", *TRANSACTIONS))
        owners, order, time_ms = bank.spread(
            keys, campaigns.start_ms, count, bank.between(keys, "span", *RAPID_SPAN_MS)
        )
        items = bank.with_number(keys[owners], order)
        country = np.where(
            bank.chance(keys, "foreign", FOREIGN_SHARE),
            bank.between(keys, "country", 1, bank.foreign_countries()),
            0,
        )
        small_fee = bank.between(items, "small fee", *SUBTLE_FEE_PPM)
        return bank.plans(
            items,
            session=keys[owners],
            time_ms=time_ms,
            row=victims[owners],
            number=bank.account_numbers(victims)[owners],
            order=order,
            kind=bank.kind("purchase_in_app"),
            amount_vnd=bank.between(items, "amount", *AMOUNT_THOUSAND_VND) * 1_000,
            fee_ppm=np.where(ways[owners] == SMALL_FEES, small_fee, bank.between(items, "fee", *FEE_PPM)),
            merchant=bank.merchants(keys)[owners],
            country=country[owners],
            **self.marks(campaigns, ways, owners),
        )


PATTERN: Final = FeeManipulation()

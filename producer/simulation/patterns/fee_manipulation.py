"""Fee manipulation: a merchant charges a card many small sums in a row, each with an absurd fee."""

from typing import ClassVar, Final

import numpy as np

from fraudstream.domain.transaction import FraudType
from producer.simulation.draws import between, chance, with_number
from producer.simulation.episodes import FOREIGN_COUNTRIES
from producer.simulation.kinds import CODES
from producer.simulation.patterns.base import RAPID_SPAN_MS, Campaigns, Pattern, Scene, mean_count
from producer.simulation.plans import Rows, plans, spread
from producer.simulation.rhythm import AROUND_THE_CLOCK, Rhythm

AMOUNT_THOUSAND_VND: Final = (10, 100)
FEE_PPM: Final = (100_000, 500_000)
SUBTLE_FEE_PPM: Final = (30_000, 80_000)
TRANSACTIONS: Final = (13, 24)
SUBTLE_TRANSACTIONS: Final = (7, 11)
FOREIGN_SHARE: Final = 0.3
FEW: Final = 1
SMALL_FEES: Final = 2
WAYS: Final = 2


class FeeManipulation(Pattern):
    """13 to 24 payments of 10,000 to 100,000 VND within 5 minutes, each with a fee of 10 to 50 %.

    The subtle ones are either few (7 to 11) or take 3 to 8 %, as cards do abroad.
    """

    fraud_type: ClassVar[FraudType] = "fee_manipulation"
    rhythm: ClassVar[Rhythm] = AROUND_THE_CLOCK

    def expected_transactions(self, subtle_share: float) -> float:
        """Return the mean length of a campaign."""
        few = subtle_share / WAYS
        return (1 - few) * mean_count(TRANSACTIONS) + few * mean_count(SUBTLE_TRANSACTIONS)

    def plan(self, campaigns: Campaigns, scene: Scene) -> Rows:
        """Charge each account again and again, always by the same merchant."""
        keys = campaigns.keys
        ways = scene.ways(keys, WAYS)
        victims = scene.victims(keys, campaigns.start_ms)
        few = between(keys, "few", *SUBTLE_TRANSACTIONS)
        count = np.where(ways == FEW, few, between(keys, "count", *TRANSACTIONS))
        owners, order, time_ms = spread(
            keys, campaigns.start_ms, count, between(keys, "span", *RAPID_SPAN_MS)
        )
        items = with_number(keys[owners], order)
        country = np.where(
            chance(keys, "foreign", FOREIGN_SHARE), between(keys, "country", 1, len(FOREIGN_COUNTRIES)), 0
        )
        small_fee = between(items, "small fee", *SUBTLE_FEE_PPM)
        return plans(
            items,
            session=keys[owners],
            time_ms=time_ms,
            row=victims[owners],
            number=scene.population.rows["number"][victims][owners],
            order=order,
            kind=CODES["purchase_in_app"],
            amount_vnd=between(items, "amount", *AMOUNT_THOUSAND_VND) * 1_000,
            fee_ppm=np.where(ways[owners] == SMALL_FEES, small_fee, between(items, "fee", *FEE_PPM)),
            merchant=scene.market.merchant(keys)[owners],
            country=country[owners],
            **self.marks(campaigns, ways, owners),
        )

"""Account takeover: a stranger gets in from a new device in another city and empties the account."""

from typing import ClassVar, Final

import numpy as np

from fraudstream.domain.duration import MINUTE_MS
from fraudstream.domain.transaction import FraudType
from producer.simulation.devices import new_device
from producer.simulation.draws import between, bits, with_number
from producer.simulation.kinds import CODES
from producer.simulation.patterns.base import OBVIOUS, Campaigns, Pattern, Scene, mean_count
from producer.simulation.places import other_city
from producer.simulation.plans import Rows, plans, spread
from producer.simulation.rhythm import AROUND_THE_CLOCK, Rhythm

TRANSACTIONS: Final = (3, 6)
BIOMETRIC_FAILURES: Final = (3, 6)
SUBTLE_BIOMETRIC_FAILURES: Final = (1, 2)
SPAN_MS: Final = (4 * MINUTE_MS, 20 * MINUTE_MS)
PERMILLE_TAKEN: Final = (400, 700)
"""How much of what is left each transaction takes."""
RECEIVERS: Final = 2
WAYS: Final = 1


class AccountTakeover(Pattern):
    """3 to 6 transfers in 4 to 20 minutes, from a new device after 3 to 6 biometric failures.

    Each takes 40 to 70 % of the balance that it finds. The subtle campaigns fail only once or twice,
    as an owner with a new phone does too.
    """

    fraud_type: ClassVar[FraudType] = "account_takeover"
    rhythm: ClassVar[Rhythm] = AROUND_THE_CLOCK

    def expected_transactions(self, subtle_share: float) -> float:  # noqa: ARG002 - as long when subtle
        """Return the mean length of a campaign."""
        return mean_count(TRANSACTIONS)

    def plan(self, campaigns: Campaigns, scene: Scene) -> Rows:
        """Drain each victim's account; the owner's habits don't show anywhere."""
        keys = campaigns.keys
        ways = scene.ways(keys, WAYS)
        victims = scene.victims(keys, campaigns.start_ms)
        accounts = scene.population.rows[victims]
        obvious = between(keys, "failures", *BIOMETRIC_FAILURES)
        failures = np.where(ways == OBVIOUS, obvious, between(keys, "few", *SUBTLE_BIOMETRIC_FAILURES))
        owners, order, time_ms = spread(
            keys, campaigns.start_ms, between(keys, "count", *TRANSACTIONS), between(keys, "span", *SPAN_MS)
        )
        items = with_number(keys[owners], order)
        receivers = with_number(bits(keys, "receivers")[owners], between(items, "receiver", 1, RECEIVERS))
        return plans(
            items,
            session=keys[owners],
            time_ms=time_ms,
            row=victims[owners],
            number=accounts["number"][owners],
            order=order,
            kind=CODES["large_transfer"],
            drain_permille=between(items, "share", *PERMILLE_TAKEN),
            counterparty=scene.market.counterparty(receivers),
            city=other_city(keys, "unusual", accounts["home"])[owners],
            device=new_device(keys)[owners],
            failures=failures[owners],
            **self.marks(campaigns, ways, owners),
        )

"""Loan fraud: an account opened for it takes a large loan, turns it into cash, and never pays back."""

from typing import ClassVar, Final

import numpy as np

from fraudstream.domain.duration import HOUR_MS, MINUTE_MS
from fraudstream.domain.transaction import FraudType
from producer.simulation.draws import Ints, between, bits, chance, pick, with_number
from producer.simulation.kinds import CODES, KIND_ENDS
from producer.simulation.money import price_vnd
from producer.simulation.patterns.base import Campaigns, Pattern, Scene, mean_count
from producer.simulation.plans import Rows, joined, plans, spread
from producer.simulation.rhythm import OFFICE_HOURS, Rhythm

LOANS_MILLION_VND: Final = (501, 2_000)
SUBTLE_LOANS_MILLION_VND: Final = (300, 490)
PERMILLE_PAID_OUT: Final = (300, 800)
"""The loan paid out here, of all the loans of the account."""
PERMILLE_CASHED: Final = (300, 490)
"""What each cash-out takes of the loan."""
TRANSACTIONS: Final = (1, 3)
SPAN_MS: Final = (10 * MINUTE_MS, 4 * HOUR_MS)
OPENED_HOURS_BEFORE: Final = (6, 44)
VISITS_BEFORE: Final = (1, 4)
"""Ordinary transactions of the account before its loan; they are no fraud."""
CLOSES_HOURS_AFTER: Final = 6
SMALL_LOANS: Final = 1
PERFORMING: Final = 2
WAYS: Final = 2


class LoanFraud(Pattern):
    """A loan is paid out, then up to two cash-outs follow within hours; young account, bad loans.

    Over 500 million VND of loans, under 50 transactions in the account's life, non-performing. The
    subtle ones owe either less (300 to 490 million VND), or nothing that is known to be overdue.
    """

    fraud_type: ClassVar[FraudType] = "loan_fraud"
    rhythm: ClassVar[Rhythm] = OFFICE_HOURS
    hours_ahead: ClassVar[int] = 48

    def expected_transactions(self, subtle_share: float) -> float:  # noqa: ARG002 - as long when subtle
        """Return the mean length of a campaign."""
        return mean_count(TRANSACTIONS)

    def plan(self, campaigns: Campaigns, scene: Scene) -> Rows:
        """Open each account, use it a little, pay out the loan at the start, then cash it."""
        keys = campaigns.keys
        ways = scene.ways(keys, WAYS)
        start_hours = campaigns.start_ms // HOUR_MS
        opened_hours = start_hours - between(keys, "opened", *OPENED_HOURS_BEFORE)
        rows = scene.population.open_guests(campaigns.numbers, opened_hours, start_hours + CLOSES_HOURS_AFTER)
        small = between(keys, "small loans", *SUBTLE_LOANS_MILLION_VND)
        loans = np.where(ways == SMALL_LOANS, small, between(keys, "loans", *LOANS_MILLION_VND))
        paid_out = price_vnd(loans * 1_000 * between(keys, "paid out", *PERMILLE_PAID_OUT))
        scene.population.rows["loans_vnd"][rows] = loans * 1_000_000 - paid_out
        steps = self._steps(campaigns, ways, rows, paid_out)
        made = joined([_visits_before(campaigns, rows, opened_hours), steps])
        made["number"] = scene.population.rows["number"][made["row"]]
        return made

    def _steps(self, campaigns: Campaigns, ways: Ints, rows: Ints, paid_out_vnd: Ints) -> Rows:
        keys = campaigns.keys
        owners, order, time_ms = spread(
            keys, campaigns.start_ms, between(keys, "count", *TRANSACTIONS), between(keys, "span", *SPAN_MS)
        )
        items = with_number(keys[owners], order)
        cash = np.where(chance(items, "cash", 0.5), CODES["cash_at_branch"], CODES["large_transfer"])
        cashed = price_vnd(paid_out_vnd[owners] * between(items, "cashed", *PERMILLE_CASHED) // 1_000)
        return plans(
            items,
            session=keys[owners],
            time_ms=time_ms,
            row=rows[owners],
            order=order,
            kind=np.where(order == 0, CODES["loan"], cash),
            amount_vnd=np.where(order == 0, paid_out_vnd[owners], cashed),
            fee_ppm=0,
            npl=(ways != PERFORMING)[owners],
            **self.marks(campaigns, ways, owners),
        )


def _visits_before(campaigns: Campaigns, rows: Ints, opened_hours: Ints) -> Rows:
    keys = bits(campaigns.keys, "visits before")
    first_ms = opened_hours * HOUR_MS + between(keys, "first", 0, HOUR_MS - 1)
    span_ms = campaigns.start_ms - first_ms - 1
    owners, order, time_ms = spread(keys, first_ms, between(keys, "count", *VISITS_BEFORE), span_ms)
    items = with_number(keys[owners], order)
    return plans(items, time_ms=time_ms, row=rows[owners], order=order, kind=pick(items, "kind", KIND_ENDS))

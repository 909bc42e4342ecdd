"""Loan fraud: an account opened for the purpose takes a large loan, cashes it out and never repays."""

from collections.abc import Mapping
from typing import ClassVar, Final

import numpy as np

from fraudstream.domain.arrays import Ints, Rows
from fraudstream.domain.duration import HOUR_MS, MINUTE_MS
from fraudstream.domain.patterns.fraud_pattern import (
    Campaigns,
    FraudPattern,
    RhythmName,
    Sign,
    above,
    below,
    is_set,
    mean_count,
)
from fraudstream.domain.patterns.simulated_bank import SimulatedBank

LARGE_LOANS_VND: Final = 500_000_000
"""Total loans above this are a sign."""
SHORT_HISTORY_TRANSACTIONS: Final = 50
"""Fewer transactions than this since the account was opened are a sign."""
LOANS_MILLION_VND: Final = (501, 2_000)
SUBTLE_LOANS_MILLION_VND: Final = (300, 490)
PERMILLE_PAID_OUT: Final = (300, 800)
"""Share of the account's total loans that this loan pays out, in thousandths."""
PERMILLE_CASHED: Final = (300, 490)
"""Share of the loan that each cash-out takes, in thousandths."""
TRANSACTIONS: Final = (1, 3)
SPAN_MS: Final = (10 * MINUTE_MS, 4 * HOUR_MS)
OPENED_HOURS_BEFORE: Final = (6, 44)
VISITS_BEFORE: Final = (1, 4)
"""Number of ordinary, honest transactions of the account before its loan."""
CLOSES_HOURS_AFTER: Final = 6
SMALL_LOANS: Final = 1
PERFORMING: Final = 2
WAYS: Final = 2


class LoanFraud(FraudPattern):
    """A loan is paid out to a young account with bad loans, then up to two cash-outs follow within hours.

    The account has over 500 million VND of loans, under 50 transactions since it was opened, and a
    non-performing loan. Subtle campaigns have either smaller loans (300 to 490 million VND) or no
    non-performing loan.
    """

    fraud_type: ClassVar[str] = "loan_fraud"
    signs: ClassVar[Mapping[str, Sign]] = {
        "total_loans_vnd": above(LARGE_LOANS_VND),
        "num_transactions": below(SHORT_HISTORY_TRANSACTIONS),
        "npl_flag": is_set,
    }
    specificity: ClassVar[int] = 2
    default_weight: ClassVar[int] = 25
    rhythm: ClassVar[RhythmName] = "office_hours"
    hours_ahead: ClassVar[int] = 48
    honest_transactions_before: ClassVar[float] = mean_count(VISITS_BEFORE)

    def expected_transactions(self, subtle_share: float) -> float:  # noqa: ARG002 - subtle campaigns are as long
        """Return the mean number of transactions in a campaign."""
        return mean_count(TRANSACTIONS)

    def plan(self, campaigns: Campaigns, bank: SimulatedBank) -> Rows:
        """Open each account, make a few ordinary transactions, pay out the loan at the start, cash it out."""
        keys = campaigns.keys
        ways = bank.ways(keys, WAYS)
        start_hours = campaigns.start_ms // HOUR_MS
        opened_hours = start_hours - bank.between(keys, "opened", *OPENED_HOURS_BEFORE)
        rows = bank.open_accounts(campaigns.numbers, opened_hours, start_hours + CLOSES_HOURS_AFTER)
        small = bank.between(keys, "small loans", *SUBTLE_LOANS_MILLION_VND)
        loans = np.where(ways == SMALL_LOANS, small, bank.between(keys, "loans", *LOANS_MILLION_VND))
        paid_out = bank.prices_vnd(loans * 1_000 * bank.between(keys, "paid out", *PERMILLE_PAID_OUT))
        bank.set_loans(rows, loans * 1_000_000 - paid_out)
        steps = self._steps(campaigns, bank, ways, rows, paid_out)
        made = bank.joined([_visits_before(campaigns, bank, rows, opened_hours), steps])
        made["number"] = bank.account_numbers(made["row"])
        return made

    def _steps(
        self, campaigns: Campaigns, bank: SimulatedBank, ways: Ints, rows: Ints, paid_out_vnd: Ints
    ) -> Rows:
        keys = campaigns.keys
        owners, order, time_ms = bank.spread(
            keys,
            campaigns.start_ms,
            bank.between(keys, "count", *TRANSACTIONS),
            bank.between(keys, "span", *SPAN_MS),
        )
        items = bank.with_number(keys[owners], order)
        cash = np.where(
            bank.chance(items, "cash", 0.5), bank.kind("cash_at_branch"), bank.kind("large_transfer")
        )
        cashed = bank.prices_vnd(
            paid_out_vnd[owners] * bank.between(items, "cashed", *PERMILLE_CASHED) // 1_000
        )
        return bank.plans(
            items,
            session=keys[owners],
            time_ms=time_ms,
            row=rows[owners],
            order=order,
            kind=np.where(order == 0, bank.kind("loan"), cash),
            amount_vnd=np.where(order == 0, paid_out_vnd[owners], cashed),
            fee_ppm=0,
            npl=(ways != PERFORMING)[owners],
            **self.marks(campaigns, ways, owners),
        )


def _visits_before(campaigns: Campaigns, bank: SimulatedBank, rows: Ints, opened_hours: Ints) -> Rows:
    keys = bank.bits(campaigns.keys, "visits before")
    first_ms = opened_hours * HOUR_MS + bank.between(keys, "first", 0, HOUR_MS - 1)
    span_ms = campaigns.start_ms - first_ms - 1
    owners, order, time_ms = bank.spread(keys, first_ms, bank.between(keys, "count", *VISITS_BEFORE), span_ms)
    items = bank.with_number(keys[owners], order)
    return bank.plans(
        items, time_ms=time_ms, row=rows[owners], order=order, kind=bank.ordinary_kinds(items, "kind")
    )


PATTERN: Final = LoanFraud()

"""Loan fraud: an account opened for it takes a large loan, turns it into cash, and never pays back."""

from random import Random
from typing import ClassVar, Final

from fraudstream.duration import HOUR_MS, MINUTE_MS
from fraudstream.transaction import FraudType, Transaction
from producer.bank import UNSENT, Account, Details, round_vnd
from producer.everyday import located
from producer.patterns.base import Pattern, mean_count, subtle_way
from producer.rhythm import OFFICE_HOURS, Rhythm, spread_times

LOANS_VND: Final = (501_000_000, 2_000_000_000)
SUBTLE_LOANS_VND: Final = (300_000_000, 490_000_000)
LOAN_SHARE_PAID_OUT: Final = (0.3, 0.8)
"""The loan paid out here, as a share of all the loans of the account."""
CASH_SHARE: Final = (0.3, 0.5)
"""What each cash-out takes of the loan."""
TRANSACTIONS: Final = (1, 3)
SPAN_MS: Final = (10 * MINUTE_MS, 4 * HOUR_MS)
WAYS: Final = ("small loans", "performing")


class LoanFraud(Pattern):
    """A loan is paid out, then up to two cash-outs follow within hours; young account, bad loans.

    Over 500 million VND of loans, under 50 transactions in the account's life, non-performing. The
    subtle ones owe either less (300 to 490 million VND), or nothing that is known to be overdue.
    """

    fraud_type: ClassVar[FraudType] = "loan_fraud"
    expected_transactions: ClassVar[float] = mean_count(TRANSACTIONS)
    rhythm: ClassVar[Rhythm] = OFFICE_HOURS
    on_new_account: ClassVar[bool] = True

    def campaign(self, rng: Random, account: Account, start_ms: int) -> list[Transaction]:
        """Pay out the loan at ``start_ms``, then cash it."""
        way = subtle_way(rng, WAYS)
        loans_vnd = round_vnd(rng.uniform(*(SUBTLE_LOANS_VND if way == "small loans" else LOANS_VND)))
        loan_vnd = loans_vnd * rng.uniform(*LOAN_SHARE_PAID_OUT)
        debt: Details = {"total_loans_vnd": loans_vnd, "npl_flag": way != "performing"}
        times_ms = spread_times(rng, start_ms, rng.randint(*TRANSACTIONS), rng.randint(*SPAN_MS))
        steps = [_pay_out(rng, account, loan_vnd), *(_cash(rng, account, loan_vnd) for _ in times_ms[1:])]
        return [
            account.transaction(rng, time_ms, UNSENT, {**debt, **step})
            for time_ms, step in zip(times_ms, steps, strict=True)
        ]


def _pay_out(rng: Random, account: Account, loan_vnd: float) -> Details:
    return {
        "transaction_type": "loan_disbursement",
        "channel": "branch",
        "transaction_amount_vnd": round_vnd(loan_vnd),
        "transaction_fees_vnd": 0.0,
        **located(rng, account.home),
    }


def _cash(rng: Random, account: Account, loan_vnd: float) -> Details:
    details: Details = {
        "transaction_amount_vnd": round_vnd(loan_vnd * rng.uniform(*CASH_SHARE)),
        "transaction_fees_vnd": 0.0,
        **located(rng, account.home),
    }
    if rng.choice((True, False)):
        return {**details, "transaction_type": "withdrawal", "channel": "branch"}
    receiver = account.bank.counterparty_id(rng)
    device = rng.choice(account.devices)
    transfer: Details = {"transaction_type": "transfer", "channel": "mobile", "counterparty_id": receiver}
    return {**details, **transfer, "device_id": device, "biometric_failure_count": 0}

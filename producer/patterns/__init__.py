"""The registry of fraud patterns: a new one is a file beside this one and a line below."""

from typing import Final

from producer.patterns.account_takeover import AccountTakeover
from producer.patterns.base import Pattern
from producer.patterns.fee_manipulation import FeeManipulation
from producer.patterns.loan_fraud import LoanFraud
from producer.patterns.money_laundering import MoneyLaundering

PATTERNS: Final[tuple[Pattern, ...]] = (
    MoneyLaundering(),
    AccountTakeover(),
    LoanFraud(),
    FeeManipulation(),
)

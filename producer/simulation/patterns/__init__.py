"""The registry of fraud patterns: a new one is a file beside this one and a line below."""

from typing import Final

from producer.simulation.patterns.account_takeover import AccountTakeover
from producer.simulation.patterns.base import Pattern
from producer.simulation.patterns.fee_manipulation import FeeManipulation
from producer.simulation.patterns.loan_fraud import LoanFraud
from producer.simulation.patterns.money_laundering import MoneyLaundering

PATTERNS: Final[tuple[Pattern, ...]] = (
    MoneyLaundering(),
    AccountTakeover(),
    LoanFraud(),
    FeeManipulation(),
)

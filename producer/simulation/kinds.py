"""Kinds of transactions: their fields, frequencies and sizes.

All figures are plausible and chosen by hand; none is measured.
"""

from typing import Final, NamedTuple

import numpy as np

from fraudstream.domain.arrays import Bools, Floats, Ints
from producer.simulation.draws import exact_exp, running

TYPES: Final = (
    "purchase",
    "transfer",
    "bill_payment",
    "withdrawal",
    "deposit",
    "incoming_transfer",
    "loan_repayment",
    "loan_disbursement",
    "qr_receipt",
    "salary",
)
CHANNELS: Final = ("pos", "mobile", "web", "atm", "branch", "auto_debit", "auto_credit", "qr")
INCOMING_TYPES: Final = frozenset(
    {"deposit", "incoming_transfer", "loan_disbursement", "qr_receipt", "salary"}
)
"""Types that raise a balance; all others lower it."""

MERCHANT_CATEGORIES: Final = {
    "groceries": 0.25,
    "restaurant": 0.12,
    "fuel": 0.08,
    "fashion": 0.4,
    "electronics": 2.0,
    "pharmacy": 0.1,
    "travel": 1.5,
    "games": 0.05,
    "toll": 0.04,
}
"""Category, and its typical payment as a multiple of the account's usual amount."""
CATEGORY_FACTORS: Final[Floats] = np.array(list(MERCHANT_CATEGORIES.values()))


class TransactionKind(NamedTuple):
    """Fields, frequency and size of one kind of transaction.

    ``weight`` is its share of ordinary visits in thousandths (0: only in episodes), ``factor`` is its median
    as a multiple of the account's usual amount, ``sigma`` is its log-normal width.
    """

    type_name: str
    channel: str
    device: bool = False
    place: bool = False
    merchant: bool = False
    counterparty: bool = False
    weight: int = 0
    factor: float = 1.0
    sigma: float = 0.0


KINDS: Final = {
    "purchase_by_card": TransactionKind("purchase", "pos", place=True, merchant=True, weight=205, sigma=0.7),
    "purchase_in_app": TransactionKind(
        "purchase", "mobile", device=True, place=True, merchant=True, weight=215, sigma=0.7
    ),
    "transfer": TransactionKind(
        "transfer", "mobile", device=True, place=True, counterparty=True, weight=250, factor=0.6, sigma=1.1
    ),
    "bill": TransactionKind(
        "bill_payment", "mobile", device=True, place=True, counterparty=True, weight=90, factor=0.3, sigma=0.6
    ),
    "withdrawal": TransactionKind("withdrawal", "atm", place=True, weight=80, factor=1.2, sigma=0.7),
    "deposit": TransactionKind("deposit", "branch", place=True, weight=30, sigma=0.8),
    "incoming": TransactionKind("incoming_transfer", "auto_credit", counterparty=True, weight=75, sigma=0.8),
    "repayment": TransactionKind("loan_repayment", "auto_debit", weight=40, factor=2.0, sigma=0.4),
    "foreign": TransactionKind("purchase", "web", device=True, place=True, merchant=True, weight=12),
    # The following kinds occur only in episodes, in campaigns or on pay-days.
    "salary": TransactionKind("salary", "auto_credit", counterparty=True),
    "toll": TransactionKind("purchase", "auto_debit", place=True, merchant=True),
    "game": TransactionKind("purchase", "mobile", device=True, place=True, merchant=True),
    "qr_sale": TransactionKind("qr_receipt", "qr", device=True, place=True, counterparty=True),
    "large_transfer": TransactionKind("transfer", "mobile", device=True, place=True, counterparty=True),
    "loan": TransactionKind("loan_disbursement", "branch", place=True),
    "cash_at_branch": TransactionKind("withdrawal", "branch", place=True),
}

CODES: Final = {name: code for code, name in enumerate(KINDS)}
KIND_ENDS: Final = running(tuple(kind.weight for kind in KINDS.values()))
FACTORS: Final[Floats] = np.array([kind.factor for kind in KINDS.values()])
SIGMAS: Final = tuple(kind.sigma for kind in KINDS.values())
INCOMING: Final[Bools] = np.array([kind.type_name in INCOMING_TYPES for kind in KINDS.values()])
TYPE_CODES: Final[Ints] = np.array([TYPES.index(kind.type_name) for kind in KINDS.values()])
CHANNEL_CODES: Final[Ints] = np.array([CHANNELS.index(kind.channel) for kind in KINDS.values()])
HAS_DEVICE: Final[Bools] = np.array([kind.device for kind in KINDS.values()])
HAS_PLACE: Final[Bools] = np.array([kind.place for kind in KINDS.values()])
HAS_MERCHANT: Final[Bools] = np.array([kind.merchant for kind in KINDS.values()])
HAS_COUNTERPARTY: Final[Bools] = np.array([kind.counterparty for kind in KINDS.values()])


def _mean_factor(names: tuple[str, ...]) -> float:
    """Return the mean amount that these kinds contribute to a visit, in usual amounts."""
    total = 0.0
    for name in names:
        kind = KINDS[name]
        per_category = float(sum(MERCHANT_CATEGORIES.values())) / len(MERCHANT_CATEGORIES)
        factor = kind.factor * (per_category if kind.merchant else 1.0)
        total += kind.weight * factor * exact_exp(kind.sigma * kind.sigma / 2)
    return total / int(KIND_ENDS[-1])


MEAN_SPENT: Final = _mean_factor(("purchase_by_card", "purchase_in_app", "transfer", "bill", "withdrawal"))
"""Average spending of a visit, in usual amounts; without repayments and foreign payments."""
MEAN_RECEIVED: Final = _mean_factor(("deposit", "incoming"))
"""Average receipts of a visit, in the account's usual receipts."""

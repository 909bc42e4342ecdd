"""Ledger: settles planned transactions against their accounts' balances, in the order of their times."""

from typing import Final

import numpy as np

from fraudstream.domain.arrays import Ints, Rows
from producer.simulation.amounts import Prices
from producer.simulation.draws import between, chance
from producer.simulation.kinds import CODES, INCOMING
from producer.simulation.money import ATM_NOTE_VND, price_vnd
from producer.simulation.plans import NONE, taken

FITTED_SHARE: Final = 0.9
"""Share of payments whose customers check their balance first, and pay less if it is low."""
FITTED_PERMILLE: Final = (100, 500)
"""Most that such a payment takes of the available money, in thousandths."""
FITTED_STEP_VND: Final = 10_000
"""Rounding step of a payment that is made smaller; cash comes in notes of `ATM_NOTE_VND`."""
MIN_DRAIN_VND: Final = 10_000
BILL_OF_REPAYMENT: Final = 7
"""A customer without loans pays a bill in place of a repayment: its amount divided by this."""

_FITTED_KINDS: Final = ("purchase_by_card", "purchase_in_app", "transfer", "bill", "withdrawal", "foreign")

SETTLED: Final = np.dtype(
    [
        ("row", "i8"),
        ("kind", "i8"),
        ("incoming", "?"),
        ("amount_vnd", "i8"),
        ("fee_vnd", "i8"),
        ("fee_ppm", "i8"),
        ("drain_permille", "i8"),
        ("fitted_permille", "i8"),  # of the balance at most; 0: no limit
        ("declined", "?"),
        ("balance_vnd", "i8"),
        ("loans_vnd", "i8"),
        ("number", "i8"),  # transactions of the account so far, this one included
    ]
)
"""A transaction in the ledger; the balance and the loans are those after it."""


def settle(planned: Rows, accounts: Rows, prices: Prices, declined_share: float) -> Rows:
    """Settle the plans in their order, and update the ``accounts``.

    The first transactions of all accounts are settled at once, then the second ones, and so on.
    """
    entries = _entries(planned, prices, declined_share)
    ranks = ranks_within(entries["row"])
    entries["number"] = accounts["made"][entries["row"]] + ranks + 1
    by_round = np.argsort(ranks, kind="stable")
    sorted_ = taken(entries, by_round)
    ends = np.cumsum(np.bincount(ranks))
    for first, end in zip([0, *ends[:-1]], ends, strict=True):
        _settle_round(sorted_[first:end], accounts)
    entries[by_round] = sorted_
    return entries


def ranks_within(groups: Ints) -> Ints:
    """Return for each element the number of equal elements before it; ``groups`` must not be empty."""
    order = np.argsort(groups, kind="stable")
    sorted_ = groups[order]
    is_first = np.concatenate(([True], sorted_[1:] != sorted_[:-1]))
    places = np.arange(len(groups))
    ranks = np.empty(len(groups), np.int64)
    ranks[order] = places - np.maximum.accumulate(np.where(is_first, places, 0))
    return ranks


def _entries(planned: Rows, prices: Prices, declined_share: float) -> Rows:
    keys, kind = planned["key"], planned["kind"]
    entries = np.zeros(len(planned), SETTLED)
    for name in ("row", "kind", "drain_permille"):
        entries[name] = planned[name]
    entries["incoming"] = INCOMING[kind]
    entries["amount_vnd"], entries["fee_vnd"], entries["fee_ppm"] = prices[:3]
    entries["declined"] = chance(keys, "declined", declined_share)
    fitted = np.isin(kind, [CODES[name] for name in _FITTED_KINDS]) & (planned["fraud"] == NONE)
    fitted &= (planned["event"] == NONE) & ~prices.extreme & chance(keys, "fitted", FITTED_SHARE)
    entries["fitted_permille"] = np.where(fitted, between(keys, "fitted to", *FITTED_PERMILLE), 0)
    return entries


def _settle_round(entries: Rows, accounts: Rows) -> None:
    """Settle at most one transaction of each account."""
    rows = entries["row"]
    balance, loans = accounts["balance_vnd"][rows], accounts["loans_vnd"][rows]
    available = balance + accounts["overdraft_vnd"][rows]
    amount = _wanted_vnd(entries, balance, loans)
    incoming = entries["incoming"]
    fitted = _fitted_vnd(entries, available)
    tight = ~incoming & (fitted > 0) & (amount > fitted)
    amount = np.where(tight, fitted, amount)
    fee = entries["fee_vnd"] + amount * entries["fee_ppm"] // 1_000_000
    entries["declined"] |= ~incoming & (amount + fee > available)
    done = ~entries["declined"]
    balance = balance + np.where(done, np.where(incoming, amount - fee, -amount - fee), 0)
    kind = entries["kind"]
    loans = loans + np.where(done & (kind == CODES["loan"]), amount, 0)
    loans -= np.where(done & (kind == CODES["repayment"]), amount, 0)
    accounts["balance_vnd"][rows], accounts["loans_vnd"][rows] = balance, loans
    accounts["made"][rows] = entries["number"]
    entries["amount_vnd"], entries["fee_vnd"] = amount, fee
    entries["balance_vnd"], entries["loans_vnd"] = balance, loans


def _fitted_vnd(entries: Rows, available_vnd: Ints) -> Ints:
    """Return the most that careful customers spend, given their balance; 0 means no limit."""
    step = np.where(entries["kind"] == CODES["withdrawal"], ATM_NOTE_VND, FITTED_STEP_VND)
    limit: Ints = np.maximum(available_vnd, 0) * entries["fitted_permille"] // 1000 // step * step
    return limit


def _wanted_vnd(entries: Rows, balance: Ints, loans: Ints) -> Ints:
    """Return the requested amount, given the balance and the loans."""
    amount: Ints = entries["amount_vnd"].copy()
    drain = entries["drain_permille"]
    if (drain > 0).any():
        taken = np.maximum(price_vnd(np.maximum(balance, 0) * drain // 1000), MIN_DRAIN_VND)
        amount = np.where(drain > 0, taken, amount)
    repaid = entries["kind"] == CODES["repayment"]
    if repaid.any():
        bill = repaid & (loans == 0)
        entries["kind"][bill] = CODES["bill"]
        amount = np.where(bill, price_vnd(amount // BILL_OF_REPAYMENT), amount)
        amount = np.where(repaid & ~bill, np.minimum(amount, loans), amount)
    return amount

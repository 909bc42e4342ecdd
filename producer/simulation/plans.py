"""Planned transactions, before balances decide their outcome."""

from typing import Final

import numpy as np

from fraudstream.domain.arrays import Bools, Ints, Keys, Rows
from producer.simulation.draws import between, with_number

NONE: Final = -1
"""In any integer column: absent, or left to the kind of the transaction."""

_LEFT_OPEN: Final = (
    "fraud",
    "campaign",
    "amount_vnd",
    "drain_permille",  # takes this share of the balance instead of an amount
    "fee_ppm",  # of the amount
    "merchant",
    "counterparty",
    "country",
    "city",  # of a stranger; the owner's own place follows from the time
    "device",
    "failures",
    "npl",
    "event",  # number of the flash sale it belongs to
)
PLAN: Final = np.dtype(
    [
        ("key", "u8"),
        ("session", "u8"),  # key of the transactions that are made in one go, on one device
        ("time_ms", "i8"),
        ("row", "i8"),  # of the table of accounts
        ("number", "i8"),  # of the account: rows move, numbers stay
        ("order", "i8"),  # within its episode or campaign: breaks ties of time
        ("kind", "i8"),
        ("subtle", "?"),
        *((name, "i8") for name in _LEFT_OPEN),
    ]
)
"""A planned transaction."""


def plans(keys: Keys, **columns: Ints | Keys | Bools | int) -> Rows:
    """Return a plan for each key; columns that are not given are left to the kind, or 0."""
    made = np.zeros(len(keys), PLAN)
    for name in _LEFT_OPEN:
        made[name] = NONE
    made["key"] = made["session"] = keys
    for name, values in columns.items():
        made[name] = values
    return made


def joined(parts: list[Rows]) -> Rows:
    """Concatenate the plans of several sources."""
    return np.concatenate([np.zeros(0, PLAN), *parts])


def taken(rows: Rows, which: Ints | Bools) -> Rows:
    """Return a copy of some rows, by their places or by a mask."""
    # As plain bytes: numpy would copy a structured array field by field, several times slower.
    return rows.view(np.dtype((np.void, rows.dtype.itemsize)))[which].view(rows.dtype)


def in_order(planned: Rows) -> Rows:
    """Sort by time; the order of ties does not depend on the order before."""
    planned = taken(planned, np.argsort(planned["time_ms"], kind="stable"))
    follows = planned["time_ms"][1:] == planned["time_ms"][:-1]
    tied = np.flatnonzero(np.append(follows, False) | np.append(False, follows))
    ties = taken(planned, tied)
    ranks = (ties["key"], ties["order"], ties["number"], ties["time_ms"])
    planned[tied] = taken(ties, np.lexsort(ranks))
    return planned


def spread(keys: Keys, start_ms: Ints, counts: Ints, span_ms: Ints) -> tuple[Ints, Ints, Ints]:
    """Spread ``counts`` transactions of each key over its span, both ends inclusive, in order.

    Returns for each transaction the place of its key, its number within the key (from 0), and its time; the
    first one is at ``start_ms``.
    """
    owners = np.repeat(np.arange(len(keys)), counts)
    order = np.arange(len(owners)) - np.repeat(np.cumsum(counts) - counts, counts)
    offsets_ms = between(with_number(keys[owners], order), "offset", 0, span_ms[owners])
    offsets_ms[order == 0] = 0
    return owners, order, start_ms[owners] + offsets_ms[np.lexsort((offsets_ms, owners))]

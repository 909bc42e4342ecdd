"""Money laundering: large sums pass through an account, or a chain of accounts, within minutes at night."""

from collections.abc import Mapping
from typing import ClassVar, Final, NamedTuple

import numpy as np

from fraudstream.domain.arrays import Bools, Ints, Keys, Rows
from fraudstream.domain.families import HIGH_AMOUNT_VND
from fraudstream.domain.patterns.fraud_pattern import (
    RAPID_SPAN_MS,
    Campaigns,
    FraudPattern,
    RhythmName,
    Sign,
    above,
    is_set,
    mean_count,
)
from fraudstream.domain.patterns.simulated_bank import SimulatedBank


class Form(NamedTuple):
    """Flow of the money through a campaign.

    Each unit consists of ``paid_in`` incoming and ``paid_out`` outgoing payments; an incoming payment is of
    ``million_vnd``. The money passes through ``hops`` accounts, one after the other.
    """

    million_vnd: tuple[int, int]
    units: tuple[int, int] = (8, 12)
    few_units: tuple[int, int] = (4, 6)
    paid_in: int = 1
    paid_out: int = 1
    hops: int = 1


THROUGH: Final = Form((302, 1_000))
STRUCTURING: Final = Form((381, 399))
"""Payments just under 400 million VND, which a bank in Vietnam must report (Decision 11/2023/QD-TTg)."""
FAN_IN: Final = Form((302, 480), units=(6, 8), few_units=(3, 4), paid_in=2)
FAN_OUT: Final = Form((680, 1_000), units=(6, 8), few_units=(3, 4), paid_out=2)
LAYERING: Final = Form((305, 1_000), units=(8, 10), few_units=(1, 2), hops=3)
"""16 to 20 payments on each account of the chain: each alone exceeds the frequency that marks laundering."""
SMALL: Final = Form((152, 290))
FORMS: Final = (THROUGH, STRUCTURING, FAN_IN, FAN_OUT, LAYERING)

PARTNERS: Final = (3, 6)
"""Number of senders, and separately of receivers, of a campaign."""
FEE_PPM: Final = 200
"""Fee of a large transfer, 0 for every second one; it is paid from the last million of a sum."""
MILLION_VND: Final = 1_000_000
FEW: Final = 1
SMALL_SUMS: Final = 2
WAYS: Final = 2

RAPID_SUM_VND: Final = 3 * HIGH_AMOUNT_VND
"""More than this within five minutes is a sign. It holds after the first few of a campaign's 16 or more
transactions, and also in campaigns of smaller amounts."""

_ALL: Final = (*FORMS, SMALL)


class MoneyLaundering(FraudPattern):
    """16 to 24 payments of 300 million to 1 billion VND on an account within 5 minutes, from 22:00 to 03:59.

    The money that goes out has come in before: one for one, gathered (fan-in), split (fan-out), just under
    the reporting threshold (structuring), or through three accounts in a chain (layering). Subtle campaigns
    have either few payments (6 to 12) or small ones (150 to 290 million VND).
    """

    fraud_type: ClassVar[str] = "money_laundering"
    signs: ClassVar[Mapping[str, Sign]] = {
        "high_amount_flag": is_set,
        "off_hours_flag": is_set,
        "account_amount_vnd_sum_5m": above(RAPID_SUM_VND),
    }
    specificity: ClassVar[int] = 1
    default_weight: ClassVar[int] = 30
    rhythm: ClassVar[RhythmName] = "off_hours"

    def expected_transactions(self, subtle_share: float) -> float:
        """Return the mean number of transactions in a campaign."""
        many, few = (
            sum((form.paid_in + form.paid_out) * form.hops * mean_count(units) for form, units in of_forms)
            / len(FORMS)
            for of_forms in (
                [(form, form.units) for form in FORMS],
                [(form, form.few_units) for form in FORMS],
            )
        )
        small = (SMALL.paid_in + SMALL.paid_out) * mean_count(SMALL.units)
        return (1 - subtle_share) * many + subtle_share / WAYS * (few + small)

    def plan(self, campaigns: Campaigns, bank: SimulatedBank) -> Rows:
        """Plan the incoming payments and those that send the money on."""
        keys = campaigns.keys
        ways = bank.ways(keys, WAYS)
        form = np.where(ways == SMALL_SUMS, len(FORMS), bank.between(keys, "form", 0, len(FORMS) - 1))
        units = np.where(
            ways == FEW, _drawn(bank, keys, form, "few_units"), _drawn(bank, keys, form, "units")
        )
        per_hop = units * (_column("paid_in") + _column("paid_out"))[form]
        owners, order, time_ms = bank.spread(
            keys,
            campaigns.start_ms,
            per_hop * _column("hops")[form],
            bank.between(keys, "span", *RAPID_SPAN_MS),
        )
        hop, leg = order // per_hop[owners], order % per_hop[owners]
        is_in = leg < (units * _column("paid_in")[form])[owners]
        leg = np.where(is_in, leg, leg - (units * _column("paid_in")[form])[owners])
        items = bank.with_number(keys[owners], order)
        rows = bank.victims(
            bank.with_number(bank.bits(keys, "mules")[owners], hop), campaigns.start_ms[owners]
        )
        return bank.plans(
            items,
            session=bank.with_number(keys[owners], hop),
            time_ms=time_ms,
            row=rows,
            number=bank.account_numbers(rows),
            order=order,
            kind=np.where(is_in, bank.kind("incoming"), bank.kind("large_transfer")),
            amount_vnd=_amounts_vnd(bank, keys[owners], form[owners], leg, is_in, hop),
            fee_ppm=np.where(is_in, 0, bank.between(items, "fee", 0, 1) * FEE_PPM),
            counterparty=_partners(campaigns, bank, owners, form[owners], hop, leg, is_in),
            **self.marks(campaigns, ways, owners),
        )


def _column(name: str) -> Ints:
    return np.array([getattr(form, name) for form in _ALL], dtype=np.int64)


def _drawn(bank: SimulatedBank, keys: Keys, form: Ints, name: str) -> Ints:
    ends = _column(name)[form]
    return bank.between(keys, name, ends[:, 0], ends[:, 1])


def _amounts_vnd(  # noqa: PLR0913, PLR0917 - the columns of a campaign
    bank: SimulatedBank, keys: Keys, form: Ints, leg: Ints, is_in: Bools, hop: Ints
) -> Ints:
    """Return each payment's amount: outgoing payments move the incoming sum, less a million for fees."""
    paid_in, paid_out = _column("paid_in")[form], _column("paid_out")[form]
    first = leg // paid_out * paid_in
    gathered = _sum_million(bank, keys, form, first)
    gathered += np.where(paid_in > 1, _sum_million(bank, keys, form, first + 1), 0)
    million = np.where(is_in, _sum_million(bank, keys, form, leg), gathered // paid_out - 1) - hop
    return million * MILLION_VND


def _sum_million(bank: SimulatedBank, keys: Keys, form: Ints, number: Ints) -> Ints:
    ends = _column("million_vnd")[form]
    return bank.between(bank.with_number(bank.bits(keys, "sums"), number), "million", ends[:, 0], ends[:, 1])


def _partners(  # noqa: PLR0913, PLR0917 - the columns of a campaign
    campaigns: Campaigns, bank: SimulatedBank, owners: Ints, form: Ints, hop: Ints, leg: Ints, is_in: Bools
) -> Ints:
    """Return the senders and receivers: outsiders at both ends, the accounts of the chain in between."""
    keys = bank.bits(campaigns.keys, "senders")[owners]
    keys = np.where(is_in, keys, bank.bits(campaigns.keys, "receivers")[owners])
    some = leg % bank.between(keys, "partners", *PARTNERS)
    fans = ((form == FORMS.index(FAN_IN)) & is_in) | ((form == FORMS.index(FAN_OUT)) & ~is_in)
    outsiders = bank.counterparties(bank.with_number(keys, np.where(fans, leg, some)))
    neighbour = hop + np.where(is_in, -1, 1)
    inside = (neighbour >= 0) & (neighbour < _column("hops")[form])
    mules = bank.with_number(bank.bits(campaigns.keys, "mules")[owners], np.maximum(neighbour, 0))
    rows = bank.victims(mules, campaigns.start_ms[owners])
    return np.where(inside, bank.accounts_as_counterparties(rows), outsiders)


PATTERN: Final = MoneyLaundering()

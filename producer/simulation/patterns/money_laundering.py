"""Money laundering: at night a fortune passes through an account, or a chain of them, within minutes."""

from typing import ClassVar, Final, NamedTuple

import numpy as np

from fraudstream.domain.transaction import FraudType
from producer.simulation.draws import Bools, Ints, Keys, between, bits, with_number
from producer.simulation.kinds import CODES
from producer.simulation.merchants import ACCOUNT_BASE
from producer.simulation.patterns.base import RAPID_SPAN_MS, Campaigns, Pattern, Scene, mean_count
from producer.simulation.plans import Rows, plans, spread
from producer.simulation.rhythm import OFF_HOURS, Rhythm


class Form(NamedTuple):
    """How the money passes through.

    Each unit brings ``paid_in`` payments and sends ``paid_out``; an incoming payment is of
    ``million_vnd``. There are ``hops`` accounts, one after the other.
    """

    million_vnd: tuple[int, int]
    units: tuple[int, int] = (8, 12)
    few_units: tuple[int, int] = (4, 6)
    paid_in: int = 1
    paid_out: int = 1
    hops: int = 1


THROUGH: Final = Form((302, 1_000))
STRUCTURING: Final = Form((381, 399))
"""Each just under the 400 million VND that a bank in Vietnam must report (Decision 11/2023/QD-TTg)."""
FAN_IN: Final = Form((302, 480), units=(6, 8), few_units=(3, 4), paid_in=2)
FAN_OUT: Final = Form((680, 1_000), units=(6, 8), few_units=(3, 4), paid_out=2)
LAYERING: Final = Form((305, 1_000), units=(3, 4), few_units=(1, 2), hops=3)
SMALL: Final = Form((152, 290))
FORMS: Final = (THROUGH, STRUCTURING, FAN_IN, FAN_OUT, LAYERING)

PARTNERS: Final = (3, 6)
"""Senders or receivers of a campaign, each for itself."""
FEE_PPM: Final = 200
"""What a bank takes for a large transfer; 0 in every second one. The last million of a sum pays for it."""
MILLION_VND: Final = 1_000_000
FEW: Final = 1
SMALL_SUMS: Final = 2
WAYS: Final = 2

_ALL: Final = (*FORMS, SMALL)


class MoneyLaundering(Pattern):
    """16 to 24 payments of 300 million to 1 billion VND within 5 minutes, begun from 22:00 to 03:59.

    What goes out has come in before: one for one, gathered (fan-in), split (fan-out), just under
    the reporting threshold (structuring), or on through three accounts (layering). The subtle ones
    are either few (6 to 12) or small (150 to 290 million VND).
    """

    fraud_type: ClassVar[FraudType] = "money_laundering"
    rhythm: ClassVar[Rhythm] = OFF_HOURS

    def expected_transactions(self, subtle_share: float) -> float:
        """Return the mean length of a campaign."""
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

    def plan(self, campaigns: Campaigns, scene: Scene) -> Rows:
        """Bring the money in, and send it on."""
        keys = campaigns.keys
        ways = scene.ways(keys, WAYS)
        form = np.where(ways == SMALL_SUMS, len(FORMS), between(keys, "form", 0, len(FORMS) - 1))
        units = np.where(ways == FEW, _drawn(keys, form, "few_units"), _drawn(keys, form, "units"))
        per_hop = units * (_column("paid_in") + _column("paid_out"))[form]
        owners, order, time_ms = spread(
            keys, campaigns.start_ms, per_hop * _column("hops")[form], between(keys, "span", *RAPID_SPAN_MS)
        )
        hop, leg = order // per_hop[owners], order % per_hop[owners]
        is_in = leg < (units * _column("paid_in")[form])[owners]
        leg = np.where(is_in, leg, leg - (units * _column("paid_in")[form])[owners])
        items = with_number(keys[owners], order)
        rows = scene.victims(with_number(bits(keys, "mules")[owners], hop), campaigns.start_ms[owners])
        return plans(
            items,
            session=with_number(keys[owners], hop),
            time_ms=time_ms,
            row=rows,
            number=scene.population.rows["number"][rows],
            order=order,
            kind=np.where(is_in, CODES["incoming"], CODES["large_transfer"]),
            amount_vnd=_amounts_vnd(keys[owners], form[owners], leg, is_in, hop),
            fee_ppm=np.where(is_in, 0, between(items, "fee", 0, 1) * FEE_PPM),
            counterparty=_partners(campaigns, scene, owners, form[owners], hop, leg, is_in),
            **self.marks(campaigns, ways, owners),
        )


def _column(name: str) -> Ints:
    return np.array([getattr(form, name) for form in _ALL], dtype=np.int64)


def _drawn(keys: Keys, form: Ints, name: str) -> Ints:
    ends = _column(name)[form]
    return between(keys, name, ends[:, 0], ends[:, 1])


def _amounts_vnd(keys: Keys, form: Ints, leg: Ints, is_in: Bools, hop: Ints) -> Ints:
    """Return what each payment moves: what goes out is what came in, less a million for the fees."""
    paid_in, paid_out = _column("paid_in")[form], _column("paid_out")[form]
    first = leg // paid_out * paid_in
    gathered = _sum_million(keys, form, first)
    gathered += np.where(paid_in > 1, _sum_million(keys, form, first + 1), 0)
    million = np.where(is_in, _sum_million(keys, form, leg), gathered // paid_out - 1) - hop
    return million * MILLION_VND


def _sum_million(keys: Keys, form: Ints, number: Ints) -> Ints:
    ends = _column("million_vnd")[form]
    return between(with_number(bits(keys, "sums"), number), "million", ends[:, 0], ends[:, 1])


def _partners(  # noqa: PLR0913, PLR0917 - the columns of a campaign
    campaigns: Campaigns, scene: Scene, owners: Ints, form: Ints, hop: Ints, leg: Ints, is_in: Bools
) -> Ints:
    """Return who sends or receives: outsiders at both ends, and the accounts of the chain between them."""
    keys = bits(campaigns.keys, "senders")[owners]
    keys = np.where(is_in, keys, bits(campaigns.keys, "receivers")[owners])
    some = leg % between(keys, "partners", *PARTNERS)
    fans = ((form == FORMS.index(FAN_IN)) & is_in) | ((form == FORMS.index(FAN_OUT)) & ~is_in)
    outsiders = scene.market.counterparty(with_number(keys, np.where(fans, leg, some)))
    neighbour = hop + np.where(is_in, -1, 1)
    inside = (neighbour >= 0) & (neighbour < _column("hops")[form])
    mules = with_number(bits(campaigns.keys, "mules")[owners], np.maximum(neighbour, 0))
    rows = scene.victims(mules, campaigns.start_ms[owners])
    return np.where(inside, ACCOUNT_BASE + scene.population.rows["number"][rows], outsiders)

"""Amounts and fees of planned transactions, before the balance is considered."""

from typing import Final, NamedTuple

import numpy as np

from fraudstream.domain.arrays import Bools, Ints, Rows
from producer.simulation.draws import between, chance, lognormal
from producer.simulation.episodes import FOREIGN_COUNTRIES
from producer.simulation.kinds import CATEGORY_FACTORS, CODES, FACTORS, HAS_MERCHANT, INCOMING, SIGMAS
from producer.simulation.merchants import Market
from producer.simulation.money import cash_vnd, price_vnd, round_sum_vnd, shop_price_vnd
from producer.simulation.options import TrafficOptions
from producer.simulation.plans import NONE, taken

TRANSFER_FEES_VND: Final = np.array([0, 0, 0, 3_300, 5_500, 7_700])
ATM_FEES_VND: Final = np.array([0, 1_100, 3_300])
FEE_BY_SHARE: Final = 0.1
"""Share of transfers whose fee is a share of the amount instead of flat, as at a few banks."""
SHARE_FEE_PPM: Final = (0, 1_000)
FOREIGN_AMOUNT_THOUSAND_VND: Final = (15, 250)
FOREIGN_FEE_PPM: Final = (30_000, 180_000)
"""A card fee abroad has a minimum, which is a large share of a small amount."""
INTERNATIONAL_FEE_PPM: Final = (10_000, 40_000)

EXTREME_LOW_VND: Final = 1_000
EXTREME_HIGH_BILLION_VND: Final = (10, 1_000)

_PAID_TO_MERCHANTS: Final = ("purchase_by_card", "purchase_in_app", "foreign")
_SENT: Final = ("transfer", "large_transfer")


class Prices(NamedTuple):
    """Amount and fees of each planned transaction; ``fee_vnd`` and ``fee_ppm`` of the amount add up."""

    amount_vnd: Ints
    fee_vnd: Ints
    fee_ppm: Ints
    merchant: Ints
    country: Ints
    extreme: Bools


def priced(planned: Rows, owners: Rows, market: Market, options: TrafficOptions) -> Prices:
    """Fill in what the plans leave open; ``owners`` are the accounts of the plans, row by row."""
    kind, keys = planned["kind"], planned["key"]
    usual = HAS_MERCHANT[kind] & (planned["merchant"] == NONE)
    merchant = planned["merchant"].copy()
    merchant[usual] = market.usual_merchant(taken(owners, usual), keys[usual])
    country = np.maximum(planned["country"], 0)
    abroad = (kind == CODES["foreign"]) & (planned["country"] == NONE)
    country[abroad] = between(keys[abroad], "country", 1, len(FOREIGN_COUNTRIES))
    fee_vnd, fee_ppm = _fees(planned)
    amount = np.where(
        planned["amount_vnd"] == NONE, _usual_vnd(planned, owners, merchant), planned["amount_vnd"]
    )
    if options.international_share:
        abroad = _honest(planned, _PAID_TO_MERCHANTS) & chance(
            keys, "international", options.international_share
        )
        country[abroad] = between(keys[abroad], "country", 1, len(FOREIGN_COUNTRIES))
        fee_ppm[abroad] = between(keys[abroad], "international fee", *INTERNATIONAL_FEE_PPM)
    extreme = ~INCOMING[kind] & (planned["fraud"] == NONE) & chance(keys, "extreme", options.extreme_share)
    high = between(keys, "extreme amount", *EXTREME_HIGH_BILLION_VND) * 1_000_000_000
    amount[extreme] = np.where(chance(keys, "high", 0.5), high, EXTREME_LOW_VND)[extreme]
    return Prices(amount, fee_vnd, fee_ppm, merchant, country, extreme)


def _honest(planned: Rows, names: tuple[str, ...]) -> Bools:
    honest: Bools = (planned["fraud"] == NONE) & np.isin(planned["kind"], [CODES[name] for name in names])
    return honest


def _usual_vnd(planned: Rows, owners: Rows, merchant: Ints) -> Ints:
    kind, keys = planned["kind"], planned["key"]
    raw = np.where(INCOMING[kind], owners["receipt_vnd"], owners["usual_vnd"]) * FACTORS[kind]
    raw = raw * np.where(merchant == NONE, 1.0, CATEGORY_FACTORS[merchant % len(CATEGORY_FACTORS)])
    for sigma in set(SIGMAS) - {0.0}:
        wide = np.flatnonzero(np.array(SIGMAS)[kind] == sigma)
        raw[wide] = raw[wide] * lognormal(keys[wide], "amount", sigma)
    amount = raw.astype(np.int64)
    found = price_vnd(amount)
    for name, rounded in (("transfer", round_sum_vnd), ("incoming", round_sum_vnd), ("withdrawal", cash_vnd)):
        of_kind = np.flatnonzero(kind == CODES[name])
        found[of_kind] = rounded(amount[of_kind])
    sold = np.flatnonzero(np.isin(kind, [CODES[name] for name in _PAID_TO_MERCHANTS]))
    found[sold] = shop_price_vnd(keys[sold], amount[sold])
    foreign = np.flatnonzero(kind == CODES["foreign"])
    found[foreign] = between(keys[foreign], "foreign amount", *FOREIGN_AMOUNT_THOUSAND_VND) * 1_000
    return found


def _fees(planned: Rows) -> tuple[Ints, Ints]:
    kind, keys = planned["kind"], planned["key"]
    fee_vnd = np.zeros(len(planned), np.int64)
    fee_ppm = np.maximum(planned["fee_ppm"], 0)
    is_open = planned["fee_ppm"] == NONE
    sent = np.flatnonzero(is_open & np.isin(kind, [CODES[name] for name in _SENT]))
    by_share = chance(keys[sent], "by share", FEE_BY_SHARE)
    flat = TRANSFER_FEES_VND[between(keys[sent], "flat fee", 0, len(TRANSFER_FEES_VND) - 1)]
    fee_vnd[sent] = np.where(by_share, 0, flat)
    fee_ppm[sent] = np.where(by_share, between(keys[sent], "share fee", *SHARE_FEE_PPM), 0)
    atm = np.flatnonzero(is_open & (kind == CODES["withdrawal"]))
    fee_vnd[atm] = ATM_FEES_VND[between(keys[atm], "atm fee", 0, len(ATM_FEES_VND) - 1)]
    foreign = np.flatnonzero(is_open & (kind == CODES["foreign"]))
    fee_ppm[foreign] = between(keys[foreign], "foreign fee", *FOREIGN_FEE_PPM)
    return fee_vnd, fee_ppm

"""Fields of finished transactions: accounts, places, devices and outcomes."""

from typing import Final, NamedTuple

import numpy as np

from fraudstream.domain.arrays import Ints, Rows
from producer.simulation.amounts import Prices
from producer.simulation.block import COUNTRIES, CURRENCIES, STATUSES, empty_rows
from producer.simulation.devices import failures, signed_in
from producer.simulation.draws import between, chance
from producer.simulation.kinds import (
    CHANNEL_CODES,
    CHANNELS,
    CODES,
    HAS_COUNTERPARTY,
    HAS_DEVICE,
    HAS_MERCHANT,
    HAS_PLACE,
    TYPE_CODES,
)
from producer.simulation.ledger import ranks_within
from producer.simulation.merchants import CATEGORIES, Market
from producer.simulation.options import TrafficOptions
from producer.simulation.places import near, whereabouts
from producer.simulation.plans import NONE, taken

WEB_CUSTOMERS_SHARE: Final = 0.25
WEB_SHARE: Final = 0.8
"""Share of a web customer's transfers that are made in a browser; all other transfers are made by phone."""
OPTIONAL: Final = (
    "customer", "type", "channel", "fee_vnd", "counterparty", "merchant", "category", "city", "latitude",
    "longitude", "device", "failures", "loans_vnd", "made", "npl", "status", "currency", "country",
)  # fmt: skip


class SettledPlans(NamedTuple):
    """Planned transactions, their prices and their outcomes, row by row."""

    planned: Rows
    owners: Rows
    """The accounts as they were before; only their constant columns are read."""
    prices: Prices
    settled: Rows


def finished(outcome: SettledPlans, accounts: Rows, market: Market, options: TrafficOptions) -> Rows:
    """Return the transactions, not yet numbered; adds their sign-ins to ``accounts``."""
    planned, owners, prices, settled = outcome
    rows = empty_rows(len(planned))
    kind, keys = settled["kind"], planned["key"]
    for name in ("time_ms", "fraud", "campaign", "subtle", "event"):
        rows[name] = planned[name]
    for name in ("amount_vnd", "fee_vnd", "loans_vnd", "balance_vnd"):
        rows[name] = settled[name]
    rows["account"] = rows["customer"] = planned["number"]
    rows["overdraft_vnd"] = owners["overdraft_vnd"]
    rows["made"] = settled["number"]
    rows["type"] = TYPE_CODES[kind]
    by_web = (kind == CODES["transfer"]) & chance(owners["key"], "web customer", WEB_CUSTOMERS_SHARE)
    by_web &= chance(keys, "web", WEB_SHARE)
    rows["channel"] = np.where(by_web, CHANNELS.index("web"), CHANNEL_CODES[kind])
    rows["merchant"] = np.where(HAS_MERCHANT[kind], prices.merchant, NONE)
    rows["category"] = np.where(HAS_MERCHANT[kind], prices.merchant % len(CATEGORIES), NONE)
    rows["counterparty"] = _counterparties(planned, kind, owners, market)
    rows["npl"] = np.where(planned["npl"] == NONE, owners["npl"], planned["npl"])
    rows["status"] = np.where(settled["declined"], STATUSES.index("declined"), STATUSES.index("completed"))
    abroad = chance(keys, "foreign currency", options.foreign_currency_share)
    rows["currency"] = np.where(abroad, between(keys, "currency", 1, len(CURRENCIES) - 1), 0)
    rows["country"] = np.minimum(prices.country, len(COUNTRIES) - 1)
    _set_places(rows, planned, kind, owners)
    _set_devices(rows, planned, kind, accounts)
    if options.missing_share:
        for name in OPTIONAL:
            rows[name][chance(keys, f"missing {name}", options.missing_share)] = NONE
    return rows


def _counterparties(planned: Rows, kind: Ints, owners: Rows, market: Market) -> Ints:
    keys = planned["key"]
    found = np.where(HAS_COUNTERPARTY[kind], planned["counterparty"], NONE)
    is_open = HAS_COUNTERPARTY[kind] & (planned["counterparty"] == NONE)
    for name, purpose in (("bill", "bills"), ("salary", "employer")):
        fixed = np.flatnonzero(is_open & (kind == CODES[name]))
        found[fixed] = market.fixed_counterparty(taken(owners, fixed), purpose)
    buyers = np.flatnonzero(is_open & (kind == CODES["qr_sale"]))
    found[buyers] = market.counterparty(keys[buyers])
    usual = np.flatnonzero(is_open & np.isin(kind, [CODES[name] for name in ("transfer", "incoming")]))
    found[usual] = market.usual_counterparty(taken(owners, usual), keys[usual])
    return found


def _set_places(rows: Rows, planned: Rows, kind: Ints, owners: Rows) -> None:
    own = np.flatnonzero(HAS_PLACE[kind] & (planned["city"] == NONE))
    places, under_way = whereabouts(taken(owners, own), planned["time_ms"][own])
    for name, values in zip(("city", "latitude", "longitude"), places, strict=True):
        rows[name][own] = np.where(under_way, NONE, values)
    strange = np.flatnonzero(HAS_PLACE[kind] & (planned["city"] != NONE))
    places = near(planned["session"][strange], planned["city"][strange])
    for name, values in zip(("city", "latitude", "longitude"), places, strict=True):
        rows[name][strange] = values


def _set_devices(rows: Rows, planned: Rows, kind: Ints, accounts: Rows) -> None:
    used = HAS_DEVICE[kind]
    own = np.flatnonzero(used & (planned["device"] == NONE))
    row = planned["row"][own]
    if len(own):
        sign_ins = accounts["sign_ins"][row] + ranks_within(row)
        accounts["sign_ins"] += np.bincount(row, minlength=len(accounts))
        device, is_new = signed_in(taken(accounts, row), planned["session"][own], sign_ins)
        rows["device"][own] = device
        rows["failures"][own] = failures(planned["key"][own], is_new)
    strange = used & (planned["device"] != NONE)
    rows["device"][strange] = planned["device"][strange]
    rows["failures"][strange] = planned["failures"][strange]

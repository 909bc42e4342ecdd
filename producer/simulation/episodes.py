"""Episodes: sequences of honest transactions that look like fraud.

Bursts of small payments, houses and tuition, payments on pay-day, flash sales. (New phones are in `devices`,
travel in `places`, night workers and shared tablets in `population`.) Figures are chosen by hand.
"""

from typing import Final

import numpy as np

from fraudstream.domain.arrays import Ints, Keys, Rows
from fraudstream.domain.duration import DAY_MS, HOUR_MS, MINUTE_MS
from producer.simulation.draws import between, bits, chance, fractions, log_uniform, seed_key, with_number
from producer.simulation.kinds import CODES
from producer.simulation.merchants import Market
from producer.simulation.money import price_vnd, round_sum_vnd
from producer.simulation.plans import NONE, joined, plans, spread, taken
from producer.simulation.population import MORTGAGE_VND, Population
from producer.simulation.rhythm import VIETNAM_OFFSET_MS, pay_day_offsets

BURST_SHARE: Final = 0.003
"""Share of visits that are bursts; with 13 payments each, about 4 % of the honest transactions."""
BURST_TRANSACTIONS: Final = (8, 18)
BURST_SPAN_MS: Final = (2 * MINUTE_MS, 5 * MINUTE_MS - 1)
BURST_AMOUNT_THOUSAND_VND: Final = (10, 100)
BURST_KINDS: Final = ("toll", "game", "qr_sale")
FOREIGN_COUNTRIES: Final = ("SG", "US", "JP", "KR", "TH")
GAME_FEE_PPM: Final = (10_000, 60_000)

PURCHASE_SHARE: Final = 0.003
"""Share of visits that pay for a house or for tuition; the money comes in first."""
PURCHASE_VND: Final = (100_000_000, 800_000_000)
PURCHASE_GAP_MS: Final = (5 * MINUTE_MS, 20 * HOUR_MS)
LOAN_OF_PURCHASES: Final = 0.5
"""Share of those payments that are financed by a loan."""

PAY_HOUR_MS: Final = (8 * HOUR_MS, 17 * HOUR_MS)
ROUND_SHARE: Final = 0.35
"""Share of salaries that are passed on at once: rent, family, debts, savings."""
ROUND_TRANSACTIONS: Final = (4, 9)
ROUND_SPAN_MS: Final = (5 * MINUTE_MS, 15 * MINUTE_MS)
ROUND_PERMILLE: Final = (15, 90)
"""Size of each of those payments, in thousandths of the salary."""
SALARY_TRANSACTIONS: Final = 1 + ROUND_SHARE * sum(ROUND_TRANSACTIONS) / 2

SALE_EVERY_DAYS: Final = 3
SALE_CUSTOMERS_SHARE: Final = 40
"""One in this many accounts buys in a flash sale."""
SALE_LEAST_CUSTOMERS: Final = 8
SALE_MOST_CUSTOMERS: Final = 400
SALE_SPAN_MS: Final = (2 * MINUTE_MS, 6 * MINUTE_MS)
SALE_HOURS: Final = (10, 22)
SALE_PRICE_THOUSAND_VND: Final = (9, 399)


def transactions_per_visit(high_value_share: float) -> float:
    """Return the average number of transactions in a visit."""
    purchases = min(PURCHASE_SHARE + high_value_share, 1 - BURST_SHARE)
    return 1 + BURST_SHARE * (sum(BURST_TRANSACTIONS) / 2 - 1) + purchases


def with_episodes(visited: Rows, market: Market, high_value_share: float) -> Rows:
    """Turn some visits into bursts and large purchases, whose transactions may end in a later stretch.

    ``high_value_share`` of the visits become large purchases besides the usual ones.
    """
    drawn = fractions(visited["key"], "episode")
    is_burst = drawn < BURST_SHARE
    is_purchase = ~is_burst & (drawn < BURST_SHARE + PURCHASE_SHARE + high_value_share)
    ordinary = taken(visited, ~(is_burst | is_purchase))
    bursts = _bursts(taken(visited, is_burst), market)
    return joined([ordinary, bursts, _purchases(taken(visited, is_purchase), market)])


def _bursts(starts: Rows, market: Market) -> Rows:
    keys = starts["key"]
    count = between(keys, "burst", *BURST_TRANSACTIONS)
    owners, order, time_ms = spread(keys, starts["time_ms"], count, between(keys, "span", *BURST_SPAN_MS))
    form = between(keys, "form", 0, len(BURST_KINDS) - 1)
    kind = np.array([CODES[name] for name in BURST_KINDS])[form]
    country = np.where(
        form == BURST_KINDS.index("game"), between(keys, "country", 0, len(FOREIGN_COUNTRIES)), 0
    )
    games = market.merchant_in(keys, "games")
    merchant = np.where(form == 0, market.merchant_in(keys, "toll"), np.where(form == 1, games, NONE))
    items = with_number(keys[owners], order)
    burst = plans(
        items,
        session=keys[owners],
        time_ms=time_ms,
        order=order,
        kind=kind[owners],
        merchant=merchant[owners],
        country=country[owners],
        amount_vnd=between(items, "amount", *BURST_AMOUNT_THOUSAND_VND) * 1_000,
        fee_ppm=np.where(country > 0, between(keys, "fee", *GAME_FEE_PPM), 0)[owners],
    )
    return _of_accounts(burst, starts, owners)


def _purchases(starts: Rows, market: Market) -> Rows:
    keys = starts["key"]
    by_loan = chance(keys, "by loan", LOAN_OF_PURCHASES)
    saved = between(keys, "purchase", *(end // 1_000_000 for end in PURCHASE_VND)) * 1_000_000
    loan = price_vnd(log_uniform(keys, "house", *MORTGAGE_VND).astype(np.int64))
    amount = np.where(by_loan, loan, saved)
    paid_in = plans(
        with_number(keys, np.zeros(len(keys), np.int64)),
        time_ms=starts["time_ms"],
        kind=np.where(by_loan, CODES["loan"], CODES["incoming"]),
        amount_vnd=amount,
    )
    paid_out = plans(
        with_number(keys, np.ones(len(keys), np.int64)),
        time_ms=starts["time_ms"] + between(keys, "gap", *PURCHASE_GAP_MS),
        kind=CODES["large_transfer"],
        amount_vnd=amount,
        counterparty=market.counterparty(keys),
    )
    owners = np.arange(len(keys))
    return joined([_of_accounts(paid_in, starts, owners), _of_accounts(paid_out, starts, owners)])


def _of_accounts(made: Rows, starts: Rows, owners: Ints) -> Rows:
    made["row"], made["number"] = starts["row"][owners], starts["number"][owners]
    return made


def pay_days(population: Population, start_ms: int, end_ms: int) -> Rows:
    """Return the salaries paid in this period, and the payments that follow at once."""
    days = np.arange((start_ms + VIETNAM_OFFSET_MS) // DAY_MS, (end_ms - 1 + VIETNAM_OFFSET_MS) // DAY_MS + 1)
    offsets = pay_day_offsets(days)
    paid = population.rows["salaried"][:, None] & (population.rows["pay_day"][:, None] == offsets)
    rows, places = np.nonzero(paid)
    owners = population.rows[rows]
    keys = with_number(bits(owners["key"], "salary of"), days[places])
    time_ms = days[places] * DAY_MS - VIETNAM_OFFSET_MS + between(keys, "time", *PAY_HOUR_MS)
    hours = time_ms // HOUR_MS
    due = (time_ms >= start_ms) & (time_ms < end_ms)
    due &= (owners["opened_hour"] <= hours) & (hours < owners["closes_hour"])
    salaries = plans(
        keys[due],
        time_ms=time_ms[due],
        row=rows[due],
        number=owners["number"][due],
        kind=CODES["salary"],
        amount_vnd=owners["salary_vnd"][due],
    )
    return joined([salaries, _rounds(salaries)])


def _rounds(salaries: Rows) -> Rows:
    starts = salaries[chance(salaries["key"], "round", ROUND_SHARE)]
    keys = bits(starts["key"], "round of payments")
    count = between(keys, "count", *ROUND_TRANSACTIONS)
    after_ms = starts["time_ms"] + between(keys, "wait", MINUTE_MS, 10 * MINUTE_MS)
    owners, order, time_ms = spread(keys, after_ms, count, between(keys, "span", *ROUND_SPAN_MS))
    items = with_number(keys[owners], order)
    share = between(items, "share", *ROUND_PERMILLE)
    rounds = plans(
        items,
        session=keys[owners],
        time_ms=time_ms,
        order=order,
        kind=np.where(chance(items, "bill", 0.3), CODES["bill"], CODES["transfer"]),
        amount_vnd=round_sum_vnd(starts["amount_vnd"][owners] * share // 1000),
    )
    return _of_accounts(rounds, starts, owners)


def sale_customers(accounts: int) -> int:
    """Return the number of customers of a flash sale; 0 for a bank that is too small for sales."""
    customers = min(accounts // SALE_CUSTOMERS_SHARE, SALE_MOST_CUSTOMERS)
    return customers if customers >= SALE_LEAST_CUSTOMERS else 0


class FlashSales:
    """Sales of one merchant to many customers within minutes, one sale every three days."""

    def __init__(self, seed: int, population: Population, market: Market) -> None:
        self._key = seed_key(seed, "flash sale")
        self._population = population
        self._market = market
        self._customers = sale_customers(len(population))

    def between(self, start_ms: int, end_ms: int) -> Rows:
        """Return the purchases of the sales that begin in this period."""
        span_ms = SALE_EVERY_DAYS * DAY_MS
        number = np.arange(start_ms // span_ms, (end_ms - 1) // span_ms + 1)
        keys = with_number(self._key, number)
        day_ms = number * span_ms + between(keys, "day", 0, SALE_EVERY_DAYS - 1) * DAY_MS
        hour_ms = between(keys, "hour", *(hour * HOUR_MS for hour in SALE_HOURS))
        begin_ms = day_ms + hour_ms - VIETNAM_OFFSET_MS
        due = (begin_ms >= start_ms) & (begin_ms < end_ms)
        return self._purchases(keys[due], number[due], begin_ms[due])

    def _purchases(self, keys: Keys, number: Ints, begin_ms: Ints) -> Rows:
        count = np.full(len(keys), self._customers)
        owners, order, time_ms = spread(keys, begin_ms, count, between(keys, "span", *SALE_SPAN_MS))
        items = with_number(keys[owners], order)
        # About every 40th slot, starting at a place drawn for each sale, so that nobody buys twice.
        stride = len(self._population) // max(self._customers, 1)
        slots = (order * stride + between(keys, "first", 0, len(self._population) - 1)[owners]) % len(
            self._population
        )
        rows = self._population.row_of(slots, begin_ms[owners] // HOUR_MS)
        return plans(
            items,
            time_ms=time_ms,
            order=order,
            row=rows,
            number=self._population.rows["number"][rows],
            kind=CODES["purchase_in_app"],
            merchant=self._market.merchant(keys)[owners],
            amount_vnd=between(keys, "price", *SALE_PRICE_THOUSAND_VND)[owners] * 1_000,
            event=number[owners],
        )

"""Endless labelled bank traffic: seeded, in event-time order, in constant memory.

Time is simulated in stretches of whole hours. Everything is drawn for an account and an hour, or for a
numbered event of the whole bank, so the length of the stretches does not affect the stream.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final, NamedTuple

import numpy as np

from fraudstream.domain.arrays import Keys, Rows
from fraudstream.domain.duration import HOUR_MS
from fraudstream.domain.patterns import fraud_patterns
from fraudstream.domain.patterns.fraud_pattern import Campaigns, FraudPattern
from fraudstream.domain.transaction import Label, Transaction
from producer.simulation.amounts import priced
from producer.simulation.block import ROW, Block
from producer.simulation.columns import SettledPlans, finished
from producer.simulation.draws import fractions, seed_key, with_number
from producer.simulation.emission import Emission
from producer.simulation.episodes import FlashSales, pay_days, with_episodes
from producer.simulation.ledger import settle
from producer.simulation.merchants import Market
from producer.simulation.options import TrafficOptions
from producer.simulation.plans import PLAN, in_order, joined, taken
from producer.simulation.population import Population
from producer.simulation.rates import Rates
from producer.simulation.rhythm import OF_CAMPAIGNS
from producer.simulation.scene import Scene
from producer.simulation.visits import visits

STRETCH_TRANSACTIONS: Final = 16_384
"""Approximate number of transactions that are simulated at once; enough for numpy to be fast."""
BLOCK_TRANSACTIONS: Final = 4 * STRETCH_TRANSACTIONS
STRETCH_CELLS: Final = 1 << 18
"""Most accounts times hours that are simulated at once, but always at least one hour."""


class LabelledTransaction(NamedTuple):
    """A transaction and its label."""

    transaction: Transaction
    label: Label


def generate(options: TrafficOptions) -> Iterator[LabelledTransaction]:
    """Yield endless traffic in event-time order; the same options give the same stream, byte for byte.

    Late transactions and duplicates, if requested, are the exception to the order.
    """
    for block in blocks(options):
        for transaction, label in block.transactions():
            yield LabelledTransaction(transaction, label)


def blocks(options: TrafficOptions, stretch_transactions: int = STRETCH_TRANSACTIONS) -> Iterator[Block]:
    """Yield the same endless traffic in blocks, none of them empty.

    They have about ``stretch_transactions`` transactions, the first ones fewer; the stream does not depend on
    it.
    """
    traffic = _Traffic(options)
    hours, first_hour = 1, options.start_ms // HOUR_MS
    per_hour = options.accounts * options.transactions_per_account_per_day / 24
    most_hours = max(1, min(int(stretch_transactions / per_hour), STRETCH_CELLS // options.accounts))
    while True:
        for rows in traffic.stretch(first_hour, first_hour + hours):
            if len(rows):
                yield Block(options.seed, options.label_delay // timedelta(milliseconds=1), rows)
        first_hour += hours
        hours = min(2 * hours, most_hours)


class CampaignSchedule:
    """Start times of a pattern's campaigns: even on average, each at a random moment of its interval."""

    def __init__(self, pattern: FraudPattern, per_day: float, key: Keys, start_ms: int) -> None:
        self._rhythm = OF_CAMPAIGNS[pattern.rhythm]
        self._per_day = per_day
        self._key = key
        self._origin = self._rhythm.activity(start_ms)

    def between(self, start_ms: int, end_ms: int) -> Campaigns:
        """Return the campaigns that start from ``start_ms`` until before ``end_ms``."""
        first, end = (self._intervals(time_ms) for time_ms in (start_ms, end_ms))
        numbers = np.arange(max(0, int(first) - 1), int(end) + 2 if self._per_day else 0)
        keys = with_number(self._key, numbers)
        activity = self._origin + (numbers + fractions(keys, "start")) / (self._per_day or 1.0)
        times_ms = self._rhythm.times_ms(activity)
        due = (times_ms >= start_ms) & (times_ms < end_ms)
        return Campaigns(keys[due], numbers[due], times_ms[due])

    def _intervals(self, time_ms: int) -> float:
        return (self._rhythm.activity(time_ms) - self._origin) * self._per_day


class _Traffic:
    """State of a stream: the accounts, the pending transactions, and the last number assigned."""

    def __init__(self, options: TrafficOptions) -> None:
        self._options = options
        rates = Rates(options)
        first_hour = options.start_ms // HOUR_MS
        self._population = Population(
            options.seed, options.accounts, first_hour, rates.visits_per_day, rates.salaried_share
        )
        self._market = Market(options.accounts)
        self._scene = Scene(self._population, self._market, options.subtle_share)
        self._sales = FlashSales(options.seed, self._population, self._market)
        self._schedules = [
            CampaignSchedule(
                pattern,
                rates.campaigns_per_day(pattern),
                seed_key(options.seed, pattern.fraud_type),
                options.start_ms,
            )
            for pattern in fraud_patterns()
        ]
        self._pending: Rows = np.zeros(0, PLAN)
        self._emission = Emission(options)
        self._made = 0

    def stretch(self, first_hour: int, end_hour: int) -> Iterator[Rows]:
        """Simulate these hours, which must follow the previous ones."""
        population, options = self._population, self._options
        start_ms, end_ms = first_hour * HOUR_MS, end_hour * HOUR_MS
        population.advance(end_hour)
        planned = joined([
            self._pending,
            with_episodes(
                visits(population, first_hour, end_hour), self._market, options.high_value_share
            ),
            pay_days(population, start_ms, end_ms),
            self._sales.between(start_ms, end_ms),
            *self._campaigns(start_ms, end_ms),
        ])  # fmt: skip
        is_due = planned["time_ms"] < end_ms
        self._pending = taken(planned, ~is_due)
        due = in_order(taken(planned, is_due & (planned["time_ms"] >= options.start_ms)))
        # In parts, so that even the busiest hour of a large bank takes little memory.
        for first in range(0, len(due), BLOCK_TRANSACTIONS):
            part = due[first : first + BLOCK_TRANSACTIONS]
            yield self._emission.due(self._finished(part), int(part["time_ms"][-1]))
        yield self._emission.due(np.zeros(0, ROW), end_ms)
        population.forget(end_hour, self._pending)

    def _campaigns(self, start_ms: int, end_ms: int) -> list[Rows]:
        planned = []
        for pattern, schedule in zip(fraud_patterns(), self._schedules, strict=True):
            ahead_ms = pattern.hours_ahead * HOUR_MS
            # The first stretch also plans what earlier ones would have planned: the stream has no ramp-up.
            first_ms = start_ms + ahead_ms if start_ms > self._options.start_ms else self._options.start_ms
            planned.append(pattern.plan(schedule.between(first_ms, end_ms + ahead_ms), self._scene))
        return planned

    def _finished(self, due: Rows) -> Rows:
        accounts, options = self._population.rows, self._options
        owners = taken(accounts, due["row"])
        prices = priced(due, owners, self._market, options)
        settled = settle(due, accounts, prices, options.declined_share)
        rows = finished(SettledPlans(due, owners, prices, settled), accounts, self._market, options)
        rows["id"] = self._made + 1 + np.arange(len(rows))
        self._made += len(rows)
        return rows

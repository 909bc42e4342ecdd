"""Daily rates of visits, salaries, sales and campaigns, which add up to the requested traffic."""

from dataclasses import replace
from typing import Final

import numpy as np

from fraudstream.domain.arrays import Floats, Ints
from fraudstream.domain.duration import DAY_MS, HOUR_MS
from fraudstream.domain.patterns import fraud_patterns
from fraudstream.domain.patterns.fraud_pattern import FraudPattern
from producer.simulation.episodes import (
    SALARY_TRANSACTIONS,
    SALE_EVERY_DAYS,
    sale_customers,
    transactions_per_visit,
)
from producer.simulation.options import TrafficOptions
from producer.simulation.population import NIGHT_WORKER_SHARE, PAY_DAY_ENDS, PAY_DAY_OFFSETS
from producer.simulation.rhythm import (
    DAYS_PER_MONTH,
    HOURS_PER_DAY,
    OF_CAMPAIGNS,
    OFFICE_HOURS,
    day_weights,
    pay_day_offsets,
    vietnam_day,
)
from producer.simulation.visits import hourly_weights

SALARIED_SHARE: Final = 0.85
"""Share of accounts that get a salary, unless they have too little traffic for it."""
MAX_SALARY_TRAFFIC: Final = 0.2
"""Most of the honest traffic that salaries, and the payments made from them at once, may be."""
MIN_CAMPAIGNS_PER_DAY: Final = 1e-6
"""A pattern that starts less often, about once in 2,700 years, does not occur: its times would overflow."""
_STEP_HOURS: Final = 8_760


class Rates:
    """Means per account and day, derived from the options."""

    def __init__(self, options: TrafficOptions) -> None:
        self._options = options
        rate = options.transactions_per_account_per_day
        honest = rate * (1 - options.fraud_share)
        salary = SALARY_TRANSACTIONS / DAYS_PER_MONTH
        self.salaried_share = min(SALARIED_SHARE, MAX_SALARY_TRAFFIC * honest / salary)
        self._salary = self.salaried_share * SALARY_TRANSACTIONS
        self._sale = sale_customers(options.accounts) / SALE_EVERY_DAYS / options.accounts
        self._per_visit = transactions_per_visit(options.high_value_share)
        self._before_fraud = sum(
            self.campaigns_per_day(pattern) * pattern.honest_transactions_before / options.accounts
            for pattern in fraud_patterns()
        )
        others = self.salaried_share * salary + self._sale + self._before_fraud
        # If nearly all traffic is loan fraud, the honest transactions before it would exceed what is left.
        self.visits_per_day = max(0.0, honest - others) / self._per_visit

    def campaigns_per_day(self, pattern: FraudPattern) -> float:
        """Return how many campaigns of a pattern start per day in the whole bank."""
        options = self._options
        share = options.fraud_share * options.fraud_mix.get(pattern.fraud_type, 0)
        transactions = share * options.accounts * options.transactions_per_account_per_day
        per_day = transactions / pattern.expected_transactions(options.subtle_share)
        return per_day if per_day >= MIN_CAMPAIGNS_PER_DAY else 0.0

    def transactions(self, first_hour: int, end_hour: int) -> Floats:
        """Return the mean number of transactions of the whole bank in each of these hours since 1970."""
        hours = np.arange(first_hour, end_hour)
        days, in_day = vietnam_day(hours * HOUR_MS), (hours + 7) % HOURS_PER_DAY
        by_day, by_night = hourly_weights(first_hour, end_hour)
        visits = (1 - NIGHT_WORKER_SHARE) * by_day + NIGHT_WORKER_SHARE * by_night
        salaries = _pay_day_shares(days) * OFFICE_HOURS.shares[in_day]
        even = (self._sale + self._before_fraud) / HOURS_PER_DAY
        honest = self.visits_per_day * self._per_visit * visits + self._salary * salaries + even
        weights = day_weights(days)
        total: Floats = honest * self._options.accounts
        for pattern in fraud_patterns():
            length = pattern.expected_transactions(self._options.subtle_share)
            per_day = self.campaigns_per_day(pattern) * length * weights
            total = total + per_day * OF_CAMPAIGNS[pattern.rhythm].shares[in_day]
        return total


def _pay_day_shares(days: Ints) -> Floats:
    shares = np.zeros(len(days))
    weights = np.diff(PAY_DAY_ENDS, prepend=0)
    offsets = pay_day_offsets(days)
    for offset, weight in zip(PAY_DAY_OFFSETS, weights, strict=True):
        shares[offsets == offset] = weight / PAY_DAY_ENDS[-1]
    return shares


def simulated_span_ms(options: TrafficOptions, count: int) -> int:
    """Return the event time that the first ``count`` transactions span on average.

    Raises ``ValueError`` for a negative count.
    """
    if count < 0:
        msg = f"count={count}: give 0 or more"
        raise ValueError(msg)
    rates = Rates(options)
    left, now_ms = float(count), options.start_ms
    while True:
        first = now_ms // HOUR_MS
        sums = np.cumsum(rates.transactions(first, first + _STEP_HOURS))
        into = float(sums[0]) * (now_ms % HOUR_MS) / HOUR_MS
        if left + into <= sums[-1]:
            return _at(sums, left + into) + first * HOUR_MS - options.start_ms
        left -= float(sums[-1]) - into
        now_ms = (first + _STEP_HOURS) * HOUR_MS


def ending_at(options: TrafficOptions, count: int, end_ms: int) -> TrafficOptions:
    """Return the options with a start from which ``count`` transactions end at about ``end_ms``.

    Raises ``ValueError`` if the start would be before 1970.
    """
    rates = Rates(options)
    end_hour = -(-end_ms // HOUR_MS)
    left = (
        float(count)
        + float(rates.transactions(end_hour - 1, end_hour)[0]) * (end_hour * HOUR_MS - end_ms) / HOUR_MS
    )
    while True:
        # Backwards in time: the last hour comes first.
        sums = np.cumsum(rates.transactions(end_hour - _STEP_HOURS, end_hour)[::-1])
        if left <= sums[-1] or end_hour * HOUR_MS < -DAY_MS:
            return replace(options, start_ms=end_hour * HOUR_MS - _at(sums, left))
        left -= float(sums[-1])
        end_hour -= _STEP_HOURS


def _at(sums: Floats, count: float) -> int:
    """Return the milliseconds until ``count`` is reached; ``sums`` are running sums at the ends of hours."""
    hour = min(int(np.searchsorted(sums, count)), len(sums) - 1)
    before = float(sums[hour - 1]) if hour else 0.0
    width = float(sums[hour]) - before
    return hour * HOUR_MS + (round((count - before) / width * HOUR_MS) if width else 0)

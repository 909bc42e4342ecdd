"""Visits: the times at which customers use their accounts, and the kinds of transactions they make."""

import numpy as np

from fraudstream.domain.arrays import Floats, Rows
from fraudstream.domain.duration import HOUR_MS
from producer.simulation.draws import between, counts, fractions, pick, with_number
from producer.simulation.kinds import KIND_ENDS
from producer.simulation.plans import plans
from producer.simulation.population import Population
from producer.simulation.rhythm import DAY_PEOPLE, HOURS_PER_DAY, NIGHT_PEOPLE, day_weights, vietnam_day


def visits(population: Population, first_hour: int, end_hour: int) -> Rows:
    """Return the visits of all accounts in the hours from ``first_hour`` until before ``end_hour``.

    Each account has its own count for each hour, so the visits of an hour do not depend on which hours are
    requested together.
    """
    accounts, hours = population.rows, np.arange(first_hour, end_hour)
    means = _means(accounts, first_hour, end_hour)
    cells = with_number(accounts["key"][:, None], hours)
    number = counts(fractions(cells, "visits").ravel(), means.ravel())
    cells = cells.ravel()
    rows = np.repeat(np.arange(len(accounts)), len(hours))
    hours = np.tile(hours, len(accounts))
    of_cell = np.repeat(np.arange(len(cells)), number)
    order = np.arange(len(of_cell)) - np.repeat(np.cumsum(number) - number, number)
    keys = with_number(cells[of_cell], order)
    return plans(
        keys,
        time_ms=hours[of_cell] * HOUR_MS + between(keys, "time", 0, HOUR_MS - 1),
        row=rows[of_cell],
        number=accounts["number"][rows[of_cell]],
        kind=pick(keys, "kind", KIND_ENDS),
    )


def hourly_weights(first_hour: int, end_hour: int) -> tuple[Floats, Floats]:
    """Return each hour's share of an average day, for day people and for night people."""
    hours = np.arange(first_hour, end_hour)
    weights = day_weights(vietnam_day(hours * HOUR_MS))
    in_day = (hours + 7) % HOURS_PER_DAY
    return weights * DAY_PEOPLE.shares[in_day], weights * NIGHT_PEOPLE.shares[in_day]


def _means(accounts: Rows, first_hour: int, end_hour: int) -> Floats:
    """Return the mean number of visits, shape (accounts, hours); 0 while an account is closed."""
    hours = np.arange(first_hour, end_hour)
    by_day, by_night = hourly_weights(first_hour, end_hour)
    weights = np.where(accounts["night"][:, None], by_night, by_day)
    is_open = (accounts["opened_hour"][:, None] <= hours) & (hours < accounts["closes_hour"][:, None])
    means: Floats = accounts["visits_per_day"][:, None] * weights * is_open
    return means

import math

import numpy as np
import pytest

from fraudstream.domain.arrays import Ints
from fraudstream.domain.duration import DAY_MS, HOUR_MS
from producer.simulation import draws
from producer.simulation.rhythm import (
    AROUND_THE_CLOCK,
    DAY_PEOPLE,
    OFF_HOURS,
    OFFICE_HOURS,
    TET,
    VIETNAM_OFFSET_MS,
    Rhythm,
    day_weights,
    pay_day_offsets,
)

KEYS = draws.with_number(draws.seed_key(7, "test"), np.arange(200_000))
START_MS = 1_767_200_400_000


def test_keys_give_the_same_bits_in_every_release() -> None:
    assert draws.seed_key(7, "account").tolist() == [4_207_585_038_294_957_081]
    assert draws.between(KEYS[:6], "x", 0, 99).tolist() == [76, 92, 42, 97, 51, 63]
    assert draws.fractions(KEYS[:2], "x").tolist() == [0.762440137372123, 0.9235392058266161]


def test_large_seeds_differ_in_each_of_their_bits() -> None:
    seeds = (0, 1, 1 << 64, (1 << 64) + 1, 1 << 200)
    assert len({int(draws.seed_key(seed, "x")[0]) for seed in seeds}) == len(seeds)


def test_whole_numbers_are_uniform_between_both_ends() -> None:
    found = np.bincount(draws.between(KEYS, "even", 3, 12))
    assert found[:3].sum() == 0
    assert len(found) == 13
    assert found[3:] == pytest.approx(20_000, rel=0.05)


def test_purposes_are_independent_of_each_other() -> None:
    one, other = draws.fractions(KEYS, "one"), draws.fractions(KEYS, "other")
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.01


def test_a_pick_follows_its_weights() -> None:
    found = np.bincount(draws.pick(KEYS, "pick", draws.running((1, 0, 3))))
    assert found / len(KEYS) == pytest.approx([0.25, 0, 0.75], abs=0.01)


@pytest.mark.parametrize("mean", [0.01, 0.3, 2.0, 20.0, 63.9, 64.1, 400.0])
def test_counts_have_the_mean_and_the_variance_of_their_distribution(mean: float) -> None:
    found = draws.counts(draws.fractions(KEYS, "count"), np.full(len(KEYS), mean))
    assert found.mean() == pytest.approx(mean, rel=0.05)
    assert found.var() == pytest.approx(mean, rel=0.06)


def test_no_visits_are_drawn_for_a_mean_of_zero() -> None:
    assert not draws.counts(draws.fractions(KEYS, "none"), np.zeros(len(KEYS))).any()


@pytest.mark.parametrize("value", [-8.0, -1.0, 0.0, 0.245, 1.0, 8.0])
def test_the_exact_exponential_is_close_to_the_librarys(value: float) -> None:
    assert draws.exact_exp(value) == pytest.approx(math.exp(value), rel=1e-10)


@pytest.mark.parametrize("value", [1e-6, 0.3, 1.0, 2.0, 15.0, 1e9])
def test_the_exact_logarithm_is_close_to_the_librarys(value: float) -> None:
    assert draws.exact_log(value) == pytest.approx(math.log(value), rel=1e-12, abs=1e-12)


def test_tables_have_the_shape_of_their_distributions() -> None:
    assert pytest.approx(0, abs=1e-3) == draws.NORMAL.mean()
    assert pytest.approx(1, abs=0.01) == draws.NORMAL.std()
    assert draws.exponential(KEYS, "exponential").mean() == pytest.approx(1, rel=0.02)
    wide = draws.lognormal(KEYS, "lognormal", 0.7)
    assert np.median(wide) == pytest.approx(1, rel=0.02)
    assert wide.mean() == pytest.approx(math.exp(0.245), rel=0.02)
    loans = draws.log_uniform(KEYS, "loans", 10, 1_000)
    assert (loans < 100).mean() == pytest.approx(0.5, abs=0.01)
    assert loans.min() >= 10
    assert loans.max() <= 1_000


@pytest.mark.parametrize(
    ("rhythm", "hours"),
    [
        (OFF_HOURS, {22, 23, 0, 1, 2, 3}),
        (OFFICE_HOURS, set(range(8, 17))),
        (AROUND_THE_CLOCK, set(range(24))),
        (DAY_PEOPLE, set(range(24))),
    ],
)
@pytest.mark.parametrize("start_ms", [0, START_MS, 7_500_000_000_000])
def test_a_rhythm_keeps_its_hours_and_its_daily_rate(rhythm: Rhythm, hours: set[int], start_ms: int) -> None:
    """A thousand events per average day, for 60 days; the last start is past the calendar."""
    activity = rhythm.activity(start_ms) + np.arange(60_000) / 1_000
    times_ms = rhythm.times_ms(activity)
    assert set(((times_ms + VIETNAM_OFFSET_MS) % DAY_MS // HOUR_MS).tolist()) <= hours
    assert (np.diff(times_ms) >= 0).all()
    assert times_ms[1] >= start_ms
    assert times_ms[-1] - start_ms == pytest.approx(60 * DAY_MS, rel=0.05)
    back = [rhythm.activity(time_ms) for time_ms in times_ms[::500].tolist()]
    assert back == pytest.approx(activity[::500], abs=1e-6)


@pytest.mark.parametrize("weights", [(1,) * 23, (0,) * 24, (-1, *(1,) * 23)])
def test_a_rhythm_without_24_usable_weights_is_rejected(weights: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="give 24 weights"):
        Rhythm(weights)


def days(first: str, count: int) -> Ints:
    return np.datetime64(first, "D").astype(np.int64) + np.arange(count)


@pytest.mark.parametrize("year", range(2022, 2038))
def test_the_days_of_a_year_weigh_1_on_average(year: int) -> None:
    assert day_weights(days(f"{year}-01-01", 365)).mean() == pytest.approx(1, abs=0.015)


@pytest.mark.parametrize("tet", TET)
def test_tet_falls_into_january_or_february_and_is_the_quietest_time(tet: str) -> None:
    assert tet[5:7] in {"01", "02"}
    assert day_weights(days(tet, 7)).mean() < 0.6
    assert day_weights(days(tet, 1) - 14).mean() > 1.0


def test_pay_days_are_the_last_three_and_the_first_five() -> None:
    assert pay_day_offsets(days("2028-02-26", 10)).tolist() == [0, -3, -2, -1, 1, 2, 3, 4, 5, 0]

"""The soak's figures from its measurements."""

import dataclasses
import math

import numpy as np
import pytest

from drills.soak.soak_figures import (
    COMPARED_MINUTES,
    LIMITS,
    WARM_UP_MINUTES,
    Change,
    Minute,
    SoakSample,
    changes,
    live_heap,
    minutes_of,
)


def sample(at_s: float, **values: float | None) -> SoakSample:
    usual = SoakSample(
        at_s=at_s,
        records=int(100 * at_s),
        state_mb=10.0,
        jvm_resident_mb=1_000.0,
        python_resident_mb=200.0,
        heap_mb=500.0,
        non_heap_mb=100.0,
        direct_mb=50.0,
    )
    return dataclasses.replace(usual, **values)  # type: ignore[arg-type] # the names are the fields'


def minute(number: int, **values: float | None) -> Minute:
    usual = Minute(
        minute=number,
        tx_per_s=100.0,
        state_mb=10.0,
        jvm_resident_mb=1_000.0,
        python_resident_mb=200.0,
        heap_mb=500.0,
        non_heap_mb=100.0,
        direct_mb=50.0,
        p50_ms=20.0,
        p99_ms=60.0,
    )
    return dataclasses.replace(usual, **values)  # type: ignore[arg-type] # the names are the fields'


def test_only_complete_minutes_count() -> None:
    samples = [sample(at_s) for at_s in (0, 30, 59, 61, 100, 119, 121, 130)]
    assert [one.minute for one in minutes_of(samples, [])] == [0, 1]


def test_a_minutes_rate_is_measured_between_its_first_and_last_sample() -> None:
    samples = [sample(0, records=50), sample(40, records=4_050), sample(60, records=9_000)]
    assert minutes_of(samples, [])[0].tx_per_s == 100.0


def test_a_minute_with_one_sample_has_no_rate() -> None:
    assert minutes_of([sample(5), sample(60)], [])[0].tx_per_s is None


def test_the_heap_is_measured_after_collections_and_other_figures_by_their_median() -> None:
    samples = [
        sample(0, heap_mb=900, jvm_resident_mb=5, state_mb=11),
        sample(20, heap_mb=400, jvm_resident_mb=7, state_mb=12),
        sample(40, heap_mb=700, jvm_resident_mb=90, state_mb=14),
        sample(60),
    ]
    found = minutes_of(samples, [])[0]
    assert (found.heap_mb, found.jvm_resident_mb, found.state_mb) == (400, 7, 12)


def test_latencies_belong_to_the_minute_of_arrival() -> None:
    samples = [sample(at_s) for at_s in (0, 30, 60, 90, 120)]
    found = minutes_of(samples, [(0, np.array([])), (1, np.arange(101.0))])
    assert (found[0].p50_ms, found[0].p99_ms) == (None, None)
    assert (found[1].p50_ms, found[1].p99_ms) == (50.0, 99.0)


def soak_of(first: float, between: float, last: float, name: str) -> list[Minute]:
    warm_up = [1e9] * WARM_UP_MINUTES
    values = [*warm_up, *[first] * COMPARED_MINUTES, *[between] * 10, *[last] * COMPARED_MINUTES]
    return [minute(number, **{name: value}) for number, value in enumerate(values)]


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)
def test_growth_above_its_limit_after_the_warm_up_fails(limit: object) -> None:
    name, at_most = limit.name, limit.at_most  # type: ignore[attr-defined] # a Limit
    for factor, is_kept in ((0.5, True), (at_most, True), (at_most + 0.01, False)):
        by_name = {change.name: change for change in changes(soak_of(100, 1e6, 100 * factor, name))}
        assert by_name[name].is_kept is is_kept
        assert by_name[name].factor == pytest.approx(factor)
        assert all(change.is_kept for other, change in by_name.items() if other != name)


def test_one_bad_minute_does_not_count_as_growth() -> None:
    minutes = soak_of(100, 100, 100, "p99_ms")
    minutes[-2] = dataclasses.replace(minutes[-2], p99_ms=9_000.0)
    minutes[-1] = dataclasses.replace(minutes[-1], p99_ms=None)
    assert all(change.is_kept for change in changes(minutes))


def test_a_soak_too_short_to_compare_is_rejected() -> None:
    enough = [minute(number) for number in range(WARM_UP_MINUTES + 2 * COMPARED_MINUTES)]
    changes(enough)
    with pytest.raises(ValueError, match="14 minutes are too few: the warm-up takes 5"):
        changes(enough[1:])


def test_a_figure_that_was_never_measured_is_an_error() -> None:
    minutes = [minute(number, p50_ms=None) for number in range(20)]
    with pytest.raises(ValueError, match="no measurement of p50_ms in minutes 5 to 9"):
        changes(minutes)


def test_growth_from_zero_fails() -> None:
    assert Change("state_mb", 0.0, 1.0, 1.05).factor == math.inf
    assert not Change("state_mb", 0.0, 1.0, 1.05).is_kept


def test_live_objects_are_compared_by_the_medians_of_their_counts() -> None:
    first_mb = [50.0, 100.0, 101.0]
    assert live_heap(first_mb, [105.0, 104.0, 900.0]).factor == 1.05
    assert live_heap(first_mb, [105.0, 104.0, 900.0]).is_kept
    assert not live_heap(first_mb, [106.0, 107.0, 1.0]).is_kept

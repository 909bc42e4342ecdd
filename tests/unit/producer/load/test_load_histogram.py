import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.load.histogram import GROWTH, HIGHEST_MS, LOWEST_MS, LogHistogram


def test_an_empty_histogram_has_no_percentiles() -> None:
    histogram = LogHistogram()
    histogram.record([])
    assert (histogram.percentile_ms(50), histogram.max_ms) == (None, None)


@given(
    st.lists(st.floats(LOWEST_MS, HIGHEST_MS), min_size=1, max_size=200),
    st.sampled_from([0.0, 1.0, 50.0, 90.0, 99.0, 100.0]),
)
def test_a_percentile_is_exact_or_at_most_two_percent_too_high(durations: list[float], at: float) -> None:
    histogram = LogHistogram()
    histogram.record(durations)
    exact = float(np.percentile(durations, at, method="inverted_cdf"))
    found = histogram.percentile_ms(at)
    assert found is not None
    assert exact * (1 - 1e-9) <= found <= exact * GROWTH * (1 + 1e-9)


def test_the_maximum_is_exact_and_no_percentile_exceeds_it() -> None:
    histogram = LogHistogram()
    histogram.record([1.0, 123.456])
    histogram.record(7.0)
    assert histogram.max_ms == 123.456
    assert histogram.percentile_ms(100) == 123.456


@pytest.mark.parametrize("duration_ms", [0.0, 5e9])
def test_values_outside_the_buckets_are_counted(duration_ms: float) -> None:
    histogram = LogHistogram()
    histogram.record([duration_ms, 10.0, 10.0])
    assert histogram.max_ms == max(duration_ms, 10.0)
    assert histogram.percentile_ms(50) == pytest.approx(10.0, rel=GROWTH - 1)


def test_durations_recorded_one_by_one_give_the_same_percentiles() -> None:
    durations_ms = [0.0, 0.004, 0.01, 0.5, 7.0, 7.1, 900.0, 3e9]
    together, one_by_one = LogHistogram(), LogHistogram()
    together.record(durations_ms)
    for duration_ms in durations_ms:
        one_by_one.record_one(duration_ms)
    percents = range(0, 101, 5)
    assert [one_by_one.percentile_ms(each) for each in percents] == [
        together.percentile_ms(each) for each in percents
    ]

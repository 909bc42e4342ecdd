import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.load.histogram import GROWTH, HIGHEST_MS, LOWEST_MS, LogHistogram


def test_of_nothing_there_are_no_percentiles() -> None:
    histogram = LogHistogram()
    histogram.record([])
    assert (histogram.percentile_ms(50), histogram.max_ms) == (None, None)


@given(
    st.lists(st.floats(LOWEST_MS, HIGHEST_MS), min_size=1, max_size=200),
    st.sampled_from([0.0, 1.0, 50.0, 90.0, 99.0, 100.0]),
)
def test_a_percentile_is_the_exact_one_or_up_to_two_percent_more(durations: list[float], at: float) -> None:
    histogram = LogHistogram()
    histogram.record(durations)
    exact = float(np.percentile(durations, at, method="inverted_cdf"))
    found = histogram.percentile_ms(at)
    assert found is not None
    assert exact * (1 - 1e-9) <= found <= exact * GROWTH * (1 + 1e-9)


def test_the_longest_is_exact_and_no_percentile_is_above_it() -> None:
    histogram = LogHistogram()
    histogram.record([1.0, 123.456])
    histogram.record(7.0)
    assert histogram.max_ms == 123.456
    assert histogram.percentile_ms(100) == 123.456


@pytest.mark.parametrize("duration_ms", [0.0, 5e9])
def test_what_lies_outside_the_buckets_is_counted_all_the_same(duration_ms: float) -> None:
    histogram = LogHistogram()
    histogram.record([duration_ms, 10.0, 10.0])
    assert histogram.max_ms == max(duration_ms, 10.0)
    assert histogram.percentile_ms(50) == pytest.approx(10.0, rel=GROWTH - 1)

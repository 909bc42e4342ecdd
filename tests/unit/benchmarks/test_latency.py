"""Latency from the job's own timestamps."""

import json

import pytest

from benchmarks.latency import latency_percentiles
from fraudstream.domain.transaction import format_time


def scored(arrival_ms: int, latency_ms: int) -> bytes:
    record = {"arrival_time": format_time(arrival_ms), "scored_at": format_time(arrival_ms + latency_ms)}
    return json.dumps(record).encode()


def test_percentiles_are_of_scored_at_minus_arrival() -> None:
    percentiles = latency_percentiles(scored(1_000 + number, 10) for number in range(100))
    assert percentiles == (10, 10)


def test_one_slow_record_in_fifty_affects_p99_but_not_p50() -> None:
    lines = [scored(number, 500 if number % 50 == 49 else 5) for number in range(1_000)]
    assert latency_percentiles(lines) == (5, 500)


def test_the_first_third_of_the_time_is_excluded_in_any_record_order() -> None:
    lines = [scored(number, 9_000 if number < 333 else 7) for number in range(1_000)]
    assert latency_percentiles(reversed(lines)) == (7, 7)


def test_records_without_a_timestamp_are_excluded() -> None:
    lines = [scored(0, 3), scored(9, 3), b'{"arrival_time": null, "scored_at": "2026-01-01T00:00:00.000Z"}']
    assert latency_percentiles(lines) == (3, 3)


def test_a_run_without_timestamps_is_an_error() -> None:
    with pytest.raises(ValueError, match="arrival_time"):
        latency_percentiles([b'{"transaction_id": "T1"}'])

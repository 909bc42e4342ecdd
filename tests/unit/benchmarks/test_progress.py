"""Rates and start-up time from the growth of an output."""

from pathlib import Path

import pytest

from benchmarks.errors import TooFewSamplesError
from benchmarks.progress import OutputSample, OutputWatch, part_files, rate_per_s, startup_s


def growth(*sizes: int) -> list[OutputSample]:
    """Return a sample per second."""
    return [OutputSample(float(at_s), size) for at_s, size in enumerate(sizes)]


def test_steady_growth_has_the_rate_of_its_slope() -> None:
    assert rate_per_s(growth(0, 100, 200, 300, 400, 500), transactions=50) == pytest.approx(10)


def test_a_slow_start_is_excluded() -> None:
    slow_then_fast = [0] * 60 + [30 * step for step in range(1, 11)]
    assert rate_per_s(growth(*slow_then_fast), transactions=300) == pytest.approx(30)


def test_the_time_after_the_last_byte_is_excluded() -> None:
    assert rate_per_s(growth(0, 50, 100, 100, 100, 100), transactions=100) == pytest.approx(50)


def test_merging_part_files_at_the_end_does_not_shrink_the_total() -> None:
    assert rate_per_s(growth(0, 50, 100, 0), transactions=100) == pytest.approx(50)


def test_bursty_output_is_measured_from_burst_to_burst() -> None:
    gushes = growth(0, 0, 40, 40, 80, 80, 120, 120)
    assert rate_per_s(gushes, transactions=120) == pytest.approx(20)


@pytest.mark.parametrize("sizes", [(), (0, 0), (0, 100), (100, 100)])
def test_a_run_that_ends_at_once_has_no_rate(sizes: tuple[int, ...]) -> None:
    with pytest.raises(TooFewSamplesError, match="--transactions"):
        rate_per_s(growth(*sizes), transactions=100)


def test_start_up_lasts_until_the_first_byte() -> None:
    assert startup_s(growth(0, 0, 0, 7, 90)) == 3


def test_a_run_without_output_has_no_start_up_time() -> None:
    with pytest.raises(TooFewSamplesError, match="wrote no output"):
        startup_s(growth(0, 0))


def test_the_part_files_of_every_engine_are_found_and_no_other_files(tmp_path: Path) -> None:
    bucket = tmp_path / "2026-01-02--03"
    bucket.mkdir()
    parts = [tmp_path / "part_0", tmp_path / "part-0-0", bucket / ".part-0-0.inprogress.1"]
    for path in [*parts, tmp_path / "whole"]:
        path.write_bytes(b"12345")
    assert sorted(part_files(tmp_path)) == sorted(parts)
    assert OutputWatch(tmp_path).look().size_bytes == 15

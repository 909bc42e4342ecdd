"""The yardstick: rates and start-up out of an output's growth."""

from pathlib import Path

import pytest

from benchmarks.errors import TooFewSamplesError
from benchmarks.progress import OutputSample, OutputWatch, part_files, rate_per_s, startup_s


def growth(*sizes: int) -> list[OutputSample]:
    """Return a sample each second."""
    return [OutputSample(float(at_s), size) for at_s, size in enumerate(sizes)]


def test_steady_growth_has_the_rate_of_its_slope() -> None:
    assert rate_per_s(growth(0, 100, 200, 300, 400, 500), transactions=50) == pytest.approx(10)


def test_a_slow_beginning_is_left_out() -> None:
    slow_then_fast = [0] * 60 + [30 * step for step in range(1, 11)]
    assert rate_per_s(growth(*slow_then_fast), transactions=300) == pytest.approx(30)


def test_what_comes_after_the_last_byte_is_left_out() -> None:
    assert rate_per_s(growth(0, 50, 100, 100, 100, 100), transactions=100) == pytest.approx(50)


def test_parts_that_are_put_together_at_the_end_do_not_shrink_the_total() -> None:
    assert rate_per_s(growth(0, 50, 100, 0), transactions=100) == pytest.approx(50)


def test_output_in_gushes_is_measured_from_gush_to_gush() -> None:
    gushes = growth(0, 0, 40, 40, 80, 80, 120, 120)
    assert rate_per_s(gushes, transactions=120) == pytest.approx(20)


@pytest.mark.parametrize("sizes", [(), (0, 0), (0, 100), (100, 100)])
def test_a_run_that_is_over_at_once_has_no_rate(sizes: tuple[int, ...]) -> None:
    with pytest.raises(TooFewSamplesError, match="--transactions"):
        rate_per_s(growth(*sizes), transactions=100)


def test_start_up_lasts_until_the_first_byte() -> None:
    assert startup_s(growth(0, 0, 0, 7, 90)) == 3


def test_a_run_without_output_has_no_start_up() -> None:
    with pytest.raises(TooFewSamplesError, match="wrote no output"):
        startup_s(growth(0, 0))


def test_parts_are_found_in_every_engine_s_manner_and_nothing_else(tmp_path: Path) -> None:
    bucket = tmp_path / "2026-01-02--03"
    bucket.mkdir()
    parts = [tmp_path / "part_0", tmp_path / "part-0-0", bucket / ".part-0-0.inprogress.1"]
    for path in [*parts, tmp_path / "whole"]:
        path.write_bytes(b"12345")
    assert sorted(part_files(tmp_path)) == sorted(parts)
    assert OutputWatch(tmp_path).look().size_bytes == 15

"""Selection of the benchmark's parts; a failing part does not stop the others."""

import threading
from pathlib import Path

import pytest

from benchmarks import benchmark_suite as suite_module
from benchmarks.benchmark_inputs import Inputs, Sizes
from benchmarks.benchmark_suite import ONLY_IN_FULL, PARTS, Suite, chosen
from benchmarks.contender_run import Measurement, Program
from benchmarks.errors import RunFailedError, StoppedError

SIZES = Sizes.of(1_000, is_full=False)


def suite(folder: Path, stop: threading.Event | None = None, sizes: Sizes = SIZES) -> Suite:
    event = stop or threading.Event()
    return Suite(Inputs(folder, sizes, event), sizes, event, lambda _: None, lambda _: None)


def test_the_default_benchmark_skips_parts_that_only_the_full_one_has() -> None:
    assert set(PARTS) - set(chosen(None, is_full=False)) == ONLY_IN_FULL
    assert chosen(None, is_full=True) == list(PARTS)


def test_a_single_part_includes_the_job_that_it_is_compared_to() -> None:
    assert chosen("naive", is_full=False) == ["naive"]
    assert chosen("latency", is_full=False) == ["job", "latency"]


def test_no_contender_gets_more_transactions_than_the_job() -> None:
    sizes = Sizes.of(5_000, is_full=False)
    assert {sizes.job, sizes.naive, sizes.sql_over, sizes.bytewax, sizes.floor} == {5_000}


def test_the_median_of_the_runs_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rates = {"job": iter([30.0, 10.0, 20.0]), "job_alerts": iter([7.0, 9.0, 8.0])}

    def measured(program: Program, *_: object) -> Measurement:
        rate = next(rates[program.name])
        return Measurement(name=program.name, transactions=1, tx_per_s=rate, startup_s=1)

    monkeypatch.setattr(suite_module, "measure", measured)
    full = suite(tmp_path, sizes=Sizes.of(1_000, is_full=True))
    full.run(["job"])
    assert full.results.tx_per_s("job") == 20
    assert full.results.tx_per_s("job_alerts") == 8


def test_a_failing_part_does_not_stop_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def measured(program: Program, *_: object) -> Measurement:
        if program.name == "job":
            msg = "broken"
            raise RunFailedError(msg)
        return Measurement(name=program.name, transactions=1, tx_per_s=5, startup_s=1)

    monkeypatch.setattr(suite_module, "measure", measured)
    both = suite(tmp_path)
    both.run(["job", "latency", "hot_key"])
    assert set(both.results.failures) == {"job", "latency"}
    assert both.results.tx_per_s("hot_key") == 5


def test_no_part_starts_after_a_stop(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(StoppedError):
        suite(tmp_path, stop).run(["job"])

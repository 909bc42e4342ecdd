"""The benchmark's report: figures, verdicts, and a dash where nothing was measured."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.benchmark_report import BenchmarkReport
from benchmarks.benchmark_suite import BenchmarkResults, Latency
from benchmarks.contender_run import Measurement
from benchmarks.latency import Percentiles

MACHINE: dict[str, str | int] = {"cpu": "Z80", "cores": 2, "python": "3.11", "java": "17", "flink": "1.20"}
RATES = {
    "job": 60_000.0,
    "job_alerts": 90_000.0,
    "four_features": 80_000.0,
    "naive": 4_000.0,
    "sql_over": 3_000.0,
    "bytewax_1_worker": 20_000.0,
    "bytewax_2_processes": 30_000.0,
    "floor": 200_000.0,
    "process": 45_000.0,
    "rocksdb": 45_000.0,
    "hot_key": 42_000.0,
    "accounts_10000": 50_000.0,
    "accounts_1000000": 45_000.0,
    "windows_20": 100_000.0,
    "windows_100": 50_000.0,
}


def results(rates: dict[str, float] = RATES) -> BenchmarkResults:
    measurements = {
        name: Measurement(name=name, transactions=1_000, tx_per_s=rate, startup_s=9.87)
        for name, rate in rates.items()
    }
    return BenchmarkResults(measurements, Latency(Percentiles(12.0, 60.0), 42_000))


@pytest.fixture
def report() -> BenchmarkReport:
    return BenchmarkReport(results(), MACHINE)


def test_the_json_has_a_rate_for_each_contender(report: BenchmarkReport) -> None:
    numbers = report.to_json()
    assert {name: value for name, value in numbers.items() if name.endswith("tx_per_s")} == {
        "job_tx_per_s": 60_000,
        "job_alerts_only_tx_per_s": 90_000,
        "naive_tx_per_s": 4_000,
        "sql_over_tx_per_s": 3_000,
        "bytewax_tx_per_s": 30_000,
        "floor_tx_per_s": 200_000,
        "tx_per_s": RATES,
    }
    assert numbers["latency_ms"] == {"p50": 12.0, "p99": 60.0, "at_tx_per_s": 42_000}
    assert numbers["startup_s"]["job"] == 9.9
    assert numbers["machine"] == MACHINE
    json.dumps(numbers)


def test_ratios_refer_to_the_compared_contender(report: BenchmarkReport) -> None:
    assert report.to_json()["ratios"] == {
        "job_to_naive": 15,
        "process_to_thread": 0.5,
        "rocksdb_to_heap": 0.75,
        "hot_key_to_even": 0.7,
        "many_accounts_to_few": 0.9,
        "many_windows_to_few": 0.5,
        "two_slots_to_one": None,
    }


def test_a_target_is_met_missed_or_open() -> None:
    without_windows = {name: rate for name, rate in RATES.items() if not name.startswith("windows")}
    verdicts = [target.verdict for target in BenchmarkReport(results(without_windows), MACHINE).targets()]
    assert verdicts == ["yes", "yes", "yes", "yes", "no", "yes", "no", "-"]


def test_an_unmeasured_value_is_null_and_not_zero() -> None:
    report = BenchmarkReport(BenchmarkResults(), MACHINE)
    numbers = report.to_json()
    assert numbers["job_tx_per_s"] is None
    assert set(numbers["latency_ms"].values()) == {None}
    assert {target.verdict for target in report.targets()} == {"-"}
    assert report.tables() == []


def test_the_terminal_and_the_page_show_the_same_rows(report: BenchmarkReport) -> None:
    console = Console(file=io.StringIO(), width=120)
    console.print(*report.tables())
    assert isinstance(console.file, io.StringIO)
    page = report.markdown()
    for text in ("Bytewax, two processes", "60,000", "15.00", "one account with 25 %", "0.70", "≤ 50"):
        assert text in console.file.getvalue()
        assert text in page


def test_the_chart_has_a_labelled_bar_for_each_contender(report: BenchmarkReport, tmp_path: Path) -> None:
    path = tmp_path / "pictures" / "bench.svg"
    report.picture(path)
    text = path.read_text()
    for figure in ("60,000", "80,000", "4,000", "3,000", "20,000", "30,000", "200,000"):
        assert f">{figure}<" in text


def test_the_same_figures_give_the_same_chart(report: BenchmarkReport, tmp_path: Path) -> None:
    for name in ("a.svg", "b.svg"):
        report.picture(tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()

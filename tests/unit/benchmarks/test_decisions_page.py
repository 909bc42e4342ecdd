from pathlib import Path
from typing import Any

from benchmarks.decisions_page import write_page

FACTS: dict[str, str | int] = {"cpu": "C", "cores": 2, "python": "3", "java": "17", "flink": "1"}


def result(p99_ms: float | None) -> dict[str, Any]:
    return {
        "requests_per_s": 499.9,
        "latency_ms": {"p50": 3.0, "p90": 5.0, "p99": p99_ms, "max": 1_040.2},
        "fresh_share": 0.951,
        "profile_lag_ms": {"p50": 700.0, "p99": None},
        "lost": 0,
        "workers": 1,
        "bank": {"accounts": 100_000, "days": 30, "per_day": 1, "seed": 7},
    }


def test_the_page_has_a_row_for_each_store_and_its_newest_result(tmp_path: Path) -> None:
    results, page = tmp_path / "build" / "results.json", tmp_path / "page.md"
    write_page(results, page, "sqlite", result(99.0), FACTS)
    write_page(results, page, "redis", result(None) | {"maximum_per_s": 812.0}, FACTS)
    write_page(results, page, "sqlite", result(7.25), FACTS)
    rows = [line for line in page.read_text().splitlines() if line.startswith(("| sqlite", "| redis"))]
    assert rows == [
        "| redis | 499.9 | 3.0 | 5.0 | - | 1,040.2 | 95.1% | 700.0 / - | 0 | 812.0 |",
        "| sqlite | 499.9 | 3.0 | 5.0 | 7.2 | 1,040.2 | 95.1% | 700.0 / - | 0 | - |",
    ]

"""Cost of profiles: the pairs, their order, and the page."""

from pathlib import Path

import pytest

from benchmarks.contender_run import Program
from benchmarks.profile_cost import STORE_VARIABLE, Pair, StoreCost, measured, page

COST = StoreCost("sqlite", (Pair(100.0, 90.0), Pair(200.0, 160.0), Pair(100.0, 99.0)))


def test_the_ratio_is_the_median_of_the_pairs() -> None:
    assert COST.ratio == pytest.approx(0.9)


def test_the_page_has_every_pair_and_the_median() -> None:
    text = page([COST], 5_000, {"cpu": "P", "cores": 2, "python": "3", "java": "17", "flink": "1"})
    assert "## sqlite" in text
    assert "| 2 | 200 | 160 | 0.80 |" in text
    assert "| median |  |  | 0.90 |" in text
    assert "5,000 transactions" in text


def test_the_order_of_a_pair_alternates_and_only_one_run_of_it_has_the_store(tmp_path: Path) -> None:
    store = f"sqlite:{tmp_path / 'profiles.sqlite'}"
    program = Program(name="job", commands=[], transactions=1, parts=tmp_path, environment={"A": "b"})
    stores = []

    def run(each: Program) -> float:
        assert each.environment["A"] == "b"
        stores.append(each.environment.get(STORE_VARIABLE))
        return 2.0 if stores[-1] else 1.0

    cost = measured(program, store, 3, run)
    assert stores == [None, store, store, None, None, store]
    assert cost == StoreCost("sqlite", (Pair(1.0, 2.0),) * 3)


def test_each_pair_begins_without_the_file_of_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "profiles.sqlite"
    program = Program(name="job", commands=[], transactions=1, parts=tmp_path)
    existed = []

    def run(each: Program) -> float:
        if STORE_VARIABLE in each.environment:
            existed.append(path.exists())
            path.touch()
        return 1.0

    measured(program, f"sqlite:{path}", 3, run)
    assert existed == [False] * 3

"""Pairs of runs with and without a profile store: their order, statistics and page."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from benchmarks.profile_cost import CostRuns, check_is_empty, contents, figures, name_of, store_url
from benchmarks.profile_cost_page import CostPage, CostPair, StoreCost, confidence
from benchmarks.profile_cost_run import RunCost
from benchmarks.profile_metrics import WrittenProfiles
from fraudstream.profiles.profile_rows import ProfileKey, ProfileRow
from fraudstream.profiles.profile_store_factory import profile_store
from fraudstream.profiles.store_protocol import ProfileStoreError

FACTS: dict[str, str | int] = {"cpu": "C", "cores": 2, "python": "3", "java": "17", "flink": "1"}
PROFILES = WrittenProfiles(rows=40_000, bytes=123_400_000, marked=1_500, lag_ms=2_340)


def cost(tx_per_s: float, cpu_s: float = 20.0, profiles: WrittenProfiles | None = None) -> RunCost:
    return RunCost(tx_per_s=tx_per_s, cpu_s_per_million=cpu_s, ending_s=3.25, profiles=profiles)


def pairs(*ratios: float) -> list[CostPair]:
    """Return a pair for each ratio, whose CPU time grows by as much as its rate falls."""
    return [
        CostPair(
            without=cost(40_000),
            with_store=cost(40_000 * ratio, 20.0 * (2 - ratio), PROFILES),
            first="without",
        )
        for ratio in ratios
    ]


def page(*stores: StoreCost) -> CostPage:
    return CostPage(stores=stores, transactions=1_000_000, output="alerts", facts=FACTS)


def fill(path: Path) -> str:
    """Write a row to a SQLite store and return its URL."""
    url = f"sqlite:{path}"
    row = ProfileRow(
        key=ProfileKey("account_id", "A"), epoch_ms=1, ordinal=1, updated_ms=1, expires_ms=9, profile=b"123"
    )
    store = profile_store(SecretStr(url))
    store.write([row], 1)
    store.close()
    return url


@pytest.fixture
def stores() -> list[str | None]:
    """Return a list for the store of each run."""
    return []


def run_at(tx_per_s: float, stores: list[str | None]) -> Callable[[str | None], RunCost]:
    def run(url: str | None) -> RunCost:
        stores.append(url)
        return cost(tx_per_s)

    return run


def test_every_second_pair_begins_with_the_store(tmp_path: Path, stores: list[str | None]) -> None:
    url, names, done = fill(tmp_path / "profiles"), list[str](), list[int]()
    measured = StoreCost("SQLite", [])
    runs = CostRuns(run_at(1, stores), names.append, lambda: done.append(len(measured.pairs)))
    runs.measure(url, measured, 3)
    assert stores == [None, url, url, None, None, url]
    assert names == ["no store", "SQLite", "SQLite", "no store", "no store", "SQLite"]
    assert [pair.first for pair in measured.pairs] == ["without", "with", "without"]
    assert done == [1, 2, 3]
    assert (measured.stored_rows, measured.stored_bytes) == (1, 3)


def test_a_temporary_store_is_another_one_for_each_run_and_deleted() -> None:
    with store_url("sqlite") as first:
        fill(Path(first.removeprefix("sqlite:")))
        assert contents(first) == (1, 3)
    with store_url("sqlite") as second:
        assert second != first
    assert not Path(first.removeprefix("sqlite:")).parent.exists()


def test_a_store_with_profiles_is_refused(tmp_path: Path) -> None:
    check_is_empty("sqlite")
    check_is_empty(f"sqlite:{tmp_path / 'missing'}")
    with pytest.raises(ProfileStoreError, match=r"has 1 profiles.* use an empty store"):
        check_is_empty(fill(tmp_path / "profiles"))


def test_a_store_has_a_name_and_other_texts_are_refused() -> None:
    assert name_of("sqlite") == "SQLite"
    assert name_of("redis://:secret@127.0.0.1:6379/0") == "Redis"
    with pytest.raises(ProfileStoreError, match="not the URL"):
        name_of("mysql://x")


def test_the_cost_is_what_the_median_pair_loses() -> None:
    store = StoreCost("SQLite", pairs(0.95, 0.5, 0.9, 0.92, 1.01))
    assert store.cost == pytest.approx(0.08)
    assert store.median(lambda pair: pair.cpu_ratio) == pytest.approx(1.08)


@pytest.mark.parametrize(("count", "probability"), [(1, 0.0), (2, 0.5), (5, 0.9375)])
def test_the_median_of_more_pairs_is_surer(count: int, probability: float) -> None:
    assert confidence(count) == probability


def test_the_summary_compares_the_cost_with_the_promise() -> None:
    kept, broken = StoreCost("SQLite", pairs(0.85, 0.86, 0.87)), StoreCost("Redis", pairs(0.84))
    assert page(kept, broken).summary() == [
        ("SQLite", "0.860", "0.850 to 0.870", "1.140", "14.0 %", "yes"),
        ("Redis", "0.840", "0.840 to 0.840", "1.160", "16.0 %", "no"),
    ]


def test_the_page_has_each_pair_and_what_the_store_has() -> None:
    text = page(StoreCost("SQLite", pairs(0.9, 0.95), stored_rows=30_000, stored_bytes=90_000_000)).markdown()
    row = "40,000 | 36,000 | 0.900 | 1.100 | 40,000 | 123 | 1,500 | 2.3 | 3.2 / 3.2"
    assert f"| 1 | without | {row} |" in text
    assert "| median |  | 40,000 | 37,000 | 0.925 | 1.075 |  |  |  |  |  |" in text
    assert "the store has 30,000 profiles, 90 MB." in text
    assert "2 pairs; with a probability of 50 %" in text
    assert "1,000,000 transactions of 20,000 accounts, alerts out" in text


def test_a_run_without_metrics_has_dashes() -> None:
    (pair,) = pairs(0.9)
    without_metrics = replace(pair, with_store=replace(pair.with_store, profiles=None))
    text = page(StoreCost("SQLite", [without_metrics])).markdown()
    assert "| 0.900 | 1.100 | - | - | - | - |" in text
    assert "one pair, which says nothing" in text


def test_the_page_before_the_first_run_says_how_to_run_it() -> None:
    text = page().markdown()
    assert "There are no figures yet." in text
    assert "at\nmost 15 %" in text
    assert "## Method" in text


def test_the_figures_are_saved_with_the_machine() -> None:
    saved = figures(page(StoreCost("SQLite", pairs(0.9))))
    assert saved["machine"] == FACTS
    assert saved["stores"][0]["pairs"][0]["with_store"]["profiles"]["rows"] == 40_000

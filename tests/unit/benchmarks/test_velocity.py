"""The features of the benchmark's contenders agree with the job's own reference."""

import itertools
import json

import pytest

from benchmarks.four_features import FEATURES
from benchmarks.rival_trees import velocity_features
from benchmarks.velocity import LONG_MS, SHORT_MS, Event, Features, advance, epoch_ms
from fraudstream.domain.catalogue import Catalogue
from fraudstream.domain.duration import DAY_MS
from fraudstream.domain.reference import evaluate
from producer.simulation import TrafficOptions, generate

NOW_MS = 10 * LONG_MS


def features_of(events: list[Event], time_ms: int = NOW_MS, amount: float = 1.0) -> Features:
    return advance(events, time_ms, amount)[1]


def test_a_first_transaction_counts_itself() -> None:
    assert features_of([], amount=7.0) == (1, 7.0, 1, 7.0)


@pytest.mark.parametrize(
    ("age_ms", "expected"),
    [
        (0, (2, 11.0, 2, 11.0)),
        (SHORT_MS - 1, (2, 11.0, 2, 11.0)),
        (SHORT_MS, (1, 1.0, 2, 11.0)),
        (LONG_MS - 1, (1, 1.0, 2, 11.0)),
        (LONG_MS, (1, 1.0, 1, 1.0)),
    ],
)
def test_a_window_excludes_its_far_edge(age_ms: int, expected: Features) -> None:
    """(t - 1 h ... (t - 5 min ... t]: a transaction on the far edge is outside."""
    assert features_of([(NOW_MS - age_ms, 10.0)]) == expected


def test_transactions_older_than_the_long_window_are_evicted() -> None:
    kept, _ = advance([(NOW_MS - LONG_MS, 1.0), (NOW_MS - LONG_MS + 1, 2.0)], NOW_MS, 3.0)
    assert kept == [(NOW_MS - LONG_MS + 1, 2.0), (NOW_MS, 3.0)]


def test_the_given_state_is_not_modified() -> None:
    events = [(0, 1.0)]
    advance(events, NOW_MS, 1.0)
    assert events == [(0, 1.0)]


def test_times_are_read_to_the_millisecond() -> None:
    assert epoch_ms("1970-01-01T00:00:01.234Z") == 1_234


def test_two_hundred_transactions_have_the_features_of_the_job_s_reference() -> None:
    traffic = generate(TrafficOptions(seed=3, accounts=4, start_ms=0, transactions_per_account_per_day=600))
    transactions = [item.transaction for item in itertools.islice(traffic, 200)]
    catalogue = Catalogue.from_json(json.dumps({"features": FEATURES}))
    expected = [
        tuple(result.features.values())
        for result in evaluate(catalogue, transactions, allowed_lateness_ms=DAY_MS)
    ]
    found = velocity_features(transaction.to_json() for transaction in transactions)
    assert max(count for count, *_ in found) > 2
    assert [pytest.approx(features) for features in expected] == found

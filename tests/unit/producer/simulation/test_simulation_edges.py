from collections.abc import Callable
from datetime import timedelta
from itertools import islice

import numpy as np
import orjson
import pytest

from fraudstream.domain.arrays import Rows
from fraudstream.domain.duration import DAY_MS, HOUR_MS, MINUTE_MS
from fraudstream.domain.transaction import parse_time_ms
from producer.simulation import TrafficOptions, blocks
from producer.simulation.block import STATUSES
from producer.simulation.columns import OPTIONAL
from producer.simulation.kinds import TYPES
from producer.simulation.plans import NONE

START_MS = 1_767_200_400_000
Take = Callable[[int, TrafficOptions], Rows]


@pytest.fixture(scope="module")
def usual(take: Take) -> Rows:
    return take(30_000, TrafficOptions(start_ms=START_MS))


def edged(take: Take, **options: float) -> Rows:
    return take(30_000, TrafficOptions(start_ms=START_MS, **options))  # type: ignore[arg-type]


def test_a_share_is_declined_whatever_the_balance(take: Take, usual: Rows) -> None:
    declined = STATUSES.index("declined")
    found = edged(take, declined_share=0.2)
    more = (found["status"] == declined).mean() - (usual["status"] == declined).mean()
    assert more == pytest.approx(0.2, abs=0.03)


def test_a_share_of_purchases_is_made_abroad(take: Take, usual: Rows) -> None:
    found = edged(take, international_share=0.5)
    assert (usual["country"] > 0).mean() < 0.06
    assert 0.15 < (found["country"] > 0).mean() < 0.35
    assert set(found["country"].tolist()) == {0, 1, 2, 3, 4, 5}


def test_a_share_is_in_foreign_currency(take: Take, usual: Rows) -> None:
    found = edged(take, foreign_currency_share=0.1)
    assert (usual["currency"] == 0).all()
    assert (found["currency"] > 0).mean() == pytest.approx(0.1, rel=0.1)


def test_a_share_has_extreme_amounts(take: Take, usual: Rows) -> None:
    found = edged(take, extreme_share=0.2)
    assert usual["amount_vnd"].max() < 10e9
    high = found["amount_vnd"] >= 10e9
    assert 0.05 < high.mean() < 0.12
    assert (found["status"][high & (found["type"] != TYPES.index("loan_repayment"))] == 1).all()
    assert 0.05 < (found["amount_vnd"] == 1_000).mean() < 0.15
    assert found["amount_vnd"].max() <= 1e12
    assert (found["balance_vnd"] >= -found["overdraft_vnd"]).all()


def test_each_optional_field_is_missing_independently(take: Take, usual: Rows) -> None:
    found = edged(take, missing_share=0.1)
    for name in OPTIONAL:
        there = usual[name] != -1
        missing = 1 - (found[name] != -1).mean() / there.mean()
        assert missing == pytest.approx(0.1, abs=0.015), name
    assert (found["account"] >= 0).all()
    assert (found["amount_vnd"] > 0).all()


def test_the_required_fields_are_never_missing() -> None:
    options = TrafficOptions(start_ms=START_MS, missing_share=1.0)
    for block in islice(blocks(options), 3):
        for record in map(orjson.loads, block.records()):
            there = {name for name, value in record.items() if value is not None}
            assert there == {"transaction_id", "event_time", "account_id", "transaction_amount_vnd"}


def test_late_transactions_arrive_within_their_limit(take: Take) -> None:
    options = TrafficOptions(start_ms=START_MS, late_share=0.1, latest=timedelta(hours=2))
    times_ms = take(30_000, options)["time_ms"]
    newest_ms = np.maximum.accumulate(times_ms)
    behind_ms = newest_ms - times_ms
    assert behind_ms.max() <= 2 * HOUR_MS
    assert behind_ms.max() > 1.5 * HOUR_MS
    assert (behind_ms > 0).mean() == pytest.approx(0.1, abs=0.02)


def test_late_transactions_belong_to_the_regular_stream(take: Take, usual: Rows) -> None:
    late = take(30_000, TrafficOptions(start_ms=START_MS, late_share=0.1))
    before = usual["time_ms"] < usual["time_ms"][-1] - 7 * HOUR_MS
    known = {bytes(row) for row in late}
    assert all(bytes(row) in known for row in usual[before])


def test_duplicates_are_identical_bytes_within_minutes() -> None:
    records: list[bytes] = []
    for block in islice(blocks(TrafficOptions(start_ms=START_MS, doubled_share=0.1)), 8):
        records += block.records()
    first: dict[bytes, int] = {}
    distances = []
    newest_ms = 0
    for place, record in enumerate(records):
        time_ms = parse_time_ms(orjson.loads(record)["event_time"])
        if record in first:
            distances.append(place - first[record])
            assert newest_ms - time_ms + MINUTE_MS * 2 >= 1_000
            assert newest_ms - time_ms <= 10 * MINUTE_MS
        first.setdefault(record, place)
        newest_ms = max(newest_ms, time_ms)
    assert len(distances) / len(first) == pytest.approx(0.1, rel=0.15)
    assert len({orjson.loads(record)["transaction_id"] for record in first}) == len(first)


def test_without_edge_cases_nothing_is_late_or_duplicated(usual: Rows) -> None:
    assert (np.diff(usual["time_ms"]) >= 0).all()
    assert (np.diff(usual["id"]) == 1).all()
    assert usual["time_ms"][-1] - START_MS < 5 * DAY_MS


@pytest.mark.parametrize("share", [2.2e-313, 1e-30, 1e-15])
def test_a_fraud_share_too_small_to_appear_gives_honest_traffic(take: Take, share: float) -> None:
    found = take(2_000, TrafficOptions(start_ms=START_MS, fraud_share=share))
    assert len(found) == 2_000
    assert (found["fraud"] == NONE).all()

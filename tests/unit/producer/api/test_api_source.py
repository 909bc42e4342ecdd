"""Event times of served transactions, under a fake clock."""

import asyncio
from collections.abc import Iterator
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraudstream.domain.duration import DAY_MS, HOUR_MS, MINUTE_MS
from fraudstream.domain.transaction import Transaction
from producer.api.simulated_feed import MAX_BEHIND_MS, EventTimes, TransactionSource
from producer.simulation import LabelledTransaction, TrafficOptions, generate
from tests.unit.producer.api.api_helpers import NOON_MS, FakeTime


def source_of(time: FakeTime, accounts: int = 500, fraud_share: float = 0.05) -> TransactionSource:
    return TransactionSource(accounts=accounts, fraud_share=fraud_share, clock=time.clock())


def take(source: TransactionSource, count: int) -> list[Transaction]:
    return asyncio.run(source.take(count))


def check_times(transactions: list[Transaction], now_ms: int) -> None:
    """Check that the times are ordered, not in the future and not long past."""
    times = [transaction.event_time_ms for transaction in transactions]
    assert times == sorted(times)
    assert now_ms - MAX_BEHIND_MS <= times[0]
    assert times[-1] <= now_ms


def test_at_the_banks_own_pace_simulated_times_are_kept() -> None:
    #   simulated   1000   2000   3000
    #   now                            3500
    #   served      1000   2000   3000
    times = EventTimes(last_served_ms=500)
    assert times.serve([1_000, 2_000, 3_000], 3_500) == [1_000, 2_000, 3_000]
    assert times.lead_ms == 0


def test_a_bank_that_runs_ahead_is_compressed_into_the_time_since_the_last_request() -> None:
    #   last served 0   simulated 1000  2000  4000
    #   now                       1000
    #   served                     250   500  1000      lead 3000
    times = EventTimes()
    assert times.serve([1_000, 2_000, 4_000], 1_000) == [250, 500, 1_000]
    assert times.lead_ms == 3_000


def test_a_lead_is_used_up_before_any_time_is_skipped() -> None:
    times = EventTimes(lead_ms=HOUR_MS)
    assert times.behind_ms(NOON_MS, NOON_MS) == MAX_BEHIND_MS
    assert times.lead_ms == MAX_BEHIND_MS
    assert times.behind_ms(NOON_MS, NOON_MS + HOUR_MS) == HOUR_MS
    assert times.lead_ms == 0


def test_a_stopped_clock_repeats_one_time() -> None:
    times = EventTimes()
    assert times.serve([5_000], 1_000) == [1_000]
    assert times.serve([6_000, 9_000], 1_000) == [1_000, 1_000]


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2 * MAX_BEHIND_MS), st.lists(st.integers(0, HOUR_MS), min_size=1, max_size=20)
        ),
        max_size=20,
    )
)
def test_served_times_are_in_order_and_never_ahead_of_the_clock(
    asked: list[tuple[int, list[int]]],
) -> None:
    times = EventTimes()
    now_ms = simulated_ms = NOON_MS
    served: list[int] = []
    for pause_ms, gaps_ms in asked:
        now_ms += pause_ms
        batch = list(accumulate(gaps_ms, initial=simulated_ms))[1:]
        simulated_ms = batch[-1]
        times.behind_ms(batch[0], now_ms)
        served += times.serve(batch, now_ms)
        assert served[-1] <= now_ms
    assert served == sorted(served)


@pytest.mark.parametrize(("count", "pause_s"), [(1, 1.0), (1, 0.001), (10, 30.0), (1_000, 1.0), (1_000, 0.0)])
def test_event_times_are_in_order_and_near_now_at_any_pace(count: int, pause_s: float) -> None:
    time = FakeTime()
    source = source_of(time)
    newest_ms = 0
    for _ in range(20):
        time.pass_s(pause_s)
        batch = take(source, count)
        check_times(batch, time.wall_ms)
        assert batch[0].event_time_ms >= newest_ms
        newest_ms = batch[-1].event_time_ms


@pytest.mark.parametrize("idle_ms", [2 * MINUTE_MS, 50 * MINUTE_MS, 2 * HOUR_MS, 30 * DAY_MS])
def test_after_an_idle_time_event_times_are_near_now_at_once(idle_ms: int) -> None:
    time = FakeTime()
    source = source_of(time, accounts=20_000)
    take(source, 10)
    time.pass_s(idle_ms / 1000)
    check_times(take(source, 1), time.wall_ms)


def test_a_clock_that_is_set_back_does_not_set_event_times_back() -> None:
    time = FakeTime()
    source = source_of(time)
    before_ms = take(source, 5)[-1].event_time_ms
    time.pass_s(-600)
    assert take(source, 5)[0].event_time_ms >= before_ms
    assert take(source, 5)[-1].event_time_ms <= before_ms + MINUTE_MS


def test_ids_are_unique_across_changes_of_the_fraud_share() -> None:
    time = FakeTime()
    source = source_of(time)
    ids: list[str] = []
    for share in (0.05, 0.5, 0.05, 0.0, 0.5, 0.5):
        asyncio.run(source.set_fraud_share(share))
        assert source.fraud_share == share
        ids += [transaction.transaction_id for transaction in take(source, 200)]
    time.pass_s(2 * HOUR_MS / 1000)
    ids += [transaction.transaction_id for transaction in take(source, 200)]
    assert len(set(ids)) == len(ids) == source.taken


def test_a_later_process_gives_other_ids() -> None:
    time = FakeTime()
    first = take(source_of(time), 500)
    time.pass_s(1)
    second = take(source_of(time), 500)
    assert {t.transaction_id for t in first}.isdisjoint(t.transaction_id for t in second)


def test_the_fraud_share_follows_the_options_and_their_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[float] = []

    def noted(options: TrafficOptions) -> Iterator[LabelledTransaction]:
        opened.append(options.fraud_share)
        return generate(options)

    monkeypatch.setattr("producer.api.simulated_feed.generate", noted)
    source = source_of(FakeTime(), fraud_share=0.2)
    take(source, 1)
    asyncio.run(source.set_fraud_share(0.2))
    asyncio.run(source.set_fraud_share(0.4))
    take(source, 1)
    assert opened == [0.2, 0.4]


def test_the_old_bank_serves_while_a_new_one_opens() -> None:
    async def scenario() -> tuple[set[str], set[str]]:
        source = source_of(FakeTime(), accounts=5_000)
        await source.take(1)
        change = asyncio.create_task(source.set_fraud_share(0.3))
        await asyncio.sleep(0)
        during = await source.take(1)
        assert not change.done()
        await change
        after = await source.take(1)
        return {t.transaction_id.split("-")[0] for t in during}, {
            t.transaction_id.split("-")[0] for t in after
        }

    during, after = asyncio.run(scenario())
    assert during.isdisjoint(after)


def test_concurrent_requests_get_different_transactions_in_order() -> None:
    async def scenario() -> list[list[Transaction]]:
        source = source_of(FakeTime())
        return list(await asyncio.gather(*(source.take(50) for _ in range(20))))

    batches = asyncio.run(scenario())
    assert len({t.transaction_id for batch in batches for t in batch}) == 1_000
    for earlier, later in pairwise(batches):
        assert earlier[-1].event_time_ms <= later[0].event_time_ms

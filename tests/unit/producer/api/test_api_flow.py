"""Rings, flows, clients and the hub, without HTTP: paces, resuming, and dropped clients."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from fraudstream.domain.transaction import Transaction
from fraudstream.web.problem_details import Problem
from producer.api.api_metrics import Metrics
from producer.api.flow import Client, Flow, Pace
from producer.api.hub import Hub
from producer.api.ring import Event, Ring
from tests.unit.producer.api.api_helpers import FakeTime, decode, settings, until

PACE = Pace(1.0, 2)


class NumberedSource:
    """Returns numbered transactions; records the time at which each was taken."""

    def __init__(self, time: FakeTime) -> None:
        self.taken_at_s: list[float] = []
        self._time = time

    async def take(self, count: int) -> list[Transaction]:
        self.taken_at_s.append(self._time.elapsed_s)
        first = len(self.taken_at_s) * 1_000
        return [
            Transaction(
                transaction_id=f"T{first + n}", event_time_ms=0, account_id="A", transaction_amount_vnd=1.0
            )
            for n in range(count)
        ]


class OverloadedSource(NumberedSource):
    """Takes three seconds per batch, and fails a test that it has blocked."""

    async def take(self, count: int) -> list[Transaction]:
        self._time.pass_s(3)
        assert len(self.taken_at_s) < 1_000
        return await super().take(count)


class StallingSource(NumberedSource):
    """Delivers its second batch at 2.3 s, its fourth at 12.5 s, and the others at once."""

    async def take(self, count: int) -> list[Transaction]:
        taken = await super().take(count)
        done_at_s = {2: 2.3, 4: 12.5}.get(len(self.taken_at_s), 0.0)
        self._time.pass_s(max(0.0, done_at_s - self._time.elapsed_s))
        return taken


class FailingSource:
    async def take(self, count: int) -> list[Transaction]:
        msg = f"no {count} transactions today"
        raise RuntimeError(msg)


def flow_of(
    time: FakeTime, source: NumberedSource, ring: Ring | None = None, pace: Callable[[], Pace] = lambda: PACE
) -> Flow:
    return Flow(pace, source, ring or Ring(100, 1_000_000), time.clock(), lambda: None)


async def run_for(flow: Flow, time: FakeTime, seconds: float, *, streaming: bool = True) -> None:
    end_s = time.elapsed_s + seconds
    await flow.run(lambda: time.elapsed_s < end_s, lambda: streaming)


def events(client: Client) -> list[dict[str, Any]]:
    data = b""
    while piece := client.take():
        data += piece
    return [event for event in decode(data) if "retry" not in event]


def transaction_ids(client: Client) -> list[str]:
    return [t["transaction_id"] for e in events(client) for t in e["data"]["transactions"]]


def run(scenario: Callable[[FakeTime], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(scenario(FakeTime()))


def test_a_ring_keeps_at_most_the_configured_number_of_newest_events() -> None:
    ring = Ring(max_events=3, max_bytes=1_000)
    for number in range(1, 6):
        ring.append(Event(number, b"x"))
    assert (ring.oldest_number, ring.next_number, ring.size_bytes) == (3, 6, 3)
    assert [event.number for event in ring.read(4, 1_000)] == [4, 5]
    assert ring.read(6, 1_000) == []


def test_a_ring_keeps_at_most_the_configured_bytes_but_always_one_event() -> None:
    ring = Ring(max_events=100, max_bytes=10)
    for number in range(1, 4):
        ring.append(Event(number, b"x" * 4))
    assert (ring.oldest_number, ring.size_bytes) == (2, 8)
    ring.append(Event(4, b"x" * 50))
    assert (ring.oldest_number, ring.size_bytes) == (4, 50)


def test_a_read_returns_what_fits_but_at_least_one_event() -> None:
    ring = Ring(max_events=100, max_bytes=1_000)
    for number in range(1, 5):
        ring.append(Event(number, b"x" * 10))
    assert [event.number for event in ring.read(1, 25)] == [1, 2]
    assert [event.number for event in ring.read(3, 1)] == [3]


def test_the_first_event_comes_at_once_and_then_one_per_interval() -> None:
    async def scenario(time: FakeTime) -> None:
        source = NumberedSource(time)
        await run_for(flow_of(time, source), time, 4.9)
        assert source.taken_at_s == [0, 1, 2, 3, 4]

    run(scenario)


def test_at_most_one_late_interval_is_caught_up() -> None:
    #   due     0    1    2    3    4 ... 12   13   14
    #   taken   0    1    2.3  3         12.5 twice, then 13.5, 14.5
    async def scenario(time: FakeTime) -> None:
        source = StallingSource(time)
        await run_for(flow_of(time, source), time, 15.4)
        assert source.taken_at_s == pytest.approx([0, 1, 2.3, 3, 12.5, 12.5, 13.5, 14.5])

    run(scenario)


def test_a_stopped_flow_produces_nothing_and_resumes_when_started() -> None:
    async def scenario(time: FakeTime) -> None:
        source = NumberedSource(time)
        flow = flow_of(time, source)
        await run_for(flow, time, 10, streaming=False)
        assert source.taken_at_s == []
        await run_for(flow, time, 1.9)
        assert source.taken_at_s == [10, 11]

    run(scenario)


def test_a_changed_pace_takes_effect_at_once() -> None:
    async def scenario(time: FakeTime) -> None:
        source = NumberedSource(time)
        paces = {True: Pace(3_600.0, 1), False: Pace(1.0, 1)}
        await run_for(flow_of(time, source, pace=lambda: paces[time.elapsed_s < 5]), time, 6.9)
        assert source.taken_at_s == [0, 5, 5, 6]

    run(scenario)


def test_all_clients_of_a_pace_get_the_same_events() -> None:
    async def scenario(time: FakeTime) -> None:
        flow = flow_of(time, NumberedSource(time))
        one, other = flow.join(None), flow.join(None)
        assert events(one) == events(other) == []
        await run_for(flow, time, 2.9)
        found = transaction_ids(one)
        assert found == ["T1000", "T1001", "T2000", "T2001", "T3000", "T3001"]
        assert transaction_ids(other) == found

    run(scenario)


def test_a_new_client_starts_with_the_next_event() -> None:
    async def scenario(time: FakeTime) -> None:
        flow = flow_of(time, NumberedSource(time))
        await run_for(flow, time, 1.9)
        client = flow.join(None)
        assert events(client) == []
        await run_for(flow, time, 0.5)
        assert transaction_ids(client) == ["T3000", "T3001"]

    run(scenario)


def test_a_reconnecting_client_resumes_after_its_last_event() -> None:
    async def scenario(time: FakeTime) -> None:
        flow = flow_of(time, NumberedSource(time))
        client = flow.join(None)
        assert events(client) == []
        await run_for(flow, time, 0.9)
        (first,) = events(client)
        flow.leave(client)
        await run_for(flow, time, 2.9)
        again = events(flow.join(first["id"]))
        assert [event["id"] for event in again] == [f"{flow.token}.{n}" for n in (2, 3, 4)]
        assert events(flow.join(again[-1]["id"])) == []

    run(scenario)


@pytest.mark.parametrize(
    "offered", ["{token}.1", "{token}.99", "{token}.x", "0123456789abcdef.7", "7", "\x00é"]
)
def test_an_unknown_last_event_id_gives_a_gap_event_and_the_oldest_kept_event(offered: str) -> None:
    async def scenario(time: FakeTime) -> None:
        flow = flow_of(time, NumberedSource(time), Ring(max_events=3, max_bytes=1_000_000))
        await run_for(flow, time, 5.9)
        gap, *kept = events(flow.join(offered.format(token=flow.token)))
        assert gap["event"] == "gap"
        assert "id" not in gap
        assert gap["data"]["last_event_id"] == offered.format(token=flow.token)
        assert gap["data"]["continues_with"] == kept[0]["id"]
        assert [event["id"] for event in kept] == [f"{flow.token}.{n}" for n in (4, 5, 6)]

    run(scenario)


def test_only_a_client_that_does_not_read_is_dropped_when_its_next_event_is_evicted() -> None:
    async def scenario(time: FakeTime) -> None:
        flow = flow_of(time, NumberedSource(time), Ring(max_events=3, max_bytes=1_000_000))
        slow, reader = flow.join(None), flow.join(None)
        assert events(slow) == []
        got = []
        for _ in range(3):
            await run_for(flow, time, 0.9)
            got += transaction_ids(reader)
            assert slow.ending is None
            time.pass_s(0.1)
        await run_for(flow, time, 0.9)
        got += transaction_ids(reader)
        assert slow.ending is not None
        assert (slow.ending.event, slow.ending.reason) == ("dropped", "too_far_behind")
        assert reader.ending is None
        assert len(got) == 8

    run(scenario)


def test_a_resuming_client_is_not_dropped_for_events_evicted_before_its_first_read() -> None:
    async def scenario(time: FakeTime) -> None:
        flow = flow_of(time, NumberedSource(time), Ring(max_events=3, max_bytes=1_000_000))
        await run_for(flow, time, 4.9)
        late = flow.join("0123456789abcdef.1")
        await run_for(flow, time, 3.9)
        assert late.ending is None
        gap, first, *_ = events(late)
        assert gap["data"]["continues_with"] == first["id"]

    run(scenario)


def test_the_first_reason_to_end_counts() -> None:
    client = Client(Ring(1, 1), lambda: (1, b""))
    client.end("dropped", "too_far_behind")
    client.end("bye", "the server is shutting down")
    assert client.ending is not None
    assert client.ending.event == "dropped"


def hub_of(time: FakeTime, source: NumberedSource | FailingSource | None = None, **values: object) -> Hub:
    return Hub(settings(**values), source or NumberedSource(time), lambda: PACE, Metrics(), time.clock())


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def test_clients_above_the_limit_are_rejected_until_one_leaves() -> None:
    async def scenario(time: FakeTime) -> None:
        hub = hub_of(time, max_clients=2)
        first, _ = hub.join(None, None), hub.join(PACE, None)
        with pytest.raises(Problem, match="limit of 2 clients") as refused:
            hub.join(None, None)
        assert (refused.value.status, "Retry-After" in refused.value.headers) == (503, True)
        first.leave()
        hub.join(None, None)
        assert hub.clients == 2
        await hub.shut_down()

    run(scenario)


def test_paces_above_the_limit_are_rejected_but_active_ones_accept_clients() -> None:
    async def scenario(time: FakeTime) -> None:
        hub = hub_of(time, max_paces=2)
        first, _ = hub.join(PACE, None), hub.join(Pace(2.0, 1), None)
        with pytest.raises(Problem, match="limit of 2 custom paces is reached") as refused:
            hub.join(Pace(0.5, 1), None)
        assert refused.value.status == 503
        for pace in (None, PACE, None):
            hub.join(pace, None)
        assert (hub.paces, hub.clients) == (3, 5)
        first.leave()
        with pytest.raises(Problem, match="limit of 2 custom paces is reached"):
            hub.join(Pace(0.5, 1), None)
        await hub.shut_down()

    run(scenario)


def test_a_pace_without_clients_is_replaced_by_a_new_one_at_the_limit() -> None:
    async def scenario(time: FakeTime) -> None:
        hub = hub_of(time, max_paces=2)
        waiting, stays = hub.join(PACE, None), hub.join(Pace(2.0, 1), None)
        waiting.leave()
        time.pass_s(1)
        new = hub.join(Pace(0.5, 1), None)
        await settle()
        assert hub.paces == 2
        assert hub.join(Pace(2.0, 1), None).flow is stays.flow
        assert hub.join(Pace(0.5, 1), None).flow is new.flow
        with pytest.raises(Problem, match="limit of 2 custom paces is reached"):
            hub.join(PACE, None)
        await hub.shut_down()

    run(scenario)


def test_each_pace_runs_independently() -> None:
    async def scenario(time: FakeTime) -> None:
        hub = hub_of(time)
        quick, slow = hub.join(Pace(0.5, 1), None), hub.join(Pace(2.0, 3), None)
        assert events(quick.client) == events(slow.client) == []
        await until(lambda: time.elapsed_s >= 4)
        quick_events, slow_events = events(quick.client), events(slow.client)
        await hub.shut_down()
        assert {event["data"]["count"] for event in quick_events} == {1}
        assert {event["data"]["count"] for event in slow_events} == {3}
        assert len(quick_events) == pytest.approx(4 * len(slow_events), abs=4)

    run(scenario)


def test_a_pace_without_clients_runs_for_the_resume_time_and_then_ends() -> None:
    async def scenario(time: FakeTime) -> None:
        hub = hub_of(time, resume_seconds=10)
        hub.join(PACE, None).leave()
        await until(lambda: time.elapsed_s >= 9)
        assert hub.paces == 1
        await until(lambda: hub.paces == 0)
        assert time.elapsed_s < 12

    run(scenario)


def test_at_shutdown_every_client_gets_bye_and_new_ones_are_rejected() -> None:
    async def scenario(time: FakeTime) -> None:
        hub = hub_of(time)
        members = [hub.join(pace, None) for pace in (None, PACE)]
        hub.close("the server is shutting down")
        assert [m.client.ending and m.client.ending.event for m in members] == ["bye", "bye"]
        with pytest.raises(Problem, match="shutting down"):
            hub.join(None, None)
        await hub.shut_down()
        assert hub.is_closing
        assert hub.paces == 0

    run(scenario)


def test_a_failing_flow_ends_its_clients_and_the_next_client_gets_a_new_flow() -> None:
    async def scenario(time: FakeTime) -> None:
        hub = hub_of(time, FailingSource())
        member = hub.join(None, None)
        await settle()
        assert member.client.ending is not None
        assert member.client.ending.reason == "the stream failed; connect again"
        assert hub.paces == 0
        assert hub.join(None, None).flow is not member.flow
        await hub.shut_down()

    run(scenario)


def test_a_pace_above_the_generators_capacity_leaves_half_of_the_time_to_others() -> None:
    async def scenario(time: FakeTime) -> None:
        source = OverloadedSource(time)
        hub = hub_of(time, source)
        hub.join(Pace(0.01, 1_000), None)
        for _ in range(50):
            await asyncio.sleep(0)
        assert 5 <= len(source.taken_at_s) <= 50
        assert time.sleeps.count(3.0) >= len(source.taken_at_s) - 1
        await hub.shut_down()

    run(scenario)


def test_a_modest_pace_continues_beside_one_above_capacity() -> None:
    async def scenario(time: FakeTime) -> None:
        hub = hub_of(time, OverloadedSource(time))
        greedy, modest = hub.join(Pace(0.01, 1_000), None), hub.join(Pace(20.0, 1), None)
        assert events(greedy.client) == events(modest.client) == []
        await until(lambda: time.elapsed_s >= 100)
        greedy_events, modest_events = events(greedy.client), events(modest.client)
        await hub.shut_down()
        assert len(modest_events) >= 4
        assert len(greedy_events) >= 4

    run(scenario)


def test_an_event_produced_before_the_clients_first_read_is_not_missed() -> None:
    async def scenario(time: FakeTime) -> None:
        flow = flow_of(time, NumberedSource(time))
        await run_for(flow, time, 1.9)
        client = flow.join(None)
        await run_for(flow, time, 0.9)
        assert transaction_ids(client) == ["T3000", "T3001"]

    run(scenario)

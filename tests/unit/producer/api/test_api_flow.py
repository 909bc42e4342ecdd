"""Rings, flows and their clients, without HTTP: paces, resuming, and dropped clients."""

from collections.abc import Callable

import pytest

from producer.api.flow import Client, Flow, Pace
from producer.api.ring import Event, Ring
from tests.unit.producer.api.api_helpers import FakeTime
from tests.unit.producer.api.flow_samples import (
    PACE,
    NumberedSource,
    StallingSource,
    events,
    run,
    transaction_ids,
)


def flow_of(
    time: FakeTime, source: NumberedSource, ring: Ring | None = None, pace: Callable[[], Pace] = lambda: PACE
) -> Flow:
    return Flow(pace, source, ring or Ring(100, 1_000_000), time.clock(), lambda: None)


async def run_for(flow: Flow, time: FakeTime, seconds: float, *, streaming: bool = True) -> None:
    end_s = time.elapsed_s + seconds
    await flow.run(lambda: time.elapsed_s < end_s, lambda: streaming)


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


def test_an_event_produced_before_the_clients_first_read_is_not_missed() -> None:
    async def scenario(time: FakeTime) -> None:
        flow = flow_of(time, NumberedSource(time))
        await run_for(flow, time, 1.9)
        client = flow.join(None)
        await run_for(flow, time, 0.9)
        assert transaction_ids(client) == ["T3000", "T3001"]

    run(scenario)

"""The hub of all flows, without HTTP: limits on clients and paces, failures, overload and shutdown."""

import asyncio

import pytest

from fraudstream.domain.transaction import Transaction
from fraudstream.web.problem_details import Problem
from producer.api.api_metrics import Metrics
from producer.api.flow import Pace
from producer.api.hub import Hub
from tests.unit.producer.api.api_helpers import FakeTime, settings, until
from tests.unit.producer.api.flow_samples import (
    PACE,
    FailingSource,
    NumberedSource,
    OverloadedSource,
    events,
    run,
)


def hub_of(time: FakeTime, source: NumberedSource | FailingSource | None = None, **values: object) -> Hub:
    return Hub(
        settings(**values),
        source or NumberedSource(time),
        lambda: PACE,
        Metrics(),
        time.clock(),
        enriched=Transaction.to_json,
    )


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

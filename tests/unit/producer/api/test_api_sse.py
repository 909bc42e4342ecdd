"""Events written to a client, and clients that are given up."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from starlette.types import Message

from fraudstream.domain.transaction import Transaction
from fraudstream.runtime.clock import AsyncClock
from producer.api.api_metrics import Metrics
from producer.api.flow import Pace
from producer.api.hub import Hub, Membership
from producer.api.sse import EventStream
from tests.unit.producer.api.api_helpers import FakeTime, decode, settings, until
from tests.unit.producer.api.flow_samples import NumberedSource

NEVER = Pace(3_600.0, 1)


class Wire:
    """A client's connection that can block and be closed by the client, with its server's metrics."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.free = asyncio.Event()
        self.free.set()
        self.gone = asyncio.Event()
        self.metrics = Metrics()

    async def send(self, message: Message) -> None:
        await self.free.wait()
        self.messages.append(message)

    async def receive(self) -> Message:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    def events(self) -> list[dict[str, Any]]:
        data = b"".join(message["body"] for message in self.messages[1:])
        return [event for event in decode(data) if "retry" not in event]


def serve(
    scenario: Callable[[Hub, Wire, Membership], Coroutine[Any, Any, None]],
    pace: Pace = NEVER,
    longest_s: float = 60,
) -> None:
    """Run a scenario for one client with a heartbeat every 50 ms and a write timeout of 100 ms."""

    async def beside() -> None:
        wire = Wire()
        source = NumberedSource(FakeTime())
        hub = Hub(settings(), source, lambda: pace, wire.metrics, AsyncClock(), enriched=Transaction.to_json)
        member = hub.join(pace, None)
        answer = EventStream(member, heartbeat_s=0.05, write_timeout_s=0.1, longest_s=longest_s)
        serving = asyncio.create_task(answer({"type": "http"}, wire.receive, wire.send))
        await scenario(hub, wire, member)
        wire.gone.set()
        async with asyncio.timeout(5):
            await serving
        assert hub.clients == 0
        await hub.shut_down()

    asyncio.run(beside())


def test_the_headers_disable_buffering() -> None:
    async def scenario(_hub: Hub, wire: Wire, _member: Membership) -> None:
        await until(lambda: bool(wire.messages))
        headers = dict(wire.messages[0]["headers"])
        assert headers[b"content-type"].startswith(b"text/event-stream")
        assert headers[b"cache-control"] == b"no-store"
        assert b"content-length" not in headers

    serve(scenario)


def test_events_have_their_number_and_their_transactions() -> None:
    async def scenario(_hub: Hub, wire: Wire, member: Membership) -> None:
        await until(lambda: len(wire.events()) >= 3)
        for number, event in enumerate(wire.events()[:3], 1):
            assert event["event"] == "message"
            assert event["id"] == f"{member.flow.token}.{number}"
            assert event["data"]["count"] == len(event["data"]["transactions"]) == 2

    serve(scenario, Pace(0.01, 2))


def test_an_idle_stream_sends_heartbeats() -> None:
    async def scenario(hub: Hub, wire: Wire, _member: Membership) -> None:
        hub.streaming = False
        await until(lambda: sum("comment" in event for event in wire.events()) >= 3)

    serve(scenario)


def test_a_client_that_leaves_frees_its_slot() -> None:
    async def scenario(hub: Hub, wire: Wire, _member: Membership) -> None:
        await until(lambda: bool(wire.messages))
        assert hub.clients == 1
        wire.gone.set()
        await until(lambda: hub.clients == 0)
        assert hub.dropped == 0

    serve(scenario)


def test_a_shutdown_sends_a_last_event_and_ends_the_response() -> None:
    async def scenario(hub: Hub, wire: Wire, _member: Membership) -> None:
        await until(lambda: bool(wire.messages))
        hub.close("the server is shutting down")
        await until(lambda: not wire.messages[-1].get("more_body", True))
        assert wire.events()[-1] == {"event": "bye", "data": {"reason": "the server is shutting down"}}

    serve(scenario)


@pytest.mark.parametrize("pace", [NEVER, Pace(0.01, 1)], ids=["idle", "busy"])
def test_a_stream_ends_after_its_longest_time_so_that_credentials_are_shown_again(pace: Pace) -> None:
    async def scenario(hub: Hub, wire: Wire, _member: Membership) -> None:
        await until(lambda: not wire.messages[-1:] or not wire.messages[-1].get("more_body", True))
        await until(lambda: hub.clients == 0)
        reason = "this stream was open for 0.2 s; connect again"
        assert wire.events()[-1] == {"event": "bye", "data": {"reason": reason}}
        assert hub.dropped == 0

    serve(scenario, pace, longest_s=0.2)


def test_a_write_that_blocks_too_long_drops_the_client() -> None:

    async def scenario(hub: Hub, wire: Wire, member: Membership) -> None:
        await until(lambda: len(wire.events()) >= 1)
        wire.free.clear()
        await until(lambda: hub.dropped == 1)
        assert member.client.ending is not None
        assert member.client.ending.reason == "write_blocked"
        text = wire.metrics.registry.text().decode()
        assert 'clients_dropped_total{reason="write_blocked"} 1.0' in text

    serve(scenario, Pace(0.01, 1))


def test_a_dropped_client_that_reads_again_gets_the_reason() -> None:
    async def scenario(hub: Hub, wire: Wire, _member: Membership) -> None:
        await until(lambda: len(wire.events()) >= 1)
        wire.free.clear()
        await until(lambda: hub.dropped == 1)
        wire.free.set()
        await until(lambda: not wire.messages[-1].get("more_body", True))
        assert wire.events()[-1] == {"event": "dropped", "data": {"reason": "write_blocked"}}

    serve(scenario, Pace(0.01, 1))


def test_a_client_too_far_behind_gets_the_reason() -> None:
    async def scenario(hub: Hub, wire: Wire, member: Membership) -> None:
        await until(lambda: bool(wire.messages))
        member.client.end("dropped", "too_far_behind")
        await until(lambda: not wire.messages[-1].get("more_body", True))
        assert wire.events()[-1] == {"event": "dropped", "data": {"reason": "too_far_behind"}}
        assert hub.dropped == 1

    serve(scenario)

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

from aiohttp import web

from producer.load.open_loop import OpenLoop, RequestTarget
from producer.load.send_schedule import SendSchedule
from tests.unit.producer.load.http_fakes import decide, served


def bodies() -> Iterator[bytes]:
    number = 0
    while True:
        yield b'{"n":%d}' % number
        number += 1


def open_loop(
    url: str, count: int, rate: float, timeout_s: float = 5.0, headers: dict[str, str] | None = None
) -> OpenLoop:
    target = RequestTarget(url=url, timeout_s=timeout_s, headers=headers or {})
    return OpenLoop(target, bodies(), SendSchedule(records=count, rate_per_s=rate), lambda *_: None)


def test_every_request_is_sent_once_with_its_headers_and_answered() -> None:
    with served(decide) as service:
        loop = open_loop(service.url, 100, 1_000, headers={"X-API-Key": "k"})
        loop.run(threading.Event())
    assert sorted(body["n"] for body in service.bodies) == list(range(100))
    assert {headers["X-API-Key"] for headers in service.headers} == {"k"}
    statistics = loop.statistics
    assert (statistics.sent, statistics.succeeded, statistics.in_flight) == (100, 100, 0)
    assert loop.now_s() >= 0.099


def test_a_stalled_service_delays_no_later_request_and_the_stall_counts_to_each() -> None:
    """One answer takes 400 ms, while the service answers nothing else: latency is from the scheduled time.

    due       0   10   20 ... 390 ms        all are sent meanwhile
    answered  400 400  400 ... 400 ms       so the latencies are 400, 390, ..., 10 ms
    """
    stalled = threading.Event()

    async def stall_once(_body: dict[str, Any]) -> web.Response:
        if not stalled.is_set():
            stalled.set()
            time_to_stall_s = 0.4
            threading.Event().wait(time_to_stall_s)
        return web.json_response({})

    with served(stall_once) as service:
        loop = open_loop(service.url, 40, 100)
        loop.run(threading.Event())
    latency_ms = loop.statistics.latency_ms
    p50, p99 = latency_ms.percentile_ms(50), latency_ms.percentile_ms(99)
    assert loop.statistics.succeeded == 40
    assert p50 is not None
    assert p99 is not None
    assert p50 > 150
    assert p99 > 350


def test_a_request_without_an_answer_is_lost_and_named_by_its_error() -> None:
    async def hang_on_odd(body: dict[str, Any]) -> web.Response:
        if body["n"] % 2:
            await asyncio.sleep(5)
        return web.json_response({})

    with served(hang_on_odd) as service:
        loop = open_loop(service.url, 6, 100, timeout_s=0.3)
        loop.run(threading.Event())
    summary = loop.statistics.summary(100)
    assert (summary["sent"], summary["succeeded"], summary["lost"]) == (6, 3, 3)
    assert summary["errors"] == {"TimeoutError": 3} or summary["errors"] == {"SocketTimeoutError": 3}


def test_an_unreachable_service_is_an_error_of_every_request() -> None:
    with served(decide) as service:
        url = service.url
    loop = open_loop(url, 5, 1_000)
    loop.run(threading.Event())
    assert loop.statistics.errors == {"ClientConnectorError": 5}


def test_refusals_count_by_status_and_not_to_the_latency() -> None:
    async def refuse(_body: dict[str, Any]) -> web.Response:
        return web.json_response({"title": "Too many requests"}, status=429)

    with served(refuse) as service:
        loop = open_loop(service.url, 5, 1_000)
        loop.run(threading.Event())
    summary = loop.statistics.summary(1_000)
    assert summary["statuses"] == {"429": 5}
    assert summary["latency_ms"] == {"p50": None, "p90": None, "p99": None, "max": None}
    assert (summary["succeeded"], summary["lost"], summary["requests_per_s"]) == (0, 0, 0.0)


def test_after_a_stop_no_request_is_sent_and_those_in_flight_are_awaited() -> None:
    stop = threading.Event()

    async def stop_at_third(body: dict[str, Any]) -> web.Response:
        if body["n"] == 2:
            stop.set()
            await asyncio.sleep(0.2)
        return web.json_response({})

    with served(stop_at_third) as service:
        loop = open_loop(service.url, 1_000, 50)
        loop.run(stop)
    statistics = loop.statistics
    assert 3 <= statistics.sent < 20
    assert statistics.succeeded == statistics.sent

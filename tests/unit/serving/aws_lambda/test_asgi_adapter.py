"""An application in the Lambda adapter: its lifespan, its routes and its refusals."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import FastAPI, Request
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from serving.aws_lambda.asgi_adapter import MARGIN_MS, AsgiFunction, StartupError
from serving.aws_lambda.proxy_events import ProxyResponse
from tests.unit.serving.aws_lambda.proxy_events_of_tests import posted, rest_event

TIMED_OUT = ProxyResponse(503, [(b"content-type", b"text/plain")], b"too late")
both = pytest.mark.parametrize("version", ["1.0", "2.0"])


class Time:
    """Lambda's context of an invocation."""

    def __init__(self, remaining_ms: int = 30_000) -> None:
        self._remaining_ms = remaining_ms

    def get_remaining_time_in_millis(self) -> int:
        """Return the time left."""
        return self._remaining_ms


def application(events: list[str]) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        events.append("started")
        yield
        events.append("stopped")

    app = FastAPI(lifespan=lifespan)

    @app.post("/echo")
    async def echo(request: Request) -> dict[str, Any]:
        return {"got": (await request.body()).decode(), "key": request.headers.get("x-api-key")}

    @app.get("/slow")
    async def slow() -> None:
        await asyncio.sleep(60)

    @app.get("/parts")
    async def parts() -> StreamingResponse:
        return StreamingResponse(iter(("one ", "two")), media_type="text/plain")

    return app


@pytest.fixture(name="events")
def fixture_events() -> list[str]:
    return []


@pytest.fixture(name="function")
def fixture_function(events: list[str]) -> Iterator[AsgiFunction]:
    function = AsgiFunction(application(events), lambda _scope: TIMED_OUT)
    yield function
    function.close()


@both
@pytest.mark.parametrize("is_base64", [False, True])
def test_a_request_reaches_its_route(function: AsgiFunction, version: str, *, is_base64: bool) -> None:
    event = posted("/echo", b"h\xc3\xa9", {"X-API-Key": "k"}, version=version, is_base64=is_base64)
    answer = function(event, Time())
    assert answer["statusCode"] == 200
    assert json.loads(answer["body"]) == {"got": "hé", "key": "k"}


def test_the_lifespan_lasts_from_the_init_phase_over_all_invocations(events: list[str]) -> None:
    function = AsgiFunction(application(events), lambda _scope: TIMED_OUT)
    assert events == ["started"]
    for _ in range(2):
        function(posted("/echo", b"", {}, version="2.0"), Time())
    assert events == ["started"]
    function.close()
    assert events == ["started", "stopped"]


def test_a_streamed_response_is_complete(function: AsgiFunction) -> None:
    assert function(rest_event(path="/parts"), Time())["body"] == "one two"


def test_a_request_that_takes_too_long_has_an_answer_before_the_timeout(function: AsgiFunction) -> None:
    answer = function(rest_event(path="/slow"), Time(MARGIN_MS + 50))
    assert (answer["statusCode"], answer["body"]) == (503, "too late")
    assert function(posted("/echo", b"x", {}, version="1.0"), Time())["statusCode"] == 200


def test_an_application_that_does_not_start_fails_the_init_phase() -> None:
    @asynccontextmanager
    async def failing(_app: FastAPI) -> AsyncIterator[None]:
        message = "no Java was found"
        raise OSError(message)
        yield

    with pytest.raises(StartupError, match="no Java was found"):
        AsgiFunction(FastAPI(lifespan=failing), lambda _scope: TIMED_OUT)


def test_an_application_without_a_lifespan_fails_the_init_phase_with_its_error() -> None:
    async def bare(_scope: Scope, _receive: Receive, _send: Send) -> None:
        message = "http only"
        raise NotImplementedError(message)

    with pytest.raises(StartupError, match="NotImplementedError: http only"):
        AsgiFunction(bare, lambda _scope: TIMED_OUT)

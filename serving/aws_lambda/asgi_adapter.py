"""ASGI application in a Lambda function: its lifespan lasts as long as the execution environment."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from starlette.types import ASGIApp, Message

from serving.aws_lambda.proxy_events import ProxyRequest, ProxyResponse, request_of

MARGIN_MS: Final = 500
"""Time before the function's timeout at which a request is given up, so that its caller has an answer."""


class RemainingTime(Protocol):
    """The part of Lambda's context object that is used."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until the function's timeout."""


class StartupError(RuntimeError):
    """The application did not start; the message is its own."""


class AsgiFunction:
    """A Lambda handler that runs an ASGI application. Confined to one thread, as Lambda invokes it.

    The application starts in the constructor, which belongs to the function's init phase. Between two
    invocations its event loop stands still. ``on_timeout`` makes the answer to a request that takes until
    `MARGIN_MS` before the timeout.
    """

    def __init__(self, app: ASGIApp, on_timeout: Callable[[dict[str, Any]], ProxyResponse]) -> None:
        """Start the application; raises `StartupError` if it fails."""
        self._app = app
        self._on_timeout = on_timeout
        self._loop = asyncio.new_event_loop()
        self._closing = asyncio.Event()
        self._lifespan: asyncio.Task[None] | None = None
        try:
            self._loop.run_until_complete(self._start())
        except StartupError:
            self._loop.close()
            raise

    def __call__(self, event: Mapping[str, Any], context: RemainingTime) -> dict[str, Any]:
        """Return the application's response to a proxy event; raises `ProxyEventError` for another event."""
        request = request_of(event)
        left_s = max(0, context.get_remaining_time_in_millis() - MARGIN_MS) / 1000
        response = self._loop.run_until_complete(self._respond(request, left_s))
        return response.answer(is_version_2=request.is_version_2)

    def close(self) -> None:
        """End the application's lifespan; for tests, as Lambda gives no notice."""
        self._closing.set()
        if self._lifespan is not None:
            self._loop.run_until_complete(self._lifespan)
        self._loop.close()

    async def _start(self) -> None:
        started: asyncio.Future[None] = self._loop.create_future()
        self._lifespan = self._loop.create_task(self._live(started))
        try:
            await started
        except StartupError:
            await self._lifespan
            raise

    async def _live(self, started: "asyncio.Future[None]") -> None:
        messages = iter(("lifespan.startup", "lifespan.shutdown"))

        async def receive() -> Message:
            kind = next(messages)
            if kind == "lifespan.shutdown":
                await self._closing.wait()
            return {"type": kind}

        async def send(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                started.set_result(None)
            elif message["type"] == "lifespan.startup.failed":
                started.set_exception(StartupError(str(message.get("message", ""))))

        try:
            await self._app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send)
        except Exception as error:
            if not started.done():
                started.set_exception(StartupError(f"{type(error).__name__}: {error}"))
            elif started.exception() is None:
                raise

    async def _respond(self, request: ProxyRequest, left_s: float) -> ProxyResponse:
        try:
            async with asyncio.timeout(left_s):
                return await self._run(request)
        except TimeoutError:
            return self._on_timeout(request.scope)

    async def _run(self, request: ProxyRequest) -> ProxyResponse:
        requests = iter([{"type": "http.request", "body": request.body, "more_body": False}])
        found: dict[str, Any] = {}
        body = bytearray()

        async def receive() -> Message:
            message = next(requests, None)
            if message is None:
                # API Gateway tells nothing of a client that has gone.
                await asyncio.Event().wait()
            return message or {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                found.update(message)
            else:
                body.extend(message.get("body", b""))

        await self._app(request.scope, receive, send)
        return ProxyResponse(found["status"], list(found.get("headers", ())), bytes(body))

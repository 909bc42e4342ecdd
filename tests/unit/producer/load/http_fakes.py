"""A fake HTTP service in a thread of its own, for the tests of the load tests."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import orjson
from aiohttp import web

DECISION = {"profile": "fresh", "risk_level": "LOW", "profile_age_ms": 800}

Handler = Callable[[dict[str, Any]], Awaitable[web.Response]]


class FakeService:
    """Answers POST requests with ``handler``; keeps the headers and bodies that it received, in order."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.url = ""
        self.bodies: list[Any] = []
        self.headers: list[dict[str, str]] = []

    async def answer(self, request: web.Request) -> web.Response:
        """Return the handler's answer."""
        body = orjson.loads(await request.read())
        self.bodies.append(body)
        self.headers.append(dict(request.headers))
        return await self.handler(body)


@contextmanager
def served(handler: Handler) -> Iterator[FakeService]:
    """Serve any path on a free port of this machine while the block runs."""
    service = FakeService(handler)
    loop = asyncio.new_event_loop()
    started, stopping = threading.Event(), asyncio.Event()

    async def serve() -> None:
        app = web.Application()
        app.router.add_post("/{path:.*}", service.answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        service.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        started.set()
        await stopping.wait()
        await runner.cleanup()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert started.wait(10)
    try:
        yield service
    finally:
        loop.call_soon_threadsafe(stopping.set)
        thread.join()
        loop.close()


async def decide(_body: dict[str, Any]) -> web.Response:
    """Return a decision on a transaction."""
    return web.json_response(DECISION)

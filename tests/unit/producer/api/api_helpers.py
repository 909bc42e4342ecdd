"""Helpers of the API tests: settings, a fake clock, a client with a key, SSE decoding."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from fraudstream.runtime.clock import AsyncClock
from fraudstream.web.api_keys import key_hash
from producer.api.api_settings import ApiSettings
from producer.api.application import create_app
from producer.api.service import Service

KEY = "txn_a-key-of-the-tests"
NOON_MS = 1_790_000_000_000


@dataclass
class FakeTime:
    """A clock that advances only when it is told to or when a task sleeps."""

    wall_ms: int = NOON_MS
    elapsed_s: float = 0.0
    sleeps: list[float] = field(default_factory=list)

    def clock(self) -> AsyncClock:
        return AsyncClock(now_ms=lambda: self.wall_ms, monotonic_s=lambda: self.elapsed_s, sleep=self.sleep)

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.pass_s(seconds)
        await asyncio.sleep(0)

    def pass_s(self, seconds: float) -> None:
        self.elapsed_s += seconds
        self.wall_ms += round(seconds * 1000)


def settings(**values: object) -> ApiSettings:
    """Return settings of a small bank without authentication, changed by the arguments."""
    return ApiSettings.load(env_file=None, **({"auth": "off", "accounts": 50} | values))


def key_file(folder: Path, **keys: str) -> Path:
    """Write a key file with names and keys."""
    path = folder / "keys"
    path.write_text("".join(f"{name} {key_hash(key)}\n" for name, key in (keys or {"tester": KEY}).items()))
    return path


def service_of(app: FastAPI) -> Service:
    service: Service = app.state.service
    return service


@asynccontextmanager
async def client_of(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Call an application without a socket."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as client:
        yield client


async def ask(
    method: str,
    path: str,
    app: FastAPI | None = None,
    **options: Any,  # noqa: ANN401 - httpx knows their types
) -> httpx.Response:
    """Send one request; without an application, to a new one without authentication."""
    async with client_of(app or create_app(settings())) as client:
        return await client.request(method, path, **options)


def problem(response: httpx.Response) -> dict[str, Any]:
    """Return the problem of an error response after checking its form."""
    assert response.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert set(body) - {"errors"} == {"type", "title", "status", "detail", "instance"}
    assert body["status"] == response.status_code
    return body


async def until(holds: Callable[[], bool]) -> None:
    """Let the other tasks run until the condition holds, for at most 5 s."""
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110 - the code under test has no event for a test to wait on
            await asyncio.sleep(0)


def decode(data: bytes) -> list[dict[str, Any]]:
    """Return the events of a piece of a stream; a comment is an event ``comment``."""
    events = []
    for block in data.decode().split("\n\n")[:-1]:
        event: dict[str, Any] = {"event": "message"}
        for line in block.split("\n"):
            name, _, value = line.partition(": ")
            event[name or "comment"] = json.loads(value) if name == "data" else value
        events.append(event)
    return events

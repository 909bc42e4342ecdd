"""Open loop of HTTP requests: each is sent at its scheduled time, whatever becomes of the others."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import aiohttp

from producer.load.request_statistics import RequestStatistics
from producer.load.send_schedule import SendSchedule

POLL_S: Final = 0.1
"""Longest time until a stop is noticed."""
KEEP_ALIVE_S: Final = 3.0
"""Idle connections are closed before a server does, which would break a request on them."""
MAX_CONNECTIONS: Final = 1_000
"""Requests beyond that wait for a connection, within their latency. Fewer than a process may have files."""
STARTED_PER_ROUND: Final = 20
"""Most late requests that are started before answers are read again."""

OnAnswer = Callable[[int, int, bytes], None]
"""Receives the number of a request from 0, the status of its answer, and the body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestTarget:
    """Address that requests are sent to, by POST with JSON bodies."""

    url: str
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    timeout_s: float = 10.0
    """Time from sending a request to the end of its answer, after which it is given up."""


class OpenLoop:
    """Sends the bodies by the schedule, which must have a rate; for one run.

    Latency counts from the scheduled time, so a stalled service can't hide the requests that it delays.
    """

    def __init__(
        self,
        target: RequestTarget,
        bodies: Iterator[bytes],
        schedule: SendSchedule,
        on_answer: OnAnswer,
    ) -> None:
        self.statistics = RequestStatistics()
        self._target = target
        self._bodies = bodies
        self._schedule = schedule
        self._on_answer = on_answer
        self._began_s = 0.0

    def now_s(self) -> float:
        """Return the seconds since the start."""
        return time.perf_counter() - self._began_s

    def run(self, stop: threading.Event) -> None:
        """Send until the schedule or the bodies end, or ``stop`` is set, then wait for every outcome."""
        asyncio.run(self._run(stop))

    async def _run(self, stop: threading.Event) -> None:
        connector = aiohttp.TCPConnector(limit=MAX_CONNECTIONS, keepalive_timeout=KEEP_ALIVE_S)
        headers = {"Content-Type": "application/json"} | self._target.headers
        timeout = aiohttp.ClientTimeout(total=self._target.timeout_s)
        async with aiohttp.ClientSession(connector=connector, headers=headers, timeout=timeout) as session:
            running: set[asyncio.Task[None]] = set()
            self._began_s = time.perf_counter()
            await self._send_all(session, running, stop)
            if running:
                await asyncio.wait(running)

    async def _send_all(
        self, session: aiohttp.ClientSession, running: set[asyncio.Task[None]], stop: threading.Event
    ) -> None:
        number = 0
        while number != self._schedule.records and not stop.is_set():
            due_s = self._schedule.due_s(number, self.now_s())
            wait_s = due_s - self.now_s()
            if wait_s > 0:
                await asyncio.sleep(min(wait_s, POLL_S))
                continue
            body = next(self._bodies, None)
            if body is None:
                return
            task = asyncio.create_task(self._send(session, number, due_s, body))
            running.add(task)
            task.add_done_callback(running.discard)
            number += 1
            if number % STARTED_PER_ROUND == 0:
                await asyncio.sleep(0)

    async def _send(self, session: aiohttp.ClientSession, number: int, due_s: float, body: bytes) -> None:
        self.statistics.on_sent(1000 * (self.now_s() - due_s))
        try:
            async with session.post(self._target.url, data=body, allow_redirects=False) as response:
                answer = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self.statistics.on_error(type(error).__name__, self.now_s())
            return
        now_s = self.now_s()
        self.statistics.on_answer(response.status, 1000 * (now_s - due_s), now_s)
        self._on_answer(number, response.status, answer)

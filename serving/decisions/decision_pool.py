"""Pool of threads that decide, each with an engine of its own, and a bounded queue before them.

A thread decides on all requests that wait, up to `DECIDED_TOGETHER` transactions, at once: the model, the
store and the hand-over between threads cost nearly as much for one transaction as for several. After that it
rests for as long as it has worked: under load, requests gather meanwhile, and the event loop, which needs the
interpreter's lock as well, takes them. A request that comes later than that is decided at once.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Final, NamedTuple, Protocol

from fraudstream.domain.record_gate import RefusedRecordError
from fraudstream.online.decision_engine import DecisionEngine, ProfilesUnavailableError
from fraudstream.online.online_decision import OnlineDecision
from fraudstream.web.problem_details import Problem

RETRY_AFTER_S: Final = 1
DECIDED_TOGETHER: Final = 32
MOST_REST_S: Final = 0.005
QUEUE_FULL: Final = "queue-full"
DEADLINE: Final = "deadline"
NO_PROFILES: Final = "no-profiles"
Results = list[OnlineDecision | RefusedRecordError]


class DecisionRequest(NamedTuple):
    """The transactions of one request, as JSON records."""

    records: Sequence[bytes]
    with_reasons: bool = True
    with_features: bool = False


class PoolEvents(Protocol):
    """Receives what the pool does, for metrics; called in the event loop."""

    def waiting(self, transactions: int) -> None:
        """Take the number of transactions that wait or are being decided."""

    def refused(self, reason: str) -> None:
        """Take the reason why a request got no decision."""


@dataclass(slots=True)
class _Asked:
    """A request, and the future that its results or their error complete in the event loop."""

    request: DecisionRequest
    future: "asyncio.Future[Results]"
    outcome: Results | Exception | None = None
    """None for a request that was given up before its turn."""


class DecisionPool:
    """Decides in ``threads`` threads. `open` it in the event loop that asks.

    ``make_engine`` is called in each thread, and its exception ends `open`. A request waits at most
    ``deadline_s``; one that is given up before its turn is not decided any more.
    """

    def __init__(  # noqa: PLR0913 - independent limits
        self,
        make_engine: Callable[[], DecisionEngine],
        events: PoolEvents,
        *,
        threads: int,
        max_waiting: int,
        deadline_s: float,
        warm_up: bytes,
    ) -> None:
        self._make_engine = make_engine
        self._events = events
        self._max_waiting = max_waiting
        self._deadline_s = deadline_s
        self._warm_up = warm_up
        self._waiting = 0
        self._engines: list[DecisionEngine] = []
        self._queue: SimpleQueue[_Asked | None] = SimpleQueue()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._threads = [
            threading.Thread(target=self._work, args=(place,), name=f"decide-{place}", daemon=True)
            for place in range(threads)
        ]
        self._starts: list[asyncio.Future[None]] = []

    @property
    def has_profiles(self) -> bool:
        """Whether a thread can reach the store of profiles, as far as the last call tells."""
        return any(engine.reader.breaker_state == "closed" for engine in self._engines)

    @property
    def open_breakers(self) -> int:
        """The number of threads that do not ask their store, because it failed."""
        return sum(engine.reader.breaker_state == "open" for engine in self._engines)

    async def open(self) -> None:
        """Make the engines and let each decide once; raises what making one raised."""
        self._loop = asyncio.get_running_loop()
        self._starts = [self._loop.create_future() for _ in self._threads]
        for thread in self._threads:
            thread.start()
        for outcome in await asyncio.gather(*self._starts, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome

    async def decide(self, request: DecisionRequest) -> Results:
        """Return the results of a request; raises a `Problem` with the status 503 if there can be none."""
        count = len(request.records)
        if self._waiting + count > self._max_waiting:
            raise self._refused(QUEUE_FULL, "too many transactions wait for their decision")
        loop = asyncio.get_running_loop()
        asked = _Asked(request, loop.create_future())
        self._count(count)
        self._queue.put(asked)
        timer = loop.call_later(self._deadline_s, _give_up, asked.future)
        try:
            return await asked.future
        except TimeoutError:
            raise self._refused(DEADLINE, f"no decision within {self._deadline_s:g} s") from None
        except ProfilesUnavailableError as error:
            raise self._refused(NO_PROFILES, str(error)) from None
        finally:
            timer.cancel()

    async def close(self) -> None:
        """Let the threads end the work that waits, and stop."""
        started = [thread for thread in self._threads if thread.ident is not None]
        for _ in started:
            self._queue.put(None)
        for thread in started:
            await asyncio.to_thread(thread.join)

    def _work(self, place: int) -> None:
        assert self._loop is not None  # noqa: S101 - `open` has set it
        try:
            engine = self._opened_engine()
        except BaseException as error:  # noqa: BLE001 - `open` raises it
            self._loop.call_soon_threadsafe(self._starts[place].set_exception, error)
            return
        self._engines.append(engine)
        self._loop.call_soon_threadsafe(self._starts[place].set_result, None)
        rested_s = time.monotonic()
        while (together := self._next(rested_s)) is not None:
            began_s = time.monotonic()
            _decide(engine, together)
            self._loop.call_soon_threadsafe(self._settle, together)
            ended_s = time.monotonic()
            rested_s = ended_s + min(ended_s - began_s, MOST_REST_S)

    def _opened_engine(self) -> DecisionEngine:
        engine = self._make_engine()
        engine.warm_up()
        try:
            engine.decide([self._warm_up])
        except ProfilesUnavailableError:
            # A store that can't be reached yet is no reason not to start.
            return engine
        return engine

    def _next(self, rested_s: float) -> list[_Asked] | None:
        """Return the requests that wait at the time ``rested_s`` or later, at least one; None at the end."""
        first = self._queue.get()
        if first is None:
            return None
        time.sleep(max(0.0, rested_s - time.monotonic()))
        together, count = [first], len(first.request.records)
        while count < DECIDED_TOGETHER:
            try:
                asked = self._queue.get_nowait()
            except Empty:
                break
            if asked is None:
                self._queue.put(None)
                break
            together.append(asked)
            count += len(asked.request.records)
        return together

    def _settle(self, together: Sequence[_Asked]) -> None:
        for asked in together:
            self._count(-len(asked.request.records))
            if asked.future.done():
                continue
            if isinstance(asked.outcome, Exception):
                asked.future.set_exception(asked.outcome)
            elif asked.outcome is not None:
                asked.future.set_result(asked.outcome)

    def _count(self, change: int) -> None:
        self._waiting += change
        self._events.waiting(self._waiting)

    def _refused(self, reason: str, detail: str) -> Problem:
        self._events.refused(reason)
        return Problem(503, f"{detail}: try again in {RETRY_AFTER_S} s", {"Retry-After": str(RETRY_AFTER_S)})


def _give_up(future: "asyncio.Future[Results]") -> None:
    if not future.done():
        future.set_exception(TimeoutError())


def _decide(engine: DecisionEngine, together: Sequence[_Asked]) -> None:
    """Set the outcomes of requests, except of those that were given up."""
    groups: dict[tuple[bool, bool], list[_Asked]] = {}
    for asked in together:
        if not asked.future.done():
            wanted = (asked.request.with_reasons, asked.request.with_features)
            groups.setdefault(wanted, []).append(asked)
    for group in groups.values():
        _decide_alike(engine, group)


def _decide_alike(engine: DecisionEngine, group: Sequence[_Asked]) -> None:
    """Set the outcomes of requests that want the same."""
    first = group[0].request
    try:
        results = engine.decide(
            [record for asked in group for record in asked.request.records],
            with_reasons=first.with_reasons,
            with_features=first.with_features,
        )
    except Exception as error:  # noqa: BLE001 - the event loop raises it for its request
        if len(group) == 1:
            group[0].outcome = error
            return
        # Only the requests that it concerns get the error.
        for asked in group:
            _decide_alike(engine, [asked])
        return
    start = 0
    for asked in group:
        end = start + len(asked.request.records)
        asked.outcome = results[start:end]
        start = end

"""Pool of threads that decide, each with an engine of its own, and a bounded queue before them."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple, Protocol

from fraudstream.domain.record_gate import RefusedRecordError
from fraudstream.online.decision_engine import DecisionEngine, ProfilesUnavailableError
from fraudstream.online.online_decision import OnlineDecision
from fraudstream.web.problem_details import Problem

RETRY_AFTER_S: Final = 1
WARM_UP_S: Final = 120.0
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


class DecisionPool:
    """Decides in ``threads`` threads. `open` it in the event loop that asks.

    ``make_engine`` is called in each thread, and its exception ends `open`. A request waits at most
    ``deadline_s``; a thread whose request was given up goes on to its end.
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
        self._threads = threads
        self._max_waiting = max_waiting
        self._deadline_s = deadline_s
        self._warm_up = warm_up
        self._waiting = 0
        self._local = threading.local()
        self._engines: list[DecisionEngine] = []
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="decide")

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
        loop = asyncio.get_running_loop()
        # No thread starts its second engine before each has its first.
        together = threading.Barrier(self._threads)
        starts = [loop.run_in_executor(self._executor, self._start, together) for _ in range(self._threads)]
        for outcome in await asyncio.gather(*starts, return_exceptions=True):
            if isinstance(outcome, BaseException) and not isinstance(outcome, threading.BrokenBarrierError):
                raise outcome

    def _start(self, together: threading.Barrier) -> None:
        try:
            engine = self._make_engine()
            engine.decide([self._warm_up])
            self._local.engine = engine
        except ProfilesUnavailableError:
            # A store that can't be reached yet is no reason not to start.
            self._local.engine = engine
        except BaseException:
            together.abort()
            raise
        self._engines.append(engine)
        together.wait(WARM_UP_S)

    async def decide(self, request: DecisionRequest) -> Results:
        """Return the results of a request; raises a `Problem` with the status 503 if there can be none."""
        count = len(request.records)
        if self._waiting + count > self._max_waiting:
            raise self._refused(QUEUE_FULL, "too many transactions wait for their decision")
        self._count(count)
        work = asyncio.get_running_loop().run_in_executor(self._executor, self._decided, request)
        work.add_done_callback(lambda _done: self._count(-count))
        try:
            return await asyncio.wait_for(asyncio.shield(work), self._deadline_s)
        except TimeoutError:
            work.add_done_callback(_ignore_result)
            raise self._refused(DEADLINE, f"no decision within {self._deadline_s:g} s") from None
        except ProfilesUnavailableError as error:
            raise self._refused(NO_PROFILES, str(error)) from None

    def _decided(self, request: DecisionRequest) -> Results:
        engine: DecisionEngine = self._local.engine
        return engine.decide(
            request.records, with_reasons=request.with_reasons, with_features=request.with_features
        )

    def _count(self, transactions: int) -> None:
        self._waiting += transactions
        self._events.waiting(self._waiting)

    def _refused(self, reason: str, detail: str) -> Problem:
        self._events.refused(reason)
        return Problem(503, f"{detail}: try again in {RETRY_AFTER_S} s", {"Retry-After": str(RETRY_AFTER_S)})

    async def close(self) -> None:
        """Let the threads end their work and stop."""
        await asyncio.to_thread(self._executor.shutdown)


def _ignore_result(done: "asyncio.Future[Results]") -> None:
    """Retrieve the exception of work that nobody waits for, so that asyncio does not log it as lost."""
    if not done.cancelled():
        done.exception()

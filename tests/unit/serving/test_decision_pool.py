"""Pool of deciding threads: what is decided together, and what a request gets when there is no decision."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from types import SimpleNamespace
from typing import cast

import pytest

from fraudstream.online.decision_engine import DecisionEngine, ProfilesUnavailableError
from fraudstream.web.problem_details import Problem
from serving.decisions.decision_pool import DECIDED_TOGETHER, DecisionPool, DecisionRequest

WARM_UP = b"warm-up"


class Engine:
    """An engine whose decision on a record is its text; it waits for ``is_open`` before each call."""

    def __init__(self) -> None:
        self.reader = SimpleNamespace(breaker_state="closed")
        self.calls: list[tuple[bytes, ...]] = []
        self.is_open = threading.Event()
        self.is_open.set()
        self.is_deciding = threading.Event()

    def warm_up(self) -> None:
        """Need none."""

    def decide(
        self, records: Sequence[bytes], *, with_reasons: bool = True, with_features: bool = False
    ) -> list[object]:
        if records == [WARM_UP]:
            return [WARM_UP]
        self.is_deciding.set()
        assert self.is_open.wait(10)
        self.calls.append(tuple(records))
        if b"no profiles" in records:
            msg = "the profiles are stale"
            raise ProfilesUnavailableError(msg)
        if b"broken" in records:
            raise ZeroDivisionError
        return [f"{record.decode()} {with_reasons:d}{with_features:d}" for record in records]


class Events:
    """Events of a pool."""

    def __init__(self) -> None:
        self.counts: list[int] = []
        self.reasons: list[str] = []

    def waiting(self, transactions: int) -> None:
        self.counts.append(transactions)

    def refused(self, reason: str) -> None:
        self.reasons.append(reason)


class Bench:
    """A pool over one engine."""

    def __init__(self, *, threads: int = 1, max_waiting: int = 100, deadline_s: float = 10.0) -> None:
        self.engine = Engine()
        self.events = Events()
        self.pool = DecisionPool(
            lambda: cast("DecisionEngine", self.engine),
            self.events,
            threads=threads,
            max_waiting=max_waiting,
            deadline_s=deadline_s,
            warm_up=WARM_UP,
        )

    def run(self, work: Callable[[], Awaitable[list[object]]]) -> list[object]:
        async def whole() -> list[object]:
            await self.pool.open()
            try:
                return await work()
            finally:
                self.engine.is_open.set()
                await self.pool.close()

        return asyncio.run(whole())

    async def after_a_busy_start(self, *requests: DecisionRequest) -> list[object]:
        """Return the outcomes of a request and of those that were made while the thread was busy with it."""
        self.engine.is_open.clear()
        first = asyncio.create_task(self.pool.decide(DecisionRequest([b"first"])))
        await asyncio.to_thread(self.engine.is_deciding.wait, 10)
        others = [asyncio.create_task(self.pool.decide(each)) for each in requests]
        await asyncio.sleep(0)
        self.engine.is_open.set()
        return await asyncio.gather(first, *others, return_exceptions=True)


def test_requests_that_wait_are_decided_together_and_each_gets_its_own_results() -> None:
    bench = Bench()
    requests = DecisionRequest([b"a", b"b"]), DecisionRequest([b"c"]), DecisionRequest([])
    assert bench.run(lambda: bench.after_a_busy_start(*requests)) == [
        ["first 10"],
        ["a 10", "b 10"],
        ["c 10"],
        [],
    ]
    assert bench.engine.calls == [(b"first",), (b"a", b"b", b"c")]
    assert bench.events.counts[-1] == 0


def test_requests_that_want_other_things_are_decided_apart() -> None:
    bench = Bench()
    requests = DecisionRequest([b"a"], with_features=True), DecisionRequest([b"b"], with_reasons=False)
    outcomes = bench.run(lambda: bench.after_a_busy_start(*requests))
    assert outcomes == [["first 10"], ["a 11"], ["b 00"]]


def test_no_more_are_decided_together_than_the_limit() -> None:
    bench = Bench()
    requests = [DecisionRequest([b"x"])] * (DECIDED_TOGETHER + 1)
    bench.run(lambda: bench.after_a_busy_start(*requests))
    assert [len(call) for call in bench.engine.calls] == [1, DECIDED_TOGETHER, 1]


@pytest.mark.parametrize("bad", [b"broken", b"no profiles"])
def test_an_error_of_one_request_does_not_reach_those_decided_with_it(bad: bytes) -> None:
    bench = Bench()
    requests = DecisionRequest([b"a"]), DecisionRequest([bad]), DecisionRequest([b"c"])
    first, before, refused, after = bench.run(lambda: bench.after_a_busy_start(*requests))
    assert (first, before, after) == (["first 10"], ["a 10"], ["c 10"])
    if bad == b"broken":
        assert isinstance(refused, ZeroDivisionError)
    else:
        assert isinstance(refused, Problem)
        assert (refused.status, bench.events.reasons) == (503, ["no-profiles"])


def test_a_request_beyond_the_deadline_gets_503_and_is_not_decided_afterwards() -> None:
    bench = Bench(deadline_s=0.05)

    async def work() -> list[object]:
        bench.engine.is_open.clear()
        given_up = await asyncio.gather(
            *(bench.pool.decide(DecisionRequest([name])) for name in (b"first", b"second")),
            return_exceptions=True,
        )
        bench.engine.is_open.set()
        return [*given_up, await bench.pool.decide(DecisionRequest([b"third"]))]

    *given_up, third = bench.run(work)
    assert all(isinstance(each, Problem) and each.status == 503 for each in given_up)
    assert bench.events.reasons == ["deadline", "deadline"]
    assert third == ["third 10"]
    assert (b"second",) not in bench.engine.calls
    assert bench.events.counts[-1] == 0


def test_a_request_that_finds_no_room_gets_503_at_once() -> None:
    bench = Bench(max_waiting=2)
    requests = DecisionRequest([b"a"]), DecisionRequest([b"b"])
    first, second, refused = bench.run(lambda: bench.after_a_busy_start(*requests))
    assert (first, second) == (["first 10"], ["a 10"])
    assert isinstance(refused, Problem)
    assert refused.status == 503
    assert refused.headers == {"Retry-After": "1"}
    assert bench.events.reasons == ["queue-full"]


def test_several_threads_share_the_queue() -> None:
    bench = Bench(threads=3)

    async def work() -> list[object]:
        return await asyncio.gather(
            *(bench.pool.decide(DecisionRequest([str(number).encode()])) for number in range(50))
        )

    assert bench.run(work) == [[f"{number} 10"] for number in range(50)]


def test_what_waits_at_the_end_is_decided() -> None:
    bench = Bench()

    async def work() -> list[object]:
        bench.engine.is_open.clear()
        waiting = [
            asyncio.create_task(bench.pool.decide(DecisionRequest([name]))) for name in (b"first", b"last")
        ]
        await asyncio.to_thread(bench.engine.is_deciding.wait, 10)
        closing = asyncio.create_task(bench.pool.close())
        await asyncio.sleep(0.01)
        bench.engine.is_open.set()
        await closing
        return await asyncio.gather(*waiting)

    async def whole() -> list[object]:
        await bench.pool.open()
        return await work()

    assert asyncio.run(whole()) == [["first 10"], ["last 10"]]


def test_an_engine_that_can_not_be_made_is_the_error_of_opening() -> None:
    bench = Bench()

    def make_engine() -> DecisionEngine:
        msg = "no model"
        raise OSError(msg)

    pool = DecisionPool(make_engine, bench.events, threads=2, max_waiting=1, deadline_s=1.0, warm_up=WARM_UP)

    async def opened() -> None:
        try:
            await pool.open()
        finally:
            await pool.close()

    with pytest.raises(OSError, match="no model"):
        asyncio.run(opened())

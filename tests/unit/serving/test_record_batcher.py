"""The batcher shares calls between requests, keeps each request's records together, and never forgets one."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import pytest
from botocore.exceptions import ReadTimeoutError

from fraudstream.runtime.clock import Clock
from fraudstream.streams.kinesis.kinesis_writer import StreamWriter
from fraudstream.streams.protocols import PutResult, Record
from fraudstream.streams.stream_errors import StreamError
from serving.gateway.record_batcher import (
    QUEUE_TIMEOUT,
    NotWritten,
    PutOutcome,
    QueueFullError,
    RecordBatcher,
    Written,
)
from tests.unit.serving.stream_fakes import THROTTLED, HeldKinesis
from tests.unit.streams.fake_kinesis import refusal

Result = TypeVar("Result")
TIMED_OUT = ReadTimeoutError(endpoint_url="http://a")


class Events:
    """Notes what the batcher reports."""

    def __init__(self) -> None:
        self.counts: list[int] = []
        self.puts: list[PutResult | None] = []
        self.errors: list[Exception] = []

    def queued(self, records: int) -> None:
        self.counts.append(records)

    def put_done(self, _seconds: float, result: PutResult | None) -> None:
        self.puts.append(result)

    def failed(self, error: Exception) -> None:
        self.errors.append(error)


class Bench:
    """A batcher over a Kinesis in memory."""

    def __init__(
        self,
        kinesis: HeldKinesis,
        *,
        attempts: int = 2,
        monotonic_s: Callable[[], float] | None = None,
        **options: Any,  # noqa: ANN401 - those of the batcher
    ) -> None:
        self.kinesis = kinesis
        self.events = Events()
        writer = StreamWriter(
            kinesis.client, "S", clock=Clock(sleep=lambda _seconds: None), max_attempts=attempts
        )
        values: dict[str, Any] = {
            "linger_s": 0.005,
            "max_queued": 1_000,
            "parallel_puts": 2,
            "max_wait_s": 10.0,
        }
        clock = {} if monotonic_s is None else {"monotonic_s": monotonic_s}
        self.batcher = RecordBatcher(lambda: writer, self.events, **(values | options | clock))

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        async def whole() -> Result:
            try:
                return await work
            finally:
                self.kinesis.is_open.set()
                await self.batcher.close()

        return asyncio.run(whole())

    def send_all(self, *requests: list[Record]) -> list[list[PutOutcome]]:
        async def together() -> list[list[PutOutcome]]:
            return await asyncio.gather(*(self.batcher.send(each) for each in requests))

        return self.run(together())


def records(*names: str) -> list[Record]:
    return [Record(name.encode(), "key") for name in names]


def test_concurrent_requests_share_a_call_and_get_the_places_of_their_own_records() -> None:
    bench = Bench(HeldKinesis())
    assert bench.send_all(records("a"), records("b", "c")) == [
        [Written("shard-0", "1")],
        [Written("shard-0", "2"), Written("shard-0", "3")],
    ]
    assert bench.kinesis.calls == [[b"a", b"b", b"c"]]


def test_the_records_of_a_request_are_never_divided_between_calls() -> None:
    bench = Bench(HeldKinesis())
    first, second = [f"a{n}" for n in range(300)], [f"b{n}" for n in range(300)]
    bench.send_all(records(*first), records(*second))
    assert sorted(len(call) for call in bench.kinesis.calls) == [300, 300]


def test_a_call_has_no_more_bytes_than_kinesis_accepts() -> None:
    bench = Bench(HeldKinesis())
    big = [Record(b"x" * 900_000, "key")] * 4
    bench.send_all(big, big)
    assert [len(call) for call in bench.kinesis.calls] == [4, 4]


def test_a_throttled_record_is_sent_again_and_the_others_are_not() -> None:
    bench = Bench(HeldKinesis(lambda call, data: THROTTLED if (call, data) == (0, b"b") else None))
    assert bench.send_all(records("a", "b")) == [[Written("shard-0", "1"), Written("shard-0", "2")]]
    assert bench.kinesis.calls == [[b"a", b"b"], [b"b"]]


def test_a_request_whose_records_are_written_does_not_wait_for_those_of_others() -> None:
    kinesis = HeldKinesis(lambda call, data: THROTTLED if (call, data) == (0, b"slow") else None)
    bench = Bench(kinesis)

    async def first_answer() -> list[PutOutcome]:
        slow = asyncio.create_task(bench.batcher.send(records("slow")))
        quick = asyncio.create_task(bench.batcher.send(records("quick")))
        answered, _ = await asyncio.wait({slow, quick}, return_when=asyncio.FIRST_COMPLETED)
        assert quick in answered
        await slow
        return await quick

    assert bench.run(first_answer()) == [Written("shard-0", "1")]


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (refusal(THROTTLED), NotWritten(THROTTLED, is_in_doubt=False)),
        (TIMED_OUT, NotWritten("ReadTimeoutError", is_in_doubt=True)),
        (refusal("ResourceNotFoundException"), NotWritten("StreamError", is_in_doubt=False)),
        (refusal("AccessDeniedException"), NotWritten("StreamDeniedError", is_in_doubt=False)),
        (ZeroDivisionError(), NotWritten("ZeroDivisionError", is_in_doubt=True)),
    ],
    ids=["throttled", "no answer", "no stream", "denied", "unexpected"],
)
def test_a_record_that_is_given_up_is_reported_with_its_error_and_doubt(
    fault: Exception, outcome: NotWritten
) -> None:
    kinesis = HeldKinesis()
    kinesis.faults = [fault, fault]
    assert Bench(kinesis).send_all(records("a")) == [[outcome]]


def test_a_record_whose_answer_was_lost_is_written_again_rather_than_lost() -> None:
    kinesis = HeldKinesis()
    kinesis.lost_answers = [TIMED_OUT]
    assert Bench(kinesis).send_all(records("a")) == [[Written("shard-0", "2")]]
    assert kinesis.taken == [(b"a", "key"), (b"a", "key")]


def test_an_error_that_needs_an_operator_is_reported_once_per_call() -> None:
    kinesis = HeldKinesis()
    kinesis.faults = [refusal("ResourceNotFoundException")]
    bench = Bench(kinesis)
    bench.send_all(records("a"), records("b"))
    assert len(bench.events.errors) == 1
    assert bench.events.puts == [None]


def test_a_full_queue_refuses_whole_requests_and_sends_nothing_of_them() -> None:
    kinesis = HeldKinesis()
    bench = Bench(kinesis, max_queued=3)

    async def overfill() -> list[PutOutcome]:
        first = asyncio.create_task(bench.batcher.send(records("a", "b")))
        await asyncio.sleep(0)
        with pytest.raises(QueueFullError):
            await bench.batcher.send(records("c", "d"))
        return await first

    assert bench.run(overfill()) == [Written("shard-0", "1"), Written("shard-0", "2")]
    assert kinesis.calls == [[b"a", b"b"]]


def test_the_queue_has_room_again_once_records_are_settled() -> None:
    bench = Bench(HeldKinesis(), max_queued=2)

    async def one_after_the_other() -> None:
        for name in ("a", "b", "c"):
            await bench.batcher.send(records(name, name))

    bench.run(one_after_the_other())
    assert bench.events.counts[-1] == 0
    assert max(bench.events.counts) == 2


def test_requests_queue_while_all_calls_are_in_progress_and_then_share_one() -> None:
    kinesis = HeldKinesis()
    kinesis.is_open.clear()
    bench = Bench(kinesis, parallel_puts=1, linger_s=0.0)

    async def queued() -> list[list[PutOutcome]]:
        tasks = [asyncio.create_task(bench.batcher.send(records("first")))]
        await asyncio.to_thread(kinesis.is_called.wait, 20)
        tasks += [asyncio.create_task(bench.batcher.send(records(name))) for name in ("b", "c", "d")]
        await asyncio.sleep(0.01)
        kinesis.is_open.set()
        return list(await asyncio.gather(*tasks))

    bench.run(queued())
    assert kinesis.calls == [[b"first"], [b"b", b"c", b"d"]]


def test_a_request_that_waited_too_long_for_its_turn_is_not_sent() -> None:
    kinesis = HeldKinesis()
    kinesis.is_open.clear()
    now_s = [0.0]
    bench = Bench(kinesis, parallel_puts=1, linger_s=0.0, max_wait_s=5.0, monotonic_s=lambda: now_s[0])

    async def late() -> list[PutOutcome]:
        first = asyncio.create_task(bench.batcher.send(records("first")))
        await asyncio.to_thread(kinesis.is_called.wait, 20)
        second = asyncio.create_task(bench.batcher.send(records("late")))
        await asyncio.sleep(0.005)
        now_s[0] = 5.1
        kinesis.is_open.set()
        await first
        return await second

    assert bench.run(late()) == [NotWritten(QUEUE_TIMEOUT, is_in_doubt=False)]
    assert kinesis.calls == [[b"first"]]


def test_a_request_that_is_cancelled_is_written_all_the_same() -> None:
    bench = Bench(HeldKinesis())

    async def cancelled() -> None:
        task = asyncio.create_task(bench.batcher.send(records("a")))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    bench.run(cancelled())
    assert bench.kinesis.taken == [(b"a", "key")]


def test_closing_writes_what_is_queued() -> None:
    bench = Bench(HeldKinesis(), linger_s=30.0)

    async def close_at_once() -> list[PutOutcome]:
        task = asyncio.create_task(bench.batcher.send(records("a")))
        await asyncio.sleep(0)
        await bench.batcher.close()
        return await task

    assert bench.run(close_at_once()) == [Written("shard-0", "1")]


def test_a_request_lingers_longer_while_a_call_is_in_progress() -> None:
    kinesis = HeldKinesis()
    kinesis.is_open.clear()
    bench = Bench(kinesis, linger_s=0.1)

    async def started_while_busy() -> tuple[int, int]:
        loop = asyncio.get_running_loop()
        tasks = [asyncio.create_task(bench.batcher.send(records("first")))]
        await asyncio.to_thread(kinesis.is_called.wait, 20)
        begun_s = loop.time()
        tasks.append(asyncio.create_task(bench.batcher.send(records("second"))))
        await asyncio.sleep(0.15)
        # A machine that is busy may have slept for longer.
        calls, is_early = len(kinesis.calls), loop.time() - begun_s < 0.2
        kinesis.is_open.set()
        await asyncio.gather(*tasks)
        return calls if is_early else 1, len(kinesis.calls)

    assert bench.run(started_while_busy()) == (1, 2)


def test_a_writer_that_cannot_be_made_is_not_tried_again_within_a_second() -> None:
    bench, now_s, tries = Bench(HeldKinesis(), linger_s=0.0), [0.0], []

    def make_writer() -> StreamWriter:
        tries.append(now_s[0])
        msg = "no credentials"
        raise StreamError(msg)

    bench.batcher = RecordBatcher(
        make_writer,
        bench.events,
        linger_s=0.0,
        max_queued=10,
        parallel_puts=1,
        max_wait_s=10.0,
        monotonic_s=lambda: now_s[0],
    )

    async def sends() -> list[list[PutOutcome]]:
        outcomes = []
        for now_s[0] in (0.0, 0.9, 1.1):
            outcomes.append(await bench.batcher.send(records("a")))
        return outcomes

    assert bench.run(sends()) == [[NotWritten("StreamError", is_in_doubt=False)]] * 3
    assert tries == [0.0, 1.1]

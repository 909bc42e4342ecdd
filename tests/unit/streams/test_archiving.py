"""A stream into a file: which records, in which order, and as which lines."""

import io
import threading
from typing import cast

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraudstream.runtime.clock import Clock
from fraudstream.streams.kinesis.kinesis_reader import StreamReader
from fraudstream.streams.protocols import StreamRecord
from streams.archiving import Archived, archive
from streams.arrival_order import ArrivalOrder, lines_of
from tests.unit.streams.fake_kinesis import FakeKinesis

STAMP_MS = 1_767_312_000_000
"""When every record of the fake arrives."""


def record(data: str, shard_id: str, arrival_ms: int) -> StreamRecord:
    return StreamRecord(data.encode(), "key", shard_id, data, arrival_ms)


def texts(order: ArrivalOrder, time_ms: int) -> list[str]:
    return [each.data.decode() for each in order.before(time_ms)]


# ---- order ----


def test_records_of_several_shards_come_in_the_order_of_their_arrival() -> None:
    r"""Two shards by time.

    shard a  1     3  4     6
    shard b     2     4     5  7
                             ^ until here, and not including it, all shards have been read
    """
    order = ArrivalOrder()
    order.add([record("a1", "a", 1), record("a3", "a", 3), record("a4", "a", 4), record("a6", "a", 6)])
    order.add([record("b2", "b", 2), record("b4", "b", 4), record("b5", "b", 5), record("b7", "b", 7)])
    assert texts(order, 6) == ["a1", "b2", "a3", "a4", "b4", "b5"]
    assert texts(order, 6) == []
    assert texts(order, 8) == ["a6", "b7"]


def test_a_shard_keeps_its_order_though_its_times_run_backwards() -> None:
    order = ArrivalOrder()
    order.add([record("first", "a", 5), record("second", "a", 3)])
    order.add([record("other", "b", 4)])
    assert texts(order, 9) == ["other", "first", "second"]


# ---- lines ----


def as_the_job_reads(data: bytes) -> list[bytes]:
    """Take a record of the stream apart as the kernel's RecordSplitter does."""
    parts, begin = [], 0
    for place in range(len(data) - 1):
        if data[place : place + 2] == b"\n{":
            parts.append(data[begin:place])
            begin = place + 1
    return [*parts, data[begin:]]


def meaning(data: bytes) -> object:
    """Return what JSON it is; None if none."""
    try:
        return [orjson.loads(data)]
    except orjson.JSONDecodeError:
        return None


@given(data=st.text(alphabet='{}"\\\n\r:1 ,[]a', max_size=24).map(str.encode))
def test_each_line_means_what_the_job_sees_in_the_stream(data: bytes) -> None:
    lines = lines_of(data)
    assert [meaning(line) for line in lines] == [meaning(part) for part in as_the_job_reads(data)]
    assert not any(b"\n" in line for line in lines)


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b'{"a":1}', [b'{"a":1}']),
        (b'{"a":1}\n', [b'{"a":1}']),
        (b'{"a":1}\n{"b":2}', [b'{"a":1}', b'{"b":2}']),
        (b'{\n "a":1\n}', [b'{\r "a":1\r}']),
        (b"", [b""]),
        (b"\xff\nno json\n", [b"\xff\rno json"]),
    ],
)
def test_a_record_is_as_many_lines_as_the_job_sees_records_in_it(data: bytes, lines: list[bytes]) -> None:
    assert lines_of(data) == lines


# ---- the whole ----


def archived(kinesis: FakeKinesis, end_ms: int, *, stop: bool = False) -> tuple[Archived, bytes]:
    clock = Clock(sleep=lambda _s: None, now_ms=lambda: STAMP_MS + 5)
    reader = StreamReader(kinesis.client, "s", clock=clock)
    stopped, file = threading.Event(), io.BytesIO()
    if stop:
        stopped.set()
    return archive(reader, file, end_ms, stopped, lambda _archived: None), file.getvalue()


def test_all_shards_are_written_and_counted() -> None:
    kinesis = FakeKinesis("a", "b")
    kinesis.write("a", b'{"n":1}\n{"n":2}', b"broken\nrecord")
    kinesis.write("b", b'{"n":3}')
    done, written = archived(kinesis, STAMP_MS + 5)
    assert written == b'{"n":1}\n{"n":2}\nbroken\rrecord\n{"n":3}\n'
    assert done == Archived(records=3, lines=4, rewritten=1, reached_ms=STAMP_MS + 5)


def test_a_carriage_return_that_was_there_counts_as_no_change() -> None:
    kinesis = FakeKinesis("a")
    kinesis.write("a", b'{"n":1}\r\n', b'{\r"n":2}')
    done, written = archived(kinesis, STAMP_MS + 1)
    assert (done.rewritten, written) == (0, b'{"n":1}\r\n{\r"n":2}\n')


def test_what_arrives_at_the_end_or_after_it_is_left_out() -> None:
    kinesis = FakeKinesis("a")
    kinesis.write("a", b"1")
    assert archived(kinesis, STAMP_MS) == (Archived(reached_ms=STAMP_MS), b"")
    assert archived(kinesis, STAMP_MS + 1)[1] == b"1\n"


class LaggingReader:
    """Hands out one shard before the other, whose records arrived earlier."""

    def __init__(self) -> None:
        self._rounds = [([record("later", "a", 3)], 2), ([record("earlier", "b", 2)], 4), ([], 5)]
        self._reached_ms = 0

    def poll(self) -> list[StreamRecord]:
        """Return the next round's records."""
        found, self._reached_ms = self._rounds.pop(0)
        return found

    def reached_ms(self) -> int:
        """Return how far both shards have been read."""
        return self._reached_ms


def test_a_record_waits_until_all_shards_have_been_read_as_far() -> None:
    file = io.BytesIO()
    reader = cast("StreamReader", LaggingReader())
    done = archive(reader, file, 5, threading.Event(), lambda _archived: None)
    assert file.getvalue() == b"earlier\nlater\n"
    assert done == Archived(records=2, lines=2, reached_ms=5)


def test_a_stop_ends_it_before_its_end() -> None:
    kinesis = FakeKinesis("a")
    kinesis.write("a", b"1")
    assert archived(kinesis, STAMP_MS + 1, stop=True) == (Archived(), b"")

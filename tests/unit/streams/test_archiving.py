"""A stream archived to a file: selection, order, and form of the lines."""

import io
import threading
from typing import cast

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fraudstream.archives.record_escape import PREFIX, as_line, record_of
from fraudstream.runtime.clock import Clock
from fraudstream.streams.kinesis.kinesis_reader import StreamReader
from fraudstream.streams.protocols import StreamRecord
from streams.archive_lines import ArchiveLine, lines_of
from streams.archiving import Archived, archive
from streams.arrival_order import ArrivalOrder
from tests.kpl_records import aggregated
from tests.unit.streams.fake_kinesis import FakeKinesis

STAMP_MS = 1_767_312_000_000
"""Arrival time of every record of the fake stream."""


def record(data: str, shard_id: str, arrival_ms: int) -> StreamRecord:
    return StreamRecord(data.encode(), "key", shard_id, data, arrival_ms)


def texts(order: ArrivalOrder, time_ms: int) -> list[str]:
    return [each.data.decode() for each in order.before(time_ms)]


# ---- order ----


def test_records_of_several_shards_are_in_order_of_arrival() -> None:
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


def test_a_shard_keeps_its_order_even_if_its_times_decrease() -> None:
    order = ArrivalOrder()
    order.add([record("first", "a", 5), record("second", "a", 3)])
    order.add([record("other", "b", 4)])
    assert texts(order, 9) == ["other", "first", "second"]


# ---- lines ----


def as_the_job_reads(data: bytes) -> list[bytes]:
    """Split a record of the stream as the kernel's RecordSplitter does."""
    parts, begin = [], 0
    for place in range(len(data) - 1):
        if data[place : place + 2] == b"\n{":
            parts.append(data[begin:place])
            begin = place + 1
    return [*parts, data[begin:]]


def meaning(data: bytes) -> list[object] | None:
    """Return the parsed JSON, or None if it is invalid."""
    try:
        return [orjson.loads(data)]
    except orjson.JSONDecodeError:
        return None


@given(data=st.text(alphabet='{}"\\\n\r:1 ,[]a', max_size=24).map(str.encode) | st.binary(max_size=24))
@example(data=PREFIX + b'YQ=="}\n')
def test_each_line_means_the_same_to_the_job_as_in_the_stream(data: bytes) -> None:
    records = [record_of(line.text) for line in lines_of(data)]
    assert [meaning(record) for record in records] == [meaning(part) for part in as_the_job_reads(data)]
    assert not any(b"\n" in line.text for line in lines_of(data))


@given(data=st.text(alphabet='{}"\n\r:1', max_size=24).map(str.encode) | st.binary(max_size=24))
def test_all_but_json_objects_keep_their_bytes(data: bytes) -> None:
    for line, part in zip(lines_of(data), as_the_job_reads(data), strict=True):
        parsed = meaning(part)
        assert record_of(line.text) == part or (parsed is not None and isinstance(parsed[0], dict))


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b'{"a":1}', [ArchiveLine(b'{"a":1}')]),
        (b'{"a":1}\n', [ArchiveLine(b'{"a":1}')]),
        (b'{"a":1}\n{"b":2}', [ArchiveLine(b'{"a":1}'), ArchiveLine(b'{"b":2}')]),
        (b'{\n "a":1\n}', [ArchiveLine(b'{\r "a":1\r}', is_rewritten=True)]),
        # A blank line of a file is no record.
        (b"", [ArchiveLine(b'{"record_base64":""}', is_escaped=True)]),
        (b" \t", [ArchiveLine(b'{"record_base64":"IAk="}', is_escaped=True)]),
        (b"no json", [ArchiveLine(b"no json")]),
        (b"no\njson", [ArchiveLine(b'{"record_base64":"bm8KanNvbg=="}', is_escaped=True)]),
        (b"[\n1]", [ArchiveLine(b'{"record_base64":"WwoxXQ=="}', is_escaped=True)]),
        (b"\xff", [ArchiveLine(b'{"record_base64":"/w=="}', is_escaped=True)]),
    ],
)
def test_a_record_becomes_as_many_lines_as_the_job_splits_it_into(
    data: bytes, lines: list[ArchiveLine]
) -> None:
    assert lines_of(data) == lines


def test_an_aggregate_that_the_reader_could_not_take_apart_is_one_line() -> None:
    damaged = aggregated((b"{}\n{}", "A1"))[:-1]
    (line,) = lines_of(damaged)
    assert line.is_escaped
    assert record_of(line.text) == damaged


# ---- complete archives ----


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
    kinesis.write("b", b'{\n"n":3}')
    done, written = archived(kinesis, STAMP_MS + 5)
    escaped = as_line(b"broken\nrecord")
    assert written == b'{"n":1}\n{"n":2}\n%b\n{\r"n":3}\n' % escaped
    assert done == Archived(records=3, lines=4, rewritten=1, escaped=1, reached_ms=STAMP_MS + 5)


def test_an_aggregated_record_is_a_line_for_each_record_in_it_and_counts_as_one() -> None:
    kinesis = FakeKinesis("a", "b")
    inner = aggregated((b'{"n":5}', "A5"))
    kinesis.write("a", aggregated((b'{"n":1}\n{"n":2}', "A1"), (b'{"n":3}', "A3"), (inner, "A1")))
    kinesis.write("b", b'{"n":4}')
    done, written = archived(kinesis, STAMP_MS + 5)
    lines = [b'{"n":1}', b'{"n":2}', b'{"n":3}', as_line(inner), b'{"n":4}']
    assert written == b"".join(line + b"\n" for line in lines)
    assert done == Archived(records=2, lines=5, escaped=1, reached_ms=STAMP_MS + 5)


def test_an_original_carriage_return_does_not_count_as_a_change() -> None:
    kinesis = FakeKinesis("a")
    kinesis.write("a", b'{"n":1}\r\n', b'{\r"n":2}')
    done, written = archived(kinesis, STAMP_MS + 1)
    assert (done.rewritten, written) == (0, b'{"n":1}\r\n{\r"n":2}\n')


def test_records_that_arrive_at_the_end_time_or_later_are_excluded() -> None:
    kinesis = FakeKinesis("a")
    kinesis.write("a", b"1")
    assert archived(kinesis, STAMP_MS) == (Archived(reached_ms=STAMP_MS), b"")
    assert archived(kinesis, STAMP_MS + 1)[1] == b"1\n"


class LaggingReader:
    """Returns one shard before the other, although the other's records arrived earlier."""

    def __init__(self) -> None:
        self._rounds = [([record("later", "a", 3)], 2), ([record("earlier", "b", 2)], 4), ([], 5)]
        self._reached_ms = 0

    def poll(self) -> list[StreamRecord]:
        """Return the next round's records."""
        found, self._reached_ms = self._rounds.pop(0)
        return found

    def reached_ms(self) -> int:
        """Return the time up to which both shards have been read."""
        return self._reached_ms


def test_a_record_waits_until_all_shards_have_been_read_up_to_its_time() -> None:
    file = io.BytesIO()
    reader = cast("StreamReader", LaggingReader())
    done = archive(reader, file, 5, threading.Event(), lambda _archived: None)
    assert file.getvalue() == b"earlier\nlater\n"
    assert done == Archived(records=2, lines=2, reached_ms=5)


def test_a_stop_ends_the_archive_early() -> None:
    kinesis = FakeKinesis("a")
    kinesis.write("a", b"1")
    assert archived(kinesis, STAMP_MS + 1, stop=True) == (Archived(), b"")

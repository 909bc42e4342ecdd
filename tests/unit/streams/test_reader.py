import pytest
from botocore.exceptions import EndpointConnectionError

from fraudstream.runtime.clock import Clock
from fraudstream.streams.kinesis.kinesis_reader import MAX_FAILURES_IN_A_ROW, StreamReader
from fraudstream.streams.protocols import Start
from fraudstream.streams.stream_errors import StreamError
from tests.kpl_records import aggregated
from tests.unit.streams.fake_kinesis import FakeKinesis, refusal

POLL_INTERVAL_MS = 200


class FakeTime:
    """A clock that only sleeping advances."""

    def __init__(self) -> None:
        self.now_s = 1_000.0
        self.slept_s: list[float] = []

    def sleep(self, seconds: float) -> None:
        """Advance the clock."""
        self.slept_s.append(seconds)
        self.now_s += seconds


def reader(kinesis: FakeKinesis, start: Start = "TRIM_HORIZON", time: FakeTime | None = None) -> StreamReader:
    time = time or FakeTime()
    return StreamReader(
        kinesis.client,
        "Numbers",
        start=start,
        poll_interval_ms=POLL_INTERVAL_MS,
        clock=Clock(monotonic_s=lambda: time.now_s, sleep=time.sleep),
    )


def data_of(stream: StreamReader, rounds: int = 1) -> list[bytes]:
    return [record.data for _ in range(rounds) for record in stream.poll()]


def test_the_records_of_every_shard_have_their_position() -> None:
    kinesis = FakeKinesis("s0", "s1")
    kinesis.write("s0", b"a")
    kinesis.write("s1", b"b", b"c")

    records = reader(kinesis).poll()

    assert [(r.data, r.shard_id, r.sequence_number) for r in records] == [
        (b"a", "s0", "0"),
        (b"b", "s1", "0"),
        (b"c", "s1", "1"),
    ]
    assert {r.arrival_ms for r in records} == {1_767_312_000_000}


def test_the_records_of_an_aggregated_one_have_its_position_and_keys_of_their_own() -> None:
    kinesis = FakeKinesis("s0")
    kinesis.write("s0", b"first", aggregated((b"a", "A1"), (b"b", "A2"), (b"c", "A1")), b"last")
    stream = reader(kinesis)
    assert [(r.data, r.partition_key, r.sequence_number, r.parts_left) for r in stream.poll()] == [
        (b"first", "key", "0", 0),
        (b"a", "A1", "1", 2),
        (b"b", "A2", "1", 1),
        (b"c", "A1", "1", 0),
        (b"last", "key", "2", 0),
    ]
    assert stream.positions()["s0"].sequence_number == "2"


def test_an_aggregate_that_is_damaged_or_within_another_one_is_a_record_as_it_is() -> None:
    kinesis = FakeKinesis("s0")
    inner = aggregated((b"a", "A1"))
    kinesis.write("s0", inner[:-1], aggregated((inner, "A1")))
    assert data_of(reader(kinesis)) == [inner[:-1], inner]


def test_every_page_of_the_list_of_shards_is_read() -> None:
    kinesis = FakeKinesis("s0", "s1", "s2")
    kinesis.page_size = 1
    kinesis.write("s2", b"c")

    assert data_of(reader(kinesis)) == [b"c"]


def test_a_record_is_returned_once_however_often_the_stream_is_polled() -> None:
    kinesis = FakeKinesis("s0")
    stream = reader(kinesis)
    kinesis.write("s0", b"a")
    assert data_of(stream, rounds=3) == [b"a"]
    kinesis.write("s0", b"b")
    assert data_of(stream, rounds=3) == [b"b"]


def test_latest_skips_earlier_records_and_reads_new_shards_from_their_beginning() -> None:
    kinesis = FakeKinesis("s0")
    kinesis.write("s0", b"old")
    stream = reader(kinesis, start="LATEST")
    assert data_of(stream) == []

    kinesis.write("s0", b"new")
    kinesis.reshard(["s0"], ["s1", "s2"])
    kinesis.write("s1", b"child 1")
    kinesis.write("s2", b"child 2")

    assert data_of(stream, rounds=3) == [b"new", b"child 1", b"child 2"]


def test_latest_reads_a_parent_and_its_children_at_once() -> None:
    kinesis = FakeKinesis("s0")
    kinesis.reshard(["s0"], ["s1", "s2"])
    stream = reader(kinesis, start="LATEST")
    assert data_of(stream) == []
    kinesis.write("s1", b"new")
    assert data_of(stream) == [b"new"]


def test_children_of_a_split_come_after_their_parent() -> None:
    kinesis = FakeKinesis("s9")
    kinesis.write("s9", b"before")
    kinesis.reshard(["s9"], ["s0", "s1"])
    kinesis.write("s0", b"after")

    assert data_of(reader(kinesis), rounds=3) == [b"before", b"after"]


def test_the_child_of_a_merge_waits_for_both_parents() -> None:
    kinesis = FakeKinesis("s0", "s1")
    kinesis.write("s0", b"a")
    kinesis.write("s1", b"b")
    kinesis.reshard(["s0", "s1"], ["s2"])
    kinesis.write("s2", b"c")
    time = FakeTime()
    stream = reader(kinesis, time=time)
    kinesis.faults["get_records"] = [refusal("ProvisionedThroughputExceededException")]

    assert data_of(stream) == [b"b"]
    assert data_of(stream, rounds=3) == [b"a", b"c"]


def test_a_finished_shard_is_not_read_again() -> None:
    kinesis = FakeKinesis("s0")
    kinesis.reshard(["s0"], ["s1", "s2"])
    stream = reader(kinesis)
    data_of(stream, rounds=3)
    kinesis.calls.clear()

    data_of(stream)

    assert [request["ShardIterator"] for name, request in kinesis.calls if name == "get_records"] == [
        "s1/0",
        "s2/0",
    ]


def test_an_expired_iterator_is_renewed_after_the_last_record() -> None:
    kinesis = FakeKinesis("s0")
    kinesis.write("s0", b"a")
    stream = reader(kinesis)
    assert data_of(stream) == [b"a"]

    kinesis.write("s0", b"b")
    kinesis.faults["get_records"] = [refusal("ExpiredIteratorException")]

    assert data_of(stream, rounds=2) == [b"b"]
    assert kinesis.calls[-2][1]["ShardIteratorType"] == "AFTER_SEQUENCE_NUMBER"


def test_an_expired_latest_iterator_resumes_at_its_creation_time() -> None:
    kinesis = FakeKinesis("s0")
    stream = reader(kinesis, start="LATEST")
    data_of(stream)

    kinesis.write("s0", b"a")
    kinesis.faults["get_records"] = [refusal("ExpiredIteratorException")]

    assert data_of(stream, rounds=2) == [b"a"]
    assert kinesis.calls[-2][1]["ShardIteratorType"] == "AT_TIMESTAMP"


def test_two_polls_are_never_closer_than_the_interval() -> None:
    time = FakeTime()
    stream = reader(FakeKinesis("s0"), time=time)
    stream.poll()
    time.now_s += 0.05
    stream.poll()
    time.now_s += 1.0
    stream.poll()
    assert time.slept_s == pytest.approx([0.15])


@pytest.mark.parametrize(
    "fault",
    [
        refusal("ProvisionedThroughputExceededException"),
        refusal("InternalFailure", status=500),
        EndpointConnectionError(endpoint_url="http://127.0.0.1:1"),
    ],
)
@pytest.mark.parametrize("call", ["list_shards", "get_shard_iterator", "get_records"])
def test_a_transient_error_of_any_call_loses_no_record(call: str, fault: Exception) -> None:
    kinesis = FakeKinesis("s0")
    kinesis.write("s0", b"a")
    kinesis.faults[call] = [fault, fault, fault]
    assert data_of(reader(kinesis), rounds=10) == [b"a"]


def test_a_throttled_shard_does_not_block_the_others() -> None:
    kinesis = FakeKinesis("s0", "s1")
    kinesis.write("s0", b"a")
    kinesis.write("s1", b"b")
    kinesis.faults["get_records"] = [refusal("ProvisionedThroughputExceededException")]
    assert data_of(reader(kinesis)) == [b"b"]


def test_each_failure_makes_the_next_read_smaller_and_each_success_doubles_it() -> None:
    kinesis, time = FakeKinesis("s0", "s1"), FakeTime()
    stream = reader(kinesis, time=time)
    kinesis.faults["get_records"] = [refusal("InternalFailure", 500)] * 16
    for _ in range(24):
        stream.poll()
        time.now_s += 60
    limits = [request["Limit"] for name, request in kinesis.calls if name == "get_records"]
    failing = [10_000, 2_500, 625, 156, 39, 9, 2, 1]
    working = [1 << doubled for doubled in range(14)] + [10_000, 10_000]
    assert limits[::2] == limits[1::2] == failing + working


def test_a_connection_too_slow_for_full_reads_fails_only_after_several_that_worked() -> None:
    kinesis, time = FakeKinesis("s0"), FakeTime()
    stream = reader(kinesis, time=time)
    for _ in range(12):
        last = [request["Limit"] for name, request in kinesis.calls if name == "get_records"][-1:]
        is_next_full = not last or last[0] == 5_000
        kinesis.faults["get_records"] = [refusal("InternalFailure", 500)] if is_next_full else []
        stream.poll()
        time.now_s += 60
    limits = [request["Limit"] for name, request in kinesis.calls if name == "get_records"]
    assert limits == [10_000, 2_500, 5_000] * 4


def test_a_stream_that_never_responds_is_an_error() -> None:
    kinesis = FakeKinesis("s0")
    time = FakeTime()
    stream = reader(kinesis, time=time)
    kinesis.faults["list_shards"] = [refusal("InternalFailure", 500)] * (MAX_FAILURES_IN_A_ROW + 1)
    with pytest.raises(StreamError, match="'Numbers' does not respond after 11 attempts"):
        data_of(stream, rounds=1_000)
    assert 10 < time.now_s - 1_000 < 40


def test_a_missing_stream_is_reported_with_the_command_that_creates_it() -> None:
    kinesis = FakeKinesis()
    kinesis.faults["list_shards"] = [refusal("ResourceNotFoundException")]
    with pytest.raises(StreamError, match=r"stream 'Numbers' does not exist.*python -m localstack\.streams"):
        reader(kinesis).poll()


def test_iterating_returns_the_records_one_by_one() -> None:
    kinesis = FakeKinesis("s0")
    kinesis.write("s0", b"a", b"b")
    records = iter(reader(kinesis))
    assert [next(records).data, next(records).data] == [b"a", b"b"]

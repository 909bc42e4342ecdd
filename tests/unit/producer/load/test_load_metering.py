import threading
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from producer.load.load_statistics import LoadStatistics
from producer.load.metering import NOT_SENT, MeteredClient
from producer.load.shard_counts import UNKNOWN_SHARD
from producer.load.throttling import AdaptivePace
from tests.unit.producer.load.load_fakes import THROTTLED, FakeStream
from tests.unit.streams.fake_kinesis import refusal

if TYPE_CHECKING:
    from collections.abc import Iterator


class Pace(AdaptivePace):
    """Records its calls."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[str, int]] = []

    def wait(self, records: int) -> None:
        """Record a request."""
        self.told.append(("wait", records))

    def slow_down(self, got_through: int) -> None:
        """Record a slowdown."""
        self.told.append(("slow down", got_through))

    def speed_up(self) -> None:
        """Record a speedup."""
        self.told.append(("speed up", 0))


class Metered:
    """A metered client with its dependencies; each reading of its clock is 3 ms later."""

    def __init__(self, stream: FakeStream) -> None:
        self.statistics = LoadStatistics()
        self.pace = Pace()
        self.gave_up = threading.Event()
        ticks: Iterator[float] = (n * 0.003 for n in count())
        self.client = MeteredClient(
            stream.client, self.statistics, self.pace, self.gave_up, lambda: next(ticks)
        )

    def put(self, *data: bytes) -> Any:  # noqa: ANN401 - as boto3 gives it
        """Send one request."""
        return self.client.put_records(
            StreamName="S", Records=[{"Data": item, "PartitionKey": "ACC_1"} for item in data]
        )


def test_a_request_counts_its_records_bytes_and_time_by_shard() -> None:
    metered = Metered(FakeStream())
    metered.put(b"12345", b"123")
    metered.put(b"1")
    ((shard_id, shard),) = metered.statistics.shards.items()
    assert shard_id == "shardId-000000000003"
    assert (shard.records, shard.size_bytes, shard.throttled) == (3, 9 + 3 * len("ACC_1"), 0)
    assert shard.keys == {"ACC_1": 3}
    assert (metered.statistics.requests, metered.statistics.sent, metered.client.sent) == (2, 3, 3)
    assert metered.statistics.put_ms.max_ms == pytest.approx(3.0)


def test_a_record_with_several_transactions_counts_each_of_them() -> None:
    metered = Metered(FakeStream())
    metered.put(b"{1}\n{2}\n{3}", b"{4}")
    ((_, shard),) = metered.statistics.shards.items()
    assert (shard.transactions, shard.records, shard.size_bytes) == (4, 2, 14 + 2 * len("ACC_1"))
    assert shard.keys == {"ACC_1": 4}
    assert (metered.statistics.sent, metered.client.sent) == (4, 4)
    assert metered.pace.told == [("wait", 2), ("speed up", 0)]


def test_a_throttled_record_slows_the_pace_and_counts_at_the_shard_it_names() -> None:
    metered = Metered(FakeStream(lambda data: THROTTLED if data == b"2" else None))
    metered.put(b"1", b"2", b"3")
    metered.put(b"4")
    assert metered.pace.told == [("wait", 3), ("slow down", 2), ("wait", 1), ("speed up", 0)]
    assert metered.statistics.shards["shardId-000000000003"].throttled == 1
    assert metered.statistics.sent == 3


def test_other_rejections_do_not_slow_the_pace() -> None:
    metered = Metered(FakeStream(lambda _data: "InternalFailure"))
    metered.put(b"1")
    assert metered.pace.told == [("wait", 1), ("speed up", 0)]
    assert metered.statistics.sent == 0


def test_a_completely_throttled_request_slows_the_pace_too() -> None:
    stream = FakeStream()
    stream.fault = refusal(THROTTLED)
    metered = Metered(stream)
    with pytest.raises(ClientError):
        metered.put(b"1", b"2")
    assert metered.pace.told == [("wait", 2), ("slow down", 2)]
    assert metered.statistics.shards[UNKNOWN_SHARD].throttled == 2


def test_after_abandonment_no_request_is_sent_and_every_record_is_reported_as_not_sent() -> None:
    stream = FakeStream()
    metered = Metered(stream)
    metered.gave_up.set()
    answer = metered.put(b"1", b"2")
    assert [record["ErrorCode"] for record in answer["Records"]] == [NOT_SENT, NOT_SENT]
    assert stream.requests == []
    assert metered.statistics.requests == 0

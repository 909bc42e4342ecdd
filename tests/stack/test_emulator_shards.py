"""Splits and merges: each record once, in the shard that was open for it.

LocalStack is a second implementation of the same rules; running on both shows that a result is not
specific to one of them. Two tests skip LocalStack, which takes seconds per change; they have passed
there too. A third is about a repair of the embedded emulator.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import pytest
from botocore.exceptions import ClientError

from fraudstream.streams.kinesis.kinesis_client import kinesis_client
from jobs.job_settings import JobSettings
from localstack.streams import create_streams

if TYPE_CHECKING:
    from mypy_boto3_kinesis.client import KinesisClient
    from mypy_boto3_kinesis.type_defs import ShardTypeDef

WHOLE_RANGE: Final = 2**128
RECORDS: Final = 100
EMPTY_READS: Final = 3
"""After this many reads without a record, an open shard counts as fully read."""


@dataclass
class Stream:
    """A stream, and the shard that must contain each record put so far."""

    client: "KinesisClient"
    name: str
    expected: dict[str, list[bytes]] = field(default_factory=dict)
    put_so_far: int = 0

    def shards(self) -> dict[str, "ShardTypeDef"]:
        return {shard["ShardId"]: shard for shard in self.client.list_shards(StreamName=self.name)["Shards"]}

    def open_shards(self) -> dict[str, "ShardTypeDef"]:
        return {id_: shard for id_, shard in self.shards().items() if not is_closed(shard)}

    def open_count(self) -> int:
        """Return the number of open shards in the stream's summary."""
        summary = self.client.describe_stream_summary(StreamName=self.name)
        return summary["StreamDescriptionSummary"]["OpenShardCount"]

    def put(self) -> set[str]:
        """Put records, each under its own key; return the shards that must contain them."""
        keys = [f"key-{n}" for n in range(self.put_so_far, self.put_so_far + RECORDS)]
        self.put_so_far += RECORDS
        answer = self.client.put_records(
            StreamName=self.name, Records=[{"Data": key.encode(), "PartitionKey": key} for key in keys]
        )
        open_shards = self.open_shards()
        homes = [home_of(key, open_shards) for key in keys]
        for key, home in zip(keys, homes, strict=True):
            self.expected.setdefault(home, []).append(key.encode())
        assert [record["ShardId"] for record in answer["Records"]] == homes
        return set(homes)

    def check(self) -> None:
        """Compare every shard, open or closed, with its expected records."""
        found = {id_: self.read(shard) for id_, shard in self.shards().items()}
        assert found == {id_: self.expected.get(id_, []) for id_ in found}
        assert self.expected.keys() <= found.keys()

    def read(self, shard: "ShardTypeDef") -> list[bytes]:
        """Read a closed shard until its iterators end, an open one until no more records arrive."""
        answer = self.client.get_shard_iterator(
            StreamName=self.name, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )
        iterator: str | None = answer["ShardIterator"]
        data: list[bytes] = []
        empty_reads = 0
        while iterator and empty_reads < EMPTY_READS:
            page = self.client.get_records(ShardIterator=iterator, Limit=30)
            data += [record["Data"] for record in page["Records"]]
            empty_reads = 0 if page["Records"] else empty_reads + 1
            iterator = page.get("NextShardIterator")
        assert (iterator is None) == is_closed(shard)
        return data

    def change(self, call: Callable[[], object]) -> None:
        """Split or merge, and wait until it is done."""
        call()
        self.client.get_waiter("stream_exists").wait(
            StreamName=self.name, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
        )

    def split(self, shard_id: str) -> None:
        begin, end = hash_range(self.shards()[shard_id])
        middle = str((begin + end) // 2)
        self.change(
            lambda: self.client.split_shard(
                StreamName=self.name, ShardToSplit=shard_id, NewStartingHashKey=middle
            )
        )

    def merge(self, shard_id: str, other_id: str) -> None:
        self.change(
            lambda: self.client.merge_shards(
                StreamName=self.name, ShardToMerge=shard_id, AdjacentShardToMerge=other_id
            )
        )

    def count_to(self, shards: int) -> None:
        self.change(
            lambda: self.client.update_shard_count(
                StreamName=self.name, TargetShardCount=shards, ScalingType="UNIFORM_SCALING"
            )
        )


def is_closed(shard: "ShardTypeDef") -> bool:
    return "EndingSequenceNumber" in shard["SequenceNumberRange"]


def hash_range(shard: "ShardTypeDef") -> tuple[int, int]:
    found = shard["HashKeyRange"]
    return int(found["StartingHashKey"]), int(found["EndingHashKey"])


def home_of(key: str, open_shards: dict[str, "ShardTypeDef"]) -> str:
    """Return the only open shard whose range, both ends included, contains the key's MD5."""
    hashed = int(hashlib.md5(key.encode(), usedforsecurity=False).hexdigest(), 16)
    (home,) = [
        id_ for id_, shard in open_shards.items() if hash_range(shard)[0] <= hashed <= hash_range(shard)[1]
    ]
    return home


@pytest.fixture
def stream(kinesis_settings: JobSettings) -> Stream:
    client = kinesis_client(kinesis_settings)
    create_streams(client, kinesis_settings, wait_s=30)
    return Stream(client, kinesis_settings.transactions_stream)


def test_a_split_shard_keeps_its_records_and_its_children_take_new_ones(stream: Stream) -> None:
    stream.put()
    parent, *others = stream.shards()
    stream.split(parent)
    children = stream.open_shards().keys() - set(others)
    assert (len(children), stream.open_count()) == (2, 5)
    assert all(stream.shards()[child].get("ParentShardId") == parent for child in children)
    assert children <= stream.put()
    stream.check()


def test_merged_shards_keep_their_records_and_the_new_shard_starts_empty(stream: Stream) -> None:
    stream.put()
    first, second, *others = stream.shards()
    stream.merge(first, second)
    (child,) = stream.open_shards().keys() - set(others)
    assert stream.open_count() == 3
    stream.check()
    assert child in stream.put()
    stream.check()


@pytest.mark.parametrize("emulator", ["embedded"], indirect=True)
def test_a_child_shard_can_be_split_and_merged(stream: Stream) -> None:
    first, second, *_ = stream.shards()
    stream.put()
    stream.merge(first, second)
    stream.put()
    child = list(stream.shards())[-1]
    stream.split(child)
    stream.put()
    stream.merge(*list(stream.shards())[-2:])
    stream.put()
    stream.check()
    assert len(stream.shards()) == 8


@pytest.mark.parametrize("emulator", ["embedded"], indirect=True)
@pytest.mark.parametrize("counts", [(8, 4), (2, 4), (6, 3)])
def test_changing_the_number_of_shards_moves_no_record(stream: Stream, counts: tuple[int, ...]) -> None:
    stream.put()
    for count in counts:
        stream.count_to(count)
        assert stream.put() == stream.open_shards().keys()
        assert len(stream.open_shards()) == count
        assert stream.open_count() == count
    stream.check()


def test_a_shard_closed_while_it_is_read_ends_after_its_last_record(stream: Stream) -> None:
    parent = next(iter(stream.shards()))
    asked = stream.client.get_shard_iterator(
        StreamName=stream.name, ShardId=parent, ShardIteratorType="TRIM_HORIZON"
    )
    stream.put()
    page = stream.client.get_records(ShardIterator=asked["ShardIterator"])
    before = [record["Data"] for record in page["Records"]]
    stream.put()
    stream.split(parent)
    stream.put()
    after: list[bytes] = []
    while iterator := page.get("NextShardIterator"):
        page = stream.client.get_records(ShardIterator=iterator, Limit=7)
        after += [record["Data"] for record in page["Records"]]
    assert before + after == stream.expected[parent]
    assert before
    assert after


@pytest.mark.parametrize("end", [0, 1])
def test_hash_key_ranges_include_both_ends(stream: Stream, end: int) -> None:
    for shard_id, shard in stream.shards().items():
        answer = stream.client.put_record(
            StreamName=stream.name,
            Data=b"1",
            PartitionKey="key",
            ExplicitHashKey=str(hash_range(shard)[end]),
        )
        assert answer["ShardId"] == shard_id


def test_keys_that_kinesis_rejects_are_rejected(stream: Stream) -> None:
    with pytest.raises(ClientError):
        stream.client.put_record(StreamName=stream.name, Data=b"1", PartitionKey="k" * 257)
    with pytest.raises(ClientError):
        stream.client.put_record(
            StreamName=stream.name, Data=b"1", PartitionKey="k", ExplicitHashKey=str(WHOLE_RANGE)
        )


@pytest.mark.parametrize("emulator", ["embedded"], indirect=True)
def test_a_position_of_a_deleted_stream_is_refused_by_its_successor(
    stream: Stream, kinesis_settings: JobSettings
) -> None:
    stream.put()
    shard_id = next(iter(stream.expected))
    page = stream.client.get_records(
        ShardIterator=stream.client.get_shard_iterator(
            StreamName=stream.name, ShardId=shard_id, ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
    )
    numbers = [record["SequenceNumber"] for record in page["Records"]]
    assert after(stream, shard_id, numbers[-2]) == [stream.expected[shard_id][-1]]
    stream.client.delete_stream(StreamName=stream.name)
    create_streams(stream.client, kinesis_settings, wait_s=30)
    stream.put()
    with pytest.raises(ClientError, match="did not come from this stream") as refused:
        after(stream, shard_id, numbers[0])
    assert refused.value.response["Error"]["Code"] == "InvalidArgumentException"


def after(stream: Stream, shard_id: str, number: str) -> list[bytes]:
    iterator = stream.client.get_shard_iterator(
        StreamName=stream.name,
        ShardId=shard_id,
        ShardIteratorType="AFTER_SEQUENCE_NUMBER",
        StartingSequenceNumber=number,
    )["ShardIterator"]
    return [record["Data"] for record in stream.client.get_records(ShardIterator=iterator)["Records"]]

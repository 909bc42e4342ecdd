"""Splits and merges during reading: every record is read once, on both emulators."""

from collections import Counter
from typing import TYPE_CHECKING

from fraudstream.streams.kinesis import kinesis_reader as reader_module
from fraudstream.streams.kinesis.kinesis_client import kinesis_client
from fraudstream.streams.kinesis.kinesis_reader import StreamReader
from jobs.job_settings import JobSettings
from localstack.streams import create_streams
from tests.stack.stack_helpers import write_all

if TYPE_CHECKING:
    import pytest
    from mypy_boto3_kinesis.client import KinesisClient

WHOLE_RANGE = 2**128


def numbers(start: int, stop: int) -> list[bytes]:
    return [b"%d" % n for n in range(start, stop)]


def read_rounds(reader: StreamReader, rounds: int) -> Counter[bytes]:
    return Counter(record.data for _ in range(rounds) for record in reader.poll())


def shard_ids(client: "KinesisClient", stream_name: str) -> list[str]:
    return [shard["ShardId"] for shard in client.list_shards(StreamName=stream_name)["Shards"]]


def wait_until_active(client: "KinesisClient", stream_name: str) -> None:
    """Wait until a split or merge is done; until then the stream accepts no other change."""
    client.get_waiter("stream_exists").wait(
        StreamName=stream_name, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )


def test_every_record_is_read_once_while_a_shard_is_split(
    kinesis_settings: JobSettings, monkeypatch: "pytest.MonkeyPatch"
) -> None:
    monkeypatch.setattr(reader_module, "DISCOVERY_INTERVAL_S", 0.0)
    client = kinesis_client(kinesis_settings)
    create_streams(client, kinesis_settings, wait_s=30)
    name = kinesis_settings.transactions_stream
    reader = StreamReader(client, name, poll_interval_ms=10)

    write_all(kinesis_settings, name, numbers(0, 1_000))
    received = read_rounds(reader, 1)
    write_all(kinesis_settings, name, numbers(1_000, 2_000))
    client.split_shard(
        StreamName=name,
        ShardToSplit=shard_ids(client, name)[0],
        NewStartingHashKey=str(WHOLE_RANGE // 8),
    )
    wait_until_active(client, name)
    received += read_rounds(reader, 1)
    write_all(kinesis_settings, name, numbers(2_000, 3_000))
    received += read_rounds(reader, 10)

    assert len(shard_ids(client, name)) == 6
    assert received == Counter(numbers(0, 3_000))


def test_the_child_of_a_merge_is_found_and_read_from_its_beginning(
    kinesis_settings: JobSettings, monkeypatch: "pytest.MonkeyPatch"
) -> None:
    monkeypatch.setattr(reader_module, "DISCOVERY_INTERVAL_S", 0.0)
    client = kinesis_client(kinesis_settings)
    create_streams(client, kinesis_settings, wait_s=30)
    name = kinesis_settings.transactions_stream
    reader = StreamReader(client, name, start="LATEST", poll_interval_ms=10)
    assert not reader.poll()

    write_all(kinesis_settings, name, numbers(0, 1_000))
    first, second = shard_ids(client, name)[:2]
    client.merge_shards(StreamName=name, ShardToMerge=first, AdjacentShardToMerge=second)
    wait_until_active(client, name)
    write_all(kinesis_settings, name, numbers(1_000, 2_000))
    records = [record for _ in range(10) for record in reader.poll()]

    child_id = shard_ids(client, name)[-1]
    assert {first, second, child_id} <= {r.shard_id for r in records}
    assert Counter(r.data for r in records) == Counter(numbers(0, 2_000))
    first_of_child = next(n for n, r in enumerate(records) if r.shard_id == child_id)
    assert all(r.shard_id not in {first, second} for r in records[first_of_child:])

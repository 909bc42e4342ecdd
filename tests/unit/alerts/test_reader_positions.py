"""A reader that resumes at the positions of an earlier reader."""

from datetime import UTC, datetime

import pytest

from fraudstream.streams.kinesis.kinesis_reader import (
    POSITION_UNKNOWN,
    RETENTION_PASSED,
    SHARD_GONE,
    StreamReader,
)
from fraudstream.streams.positions import Gap, Position
from tests.unit.alerts.alert_fakes import NOW_MS, RetainingKinesis, reader_of
from tests.unit.streams.fake_kinesis import refusal

DAY_MS = 86_400_000


def data_of(reader: StreamReader, rounds: int = 3) -> list[bytes]:
    return [record.data for _ in range(rounds) for record in reader.poll()]


def test_a_second_reader_gets_only_the_records_that_the_first_did_not_read() -> None:
    kinesis = RetainingKinesis("s0", "s1")
    kinesis.write("s0", b"a", b"b")
    first = reader_of(kinesis)
    assert data_of(first) == [b"a", b"b"]
    kinesis.write("s0", b"c")
    kinesis.write("s1", b"d")
    assert data_of(reader_of(kinesis, positions=first.positions())) == [b"c", b"d"]


def test_positions_have_the_last_record_and_the_time_up_to_which_the_shard_was_read() -> None:
    kinesis = RetainingKinesis("s0", "s1")
    kinesis.write("s0", b"a", b"b")
    reader = reader_of(kinesis)
    assert reader.positions() == {}
    reader.poll()
    assert reader.positions() == {"s0": Position("1", NOW_MS), "s1": Position(None, NOW_MS)}


def test_the_time_reached_in_a_shard_follows_the_streams_reported_lag(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kinesis = RetainingKinesis("s0")
    kinesis.write("s0", b"a")
    reader = reader_of(kinesis)
    assert reader.reached_ms() is None
    answer = kinesis.get_records
    monkeypatch.setattr(kinesis, "get_records", lambda **r: answer(**r) | {"MillisBehindLatest": 7_000})
    reader.poll()
    assert reader.reached_ms() == NOW_MS - 7_000


def test_the_time_reached_in_the_stream_is_that_of_the_slowest_shard() -> None:
    kinesis = RetainingKinesis("s0", "s1")
    reader = reader_of(kinesis)
    kinesis.faults["get_records"] = [refusal("ProvisionedThroughputExceededException")]
    reader.poll()
    assert reader.reached_ms() is None
    reader.poll()
    assert reader.reached_ms() == NOW_MS


def test_no_time_is_reached_between_the_end_of_a_shard_and_the_discovery_of_its_children() -> None:
    kinesis = RetainingKinesis("s0", "s1")
    reader = reader_of(kinesis)
    reader.poll()
    kinesis.reshard(["s0"], ["s2", "s3"])
    reader.poll()
    assert reader.reached_ms() is None
    reader.poll()
    assert reader.reached_ms() == NOW_MS


def test_children_of_a_split_during_downtime_come_after_the_rest_of_their_parent() -> None:
    kinesis = RetainingKinesis("s0")
    kinesis.write("s0", b"a")
    first = reader_of(kinesis)
    data_of(first)
    kinesis.write("s0", b"b")
    kinesis.reshard(["s0"], ["s1", "s2"])
    kinesis.write("s1", b"c")
    kinesis.write("s2", b"d")
    assert data_of(reader_of(kinesis, positions=first.positions()), 5) == [b"b", b"c", b"d"]


def test_a_fully_read_parent_is_not_read_again_and_its_children_resume() -> None:
    kinesis = RetainingKinesis("s0")
    kinesis.write("s0", b"a")
    kinesis.reshard(["s0"], ["s1", "s2"])
    kinesis.write("s1", b"b")
    first = reader_of(kinesis)
    assert data_of(first) == [b"a", b"b"]
    assert first.positions()["s0"].is_end
    kinesis.write("s1", b"c")
    kinesis.calls.clear()
    assert data_of(reader_of(kinesis, positions=first.positions())) == [b"c"]
    assert "s0" not in {request.get("ShardId") for _, request in kinesis.calls}


def test_a_start_time_applies_to_shards_without_a_position() -> None:
    kinesis = RetainingKinesis("s0", "s1")
    start = datetime(2026, 1, 1, tzinfo=UTC)
    reader_of(kinesis, start, positions={"s1": Position("4", NOW_MS)}).poll()
    requests = [request for name, request in kinesis.calls if name == "get_shard_iterator"]
    kinds = [(request["ShardIteratorType"], request.get("Timestamp")) for request in requests]
    assert kinds == [("AT_TIMESTAMP", start), ("AFTER_SEQUENCE_NUMBER", None)]


def test_a_position_older_than_the_retention_is_reported_with_the_lost_time() -> None:
    kinesis = RetainingKinesis("s0")
    kinesis.write("s0", b"a", b"b")
    gaps: list[Gap] = []
    old = Position("0", NOW_MS - 3 * DAY_MS)
    reader = reader_of(kinesis, positions={"s0": old}, on_gap=gaps.append)
    assert data_of(reader) == [b"b"]
    assert gaps == [Gap("s0", NOW_MS - 3 * DAY_MS, NOW_MS - DAY_MS, RETENTION_PASSED)]


def test_a_position_within_the_retention_reports_no_loss() -> None:
    kinesis = RetainingKinesis("s0")
    gaps: list[Gap] = []
    data_of(reader_of(kinesis, positions={"s0": Position("0", NOW_MS - DAY_MS)}, on_gap=gaps.append))
    assert gaps == []


def test_a_position_that_the_stream_rejects_is_reported_and_reading_starts_at_the_oldest_record() -> None:
    kinesis = RetainingKinesis("s0")
    kinesis.write("s0", b"a", b"b", b"c", b"d")
    kinesis.trimmed["s0"] = 2
    gaps: list[Gap] = []
    reader = reader_of(kinesis, positions={"s0": Position("0", NOW_MS - 5)}, on_gap=gaps.append)
    assert data_of(reader) == [b"c", b"d"]
    assert gaps == [Gap("s0", NOW_MS - 5, NOW_MS, POSITION_UNKNOWN)]


def test_a_rejection_without_a_stored_position_is_an_error() -> None:
    kinesis = RetainingKinesis("s0")
    kinesis.faults["get_shard_iterator"] = [refusal("InvalidArgumentException")]
    with pytest.raises(Exception, match="InvalidArgumentException"):
        reader_of(kinesis).poll()


def test_an_unfinished_expired_shard_is_reported_once_and_its_children_are_read() -> None:
    kinesis = RetainingKinesis("s0")
    kinesis.reshard(["s0"], ["s1"])
    kinesis.write("s1", b"c")
    kinesis.remove("s0")
    gaps: list[Gap] = []
    stored = {"s0": Position("0", NOW_MS)}
    first = reader_of(kinesis, positions=stored, on_gap=gaps.append)
    assert data_of(first) == [b"c"]
    assert gaps == [Gap("s0", NOW_MS, None, SHARD_GONE)]
    reader_of(kinesis, positions=stored | first.positions(), on_gap=gaps.append).poll()
    assert len(gaps) == 1


def test_a_transient_error_of_the_retention_call_is_retried() -> None:
    kinesis = RetainingKinesis("s0")
    kinesis.write("s0", b"a", b"b")
    kinesis.faults["describe_stream_summary"] = [refusal("LimitExceededException")]
    assert data_of(reader_of(kinesis, positions={"s0": Position("0", NOW_MS)})) == [b"b"]

"""The journal of a drill's load, and the order of the stream that follows from it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import EndpointConnectionError

from drills.arrivals import JournalError, arrivals
from drills.load import Effort, SentItem, ordinary
from drills.send_journal import JournalingClient, Place, read_journal, sha256_of
from fraudstream.runtime.clock import Clock
from fraudstream.streams.kinesis.kinesis_writer import StreamWriter
from fraudstream.streams.protocols import StreamRecord

if TYPE_CHECKING:
    from mypy_boto3_kinesis.client import KinesisClient

ITEMS = ordinary(Effort(transactions=4), 1_767_373_200_000)


class Stream:
    """One shard; ``answers`` says for each request whether it is accepted, refused in part, or lost."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.contents: list[StreamRecord] = []

    def put_records(self, *, StreamName: str, Records: Sequence[Any]) -> dict[str, Any]:  # noqa: N803
        answer = self.answers.pop(0)
        places: list[dict[str, str]] = []
        for number, record in enumerate(Records):
            if answer == "not stored" or (answer == "first refused" and number == 0):
                places.append({"ErrorCode": "ProvisionedThroughputExceededException"})
                continue
            sequence_number = str(9 + len(self.contents))
            key, at_ms = record["PartitionKey"], 1_000 + len(self.contents)
            self.contents.append(StreamRecord(record["Data"], key, StreamName, sequence_number, at_ms))
            places.append({"ShardId": StreamName, "SequenceNumber": sequence_number})
        if answer in {"lost", "not stored"}:
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1")
        return {"Records": places}


NO_WAIT = Clock(monotonic_s=lambda: 0.0, sleep=lambda _: None)


def sent(path: Path, stream: Stream, items: Sequence[SentItem] = ITEMS) -> None:
    client = JournalingClient(cast("KinesisClient", stream), path)
    writer = StreamWriter(cast("KinesisClient", client), "shard", clock=NO_WAIT, max_attempts=3)
    assert not writer.put([item.record for item in items]).failures
    client.close()


def order(path: Path, stream: Stream) -> list[SentItem]:
    return [each.item for each in arrivals(ITEMS, read_journal(path), stream.contents)]


def test_each_record_has_its_place_and_its_times(tmp_path: Path) -> None:
    stream = Stream("accepted")
    sent(tmp_path / "journal", stream)
    found = arrivals(ITEMS, read_journal(tmp_path / "journal"), stream.contents)
    assert [each.item for each in found] == ITEMS
    assert [each.place for each in found] == [Place("shard", str(9 + number)) for number in range(4)]
    assert [each.arrival_ms for each in found] == [1_000, 1_001, 1_002, 1_003]
    assert {each.attempted_ms for each in found} == {read_journal(tmp_path / "journal")[0].attempted_ms}


def test_a_record_that_was_refused_first_comes_after_the_others(tmp_path: Path) -> None:
    stream = Stream("first refused", "accepted")
    sent(tmp_path / "journal", stream)
    assert order(tmp_path / "journal", stream) == [*ITEMS[1:], ITEMS[0]]


def test_records_whose_answer_was_lost_are_in_the_stream_twice(tmp_path: Path) -> None:
    stream = Stream("lost", "accepted")
    sent(tmp_path / "journal", stream)
    assert order(tmp_path / "journal", stream) == [*ITEMS, *ITEMS]


def test_records_of_a_request_that_did_not_reach_the_stream_are_there_once(tmp_path: Path) -> None:
    stream = Stream("not stored", "accepted")
    sent(tmp_path / "journal", stream)
    assert order(tmp_path / "journal", stream) == ITEMS


def test_a_request_that_a_crash_cut_off_may_be_in_the_stream(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    stream = Stream("accepted")
    sent(path, stream)
    first, second = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + second[:-5])
    assert not any(entry.is_answered for entry in read_journal(path))
    assert order(path, stream) == ITEMS


def test_a_record_that_the_stream_lost_can_not_be_judged(tmp_path: Path) -> None:
    stream = Stream("accepted")
    sent(tmp_path / "journal", stream)
    stream.contents.pop()
    with pytest.raises(JournalError, match="does not have it there"):
        order(tmp_path / "journal", stream)


def test_a_record_that_nobody_sent_can_not_be_judged(tmp_path: Path) -> None:
    stream = Stream("accepted")
    sent(tmp_path / "journal", stream)
    stream.contents.append(StreamRecord(b"{}", "key", "shard", "99", 0))
    with pytest.raises(JournalError, match="the journal does not have"):
        order(tmp_path / "journal", stream)


def test_a_journal_is_never_appended_to_an_older_one(tmp_path: Path) -> None:
    sent(tmp_path / "journal", Stream("accepted"))
    with pytest.raises(FileExistsError):
        sent(tmp_path / "journal", Stream("accepted"))


def test_entries_name_the_bytes_that_were_sent(tmp_path: Path) -> None:
    sent(tmp_path / "journal", Stream("accepted"))
    assert [each.sha256 for each in read_journal(tmp_path / "journal")] == [
        sha256_of(item.record.data) for item in ITEMS
    ]

"""A reader with an outage to report to survives failures of any length and loses no record."""

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EndpointConnectionError

from fraudstream.runtime.clock import Clock
from fraudstream.runtime.outages import Outage
from fraudstream.streams.kinesis.kinesis_reader import (
    LONGEST_WAIT_S,
    POSITION_UNKNOWN,
    RETENTION_PASSED,
    SHARD_GONE,
    StreamReader,
)
from fraudstream.streams.stream_errors import StreamDeniedError, StreamError
from tests.unit.streams.fake_kinesis import FakeKinesis, refusal

if TYPE_CHECKING:
    from fraudstream.streams.positions import Gap

HOUR_S = 3_600.0
START_MS = 1_767_312_000_000


class Scene:
    """A reader of a fake stream, whose clock only sleeping advances."""

    def __init__(self, *shard_ids: str) -> None:
        self.kinesis = FakeKinesis(*shard_ids)
        self.now_s = 0.0
        self.said: list[str] = []
        self.gaps: list[Gap] = []
        self.outage = Outage("stream 'Alerts'", self.said.append, monotonic_s=lambda: self.now_s)
        self.reader = StreamReader(
            self.kinesis.client,
            "Alerts",
            on_gap=self.gaps.append,
            clock=Clock(
                now_ms=lambda: START_MS + round(1000 * self.now_s),
                monotonic_s=lambda: self.now_s,
                sleep=self.sleep,
            ),
            outage=self.outage,
        )

    def sleep(self, seconds: float) -> None:
        """Advance the clock."""
        self.now_s += seconds

    def read(self, rounds: int = 1) -> list[bytes]:
        """Return the records of some rounds, ten seconds apart."""
        found = []
        for _ in range(rounds):
            self.now_s += 10
            found += [record.data for record in self.reader.poll()]
        return found

    def fail(self, fault: Exception, *calls: str) -> None:
        """Let calls fail until `recover`."""
        for call in calls or ("list_shards", "get_shard_iterator", "get_records"):
            self.kinesis.faults[call] = [fault] * 100_000

    def recover(self) -> None:
        """End the outage."""
        self.kinesis.faults.clear()


DOWN = EndpointConnectionError(endpoint_url="http://127.0.0.1:1")


@pytest.mark.parametrize(
    "fault",
    [
        DOWN,
        refusal("ProvisionedThroughputExceededException"),
        refusal("InternalFailure", 500),
        refusal("AccessDeniedException"),
        refusal("ExpiredTokenException"),
        refusal("ResourceNotFoundException"),
        refusal("SomethingNewException"),
    ],
)
def test_a_running_reader_survives_an_outage_of_hours_and_returns_every_record_once(fault: Exception) -> None:
    scene = Scene("s0", "s1")
    scene.kinesis.write("s0", b"a")
    assert scene.read() == [b"a"]
    scene.fail(fault)
    scene.kinesis.write("s0", b"b")
    scene.kinesis.write("s1", b"c")
    assert scene.read(rounds=2_000) == []
    scene.recover()
    assert sorted(scene.read(rounds=10)) == [b"b", b"c"]
    assert scene.said[0].startswith("OUTAGE of stream 'Alerts' for ")
    assert scene.said[-1].startswith("stream 'Alerts' responds again after ")
    assert not scene.gaps


def test_an_outage_is_reported_each_minute_with_its_cause() -> None:
    scene = Scene("s0")
    scene.read()
    scene.fail(DOWN)
    scene.read(rounds=60)
    assert 8 <= len(scene.said) <= 11
    assert all("127.0.0.1:1" in line and "AWS_ENDPOINT_URL" in line for line in scene.said)


def test_a_short_throttle_is_not_reported() -> None:
    scene = Scene("s0")
    scene.read()
    scene.kinesis.faults["get_records"] = [refusal("ProvisionedThroughputExceededException")]
    scene.read(rounds=5)
    assert scene.said == []
    assert scene.outage.failed_calls == 1


def test_the_waits_of_an_outage_grow_to_an_upper_bound() -> None:
    scene = Scene("s0")
    scene.read()
    scene.fail(DOWN, "get_records")
    before = len(scene.kinesis.calls)
    start_s = scene.now_s
    while scene.now_s - start_s < HOUR_S:
        scene.reader.poll()
    calls = sum(name == "get_records" for name, _ in scene.kinesis.calls[before:])
    assert HOUR_S / LONGEST_WAIT_S <= calls <= 2 * HOUR_S / LONGEST_WAIT_S + 20


def test_a_shard_that_fails_for_hours_does_not_hold_up_the_others() -> None:
    scene = Scene("s0", "s1")
    scene.read()
    inner = scene.kinesis.get_records

    def failing(**request: Any) -> dict[str, Any]:  # noqa: ANN401 - as boto3 takes them
        if request["ShardIterator"].startswith("s0/"):
            raise DOWN
        return inner(**request)

    scene.kinesis.get_records = failing  # type: ignore[method-assign]
    scene.kinesis.write("s0", b"a")
    scene.read(rounds=500)
    scene.kinesis.write("s1", b"b")
    assert scene.read() == [b"b"]
    assert scene.outage.problem
    scene.kinesis.get_records = inner  # type: ignore[method-assign]
    assert scene.read(rounds=10) == [b"a"]


def test_an_unreachable_stream_at_the_start_is_waited_for() -> None:
    scene = Scene("s0")
    scene.kinesis.write("s0", b"a")
    scene.fail(DOWN)
    assert scene.read(rounds=500) == []
    scene.recover()
    assert scene.read(rounds=10) == [b"a"]


@pytest.mark.parametrize(
    ("code", "kind"),
    [("AccessDeniedException", StreamDeniedError), ("UnrecognizedClientException", StreamDeniedError),
     ("ResourceNotFoundException", StreamError)],
)  # fmt: skip
@pytest.mark.parametrize("call", ["list_shards", "get_shard_iterator", "get_records"])
def test_a_permanent_error_at_the_start_is_raised(call: str, code: str, kind: type[Exception]) -> None:
    scene = Scene("s0")
    scene.fail(refusal(code), call)
    with pytest.raises(kind):
        scene.read()


def test_shards_that_were_split_during_an_outage_are_read_in_order() -> None:
    scene = Scene("s0")
    scene.kinesis.write("s0", b"a")
    assert scene.read() == [b"a"]
    scene.fail(DOWN)
    scene.kinesis.write("s0", b"b")
    scene.kinesis.reshard(["s0"], ["s1", "s2"])
    scene.kinesis.write("s1", b"c")
    scene.read(rounds=100)
    scene.recover()
    assert scene.read(rounds=10) == [b"b", b"c"]


def test_iterators_that_expired_during_an_outage_are_renewed_and_counted() -> None:
    scene = Scene("s0")
    scene.kinesis.write("s0", b"a")
    scene.read()
    scene.kinesis.write("s0", b"b")
    scene.kinesis.faults["get_records"] = [DOWN, DOWN, refusal("ExpiredIteratorException")]
    assert scene.read(rounds=10) == [b"b"]
    assert scene.reader.expired_iterators == 1


def test_records_trimmed_during_an_outage_are_a_gap_and_reading_continues() -> None:
    scene = Scene("s0")
    scene.kinesis.write("s0", b"a")
    scene.read()
    scene.kinesis.write("s0", b"b")
    # The iterator has expired, and the position after the last record no longer exists.
    scene.kinesis.faults["get_records"] = [refusal("ExpiredIteratorException")]
    scene.kinesis.faults["get_shard_iterator"] = [refusal("InvalidArgumentException")]
    scene.read(rounds=10)
    assert [gap.reason for gap in scene.gaps] == [POSITION_UNKNOWN]
    assert scene.reader.gaps == 1


def test_an_outage_longer_than_the_retention_is_a_gap_even_if_the_position_is_accepted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = Scene("s0")
    retention = {"StreamDescriptionSummary": {"RetentionPeriodHours": 24}}
    monkeypatch.setattr(scene.kinesis, "describe_stream_summary", lambda **_request: retention, raising=False)
    scene.read()
    scene.fail(DOWN)
    scene.read()
    scene.now_s += 30 * HOUR_S
    scene.recover()
    scene.kinesis.faults["get_records"] = [refusal("ExpiredIteratorException")]
    scene.read(rounds=10)
    assert [gap.reason for gap in scene.gaps] == [RETENTION_PASSED]


def test_a_stream_that_was_deleted_and_created_again_is_read_from_its_beginning() -> None:
    scene = Scene("s0")
    scene.kinesis.write("s0", b"a")
    assert scene.read() == [b"a"]
    scene.fail(refusal("ResourceNotFoundException"))
    scene.read(rounds=10)
    scene.recover()
    scene.kinesis.records = {"s7": [b"new"]}
    scene.kinesis.parents = {"s7": []}
    inner = scene.kinesis.get_shard_iterator

    def missing(**request: Any) -> dict[str, Any]:  # noqa: ANN401 - as boto3 takes them
        if request["ShardId"] == "s0":
            raise refusal("ResourceNotFoundException")  # noqa: EM101 - the code of an answer
        return inner(**request)

    scene.kinesis.get_shard_iterator = missing  # type: ignore[method-assign]
    assert scene.read(rounds=20) == [b"new"]
    assert [(gap.shard_id, gap.reason) for gap in scene.gaps] == [("s0", SHARD_GONE)]
    assert not scene.outage.problem

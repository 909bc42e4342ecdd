import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from fraudstream.runtime.backoff import Backoff
from fraudstream.runtime.clock import Clock
from fraudstream.streams.kinesis.kinesis_writer import (
    MAX_RECORD_BYTES,
    MAX_REQUEST_BYTES,
    TOO_LARGE,
    PlacedRecord,
    StreamWriter,
)
from fraudstream.streams.protocols import PutResult, Record
from fraudstream.streams.stream_errors import StreamError
from tests.unit.streams.fake_kinesis import refusal

if TYPE_CHECKING:
    from mypy_boto3_kinesis.client import KinesisClient

MAX_ATTEMPTS = 4
THROTTLED = "ProvisionedThroughputExceededException"

Refuse = Callable[[int, bytes], str | None]
"""The error code for a record in request number n (from 0), or None to accept it."""


class FakePuts:
    """Accepts records as ``refuse`` allows; ``requests`` has all by call, ``taken`` the accepted ones."""

    def __init__(self, refuse: Refuse = lambda _number, _data: None) -> None:
        self.refuse = refuse
        self.faults: list[Exception] = []
        self.requests: list[list[bytes]] = []
        self.request_sizes: list[int] = []
        self.taken: list[bytes] = []

    def put_records(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401 - as boto3 takes them
        """Return a result for each record."""
        number = len(self.requests)
        self.requests.append([record["Data"] for record in request["Records"]])
        self.request_sizes.append(
            sum(len(r["Data"]) + len(r["PartitionKey"].encode()) for r in request["Records"])
        )
        if self.faults:
            raise self.faults.pop(0)
        answers = [self._answer(number, record) for record in request["Records"]]
        return {"Records": answers, "FailedRecordCount": sum("ErrorCode" in answer for answer in answers)}

    def _answer(self, number: int, record: dict[str, Any]) -> dict[str, str]:
        code = self.refuse(number, record["Data"])
        if code:
            return {"ErrorCode": code, "ErrorMessage": "no"}
        self.taken.append(record["Data"])
        return {"SequenceNumber": "1", "ShardId": f"shard-{record['PartitionKey']}"}


def put(puts: FakePuts, records: list[Record], slept_s: list[float] | None = None) -> PutResult:
    writer = StreamWriter(
        cast("KinesisClient", puts),
        "Numbers",
        clock=Clock(sleep=(slept_s if slept_s is not None else []).append),
        backoff=Backoff(rng=random.Random(1)),
        max_attempts=MAX_ATTEMPTS,
    )
    return writer.put(records)


def numbers(count: int) -> list[Record]:
    return [Record(b"%d" % n, "k") for n in range(count)]


def of_size(size_bytes: int) -> Record:
    return Record(b"x" * (size_bytes - 1), "k")


@pytest.mark.parametrize(
    ("records", "request_lengths"),
    [
        ([], []),
        (numbers(1), [1]),
        (numbers(500), [500]),
        (numbers(501), [500, 1]),
        (numbers(1_200), [500, 500, 200]),
        ([of_size(MAX_RECORD_BYTES)] * 5, [5]),
        ([of_size(MAX_RECORD_BYTES)] * 5 + [of_size(2)], [5, 1]),
        ([of_size(MAX_RECORD_BYTES)] * 11, [5, 5, 1]),
        ([of_size(MAX_REQUEST_BYTES // 10)] * 11, [10, 1]),
        ([Record(b"x" * (MAX_RECORD_BYTES - 3), "ä")] * 6, [5, 1]),
    ],
)
def test_requests_are_as_large_as_the_limits_allow(records: list[Record], request_lengths: list[int]) -> None:
    puts = FakePuts()
    result = put(puts, records)
    assert [len(request) for request in puts.requests] == request_lengths
    assert all(size_bytes <= MAX_REQUEST_BYTES for size_bytes in puts.request_sizes)
    assert result.sent == len(records)
    assert not result.failures


@pytest.mark.parametrize(
    ("record", "is_sent"),
    [
        (Record(b"x" * (MAX_RECORD_BYTES - 1), "k"), True),
        (Record(b"x" * MAX_RECORD_BYTES, "k"), False),
        (Record(b"x" * (MAX_RECORD_BYTES - 2), "ä"), True),
        (Record(b"x" * (MAX_RECORD_BYTES - 1), "ä"), False),
    ],
)
def test_a_record_over_one_mebibyte_with_its_key_is_rejected_and_reported(
    record: Record, *, is_sent: bool
) -> None:
    puts = FakePuts()
    result = put(puts, [Record(b"a", "k"), record, Record(b"b", "k")])
    assert result.sent == 2 + is_sent
    assert [(f.position, f.error_code) for f in result.failures] == ([] if is_sent else [(1, TOO_LARGE)])
    assert len(puts.requests) == 1


def test_only_the_rejected_records_of_a_request_are_retried_in_order() -> None:
    puts = FakePuts(lambda number, data: THROTTLED if data in {b"1", b"3"} and number < 2 else None)
    result = put(puts, numbers(5))
    assert puts.requests == [[b"0", b"1", b"2", b"3", b"4"], [b"1", b"3"], [b"1", b"3"]]
    assert (result.sent, result.retries, result.failures) == (5, 2, [])


def test_a_request_is_completed_before_the_next_one() -> None:
    puts = FakePuts(lambda number, data: THROTTLED if data == b"7" and number == 0 else None)
    put(puts, numbers(501))
    assert [len(request) for request in puts.requests] == [500, 1, 1]
    assert puts.taken[-2:] == [b"7", b"500"]


def test_a_record_rejected_on_the_last_attempt_is_reported_with_its_code() -> None:
    puts = FakePuts(lambda _number, data: "InternalFailure" if data == b"2" else None)
    result = put(puts, numbers(4))
    assert len(puts.requests) == MAX_ATTEMPTS
    assert (result.sent, result.retries) == (3, MAX_ATTEMPTS - 1)
    (failure,) = result.failures
    assert (failure.position, failure.record.data) == (2, b"2")
    assert (failure.error_code, failure.message) == ("InternalFailure", "no")


def test_an_abandoned_chunk_does_not_hold_back_the_next_one() -> None:
    puts = FakePuts(lambda number, _data: THROTTLED if number < MAX_ATTEMPTS else None)
    result = put(puts, numbers(501))
    assert result.sent == 1
    assert [failure.position for failure in result.failures] == list(range(500))


def test_the_backoff_doubles_up_to_the_cap_with_a_jitter_of_half() -> None:
    backoff = Backoff(base_s=0.1, cap_s=1.0, rng=random.Random(3))
    for retry, longest_s in enumerate([0.1, 0.2, 0.4, 0.8, 1.0, 1.0]):
        waits_s = [backoff.wait_s(retry) for _ in range(200)]
        assert all(longest_s / 2 <= wait_s <= longest_s for wait_s in waits_s)
        assert max(waits_s) - min(waits_s) > longest_s / 4


def test_the_waits_between_attempts_follow_the_backoff() -> None:
    slept_s: list[float] = []
    put(FakePuts(lambda _number, _data: THROTTLED), numbers(1), slept_s)
    expected = Backoff(rng=random.Random(1))
    assert slept_s == [expected.wait_s(retry) for retry in range(MAX_ATTEMPTS - 1)]


@pytest.mark.parametrize(
    "fault",
    [
        ConnectionClosedError(endpoint_url="http://127.0.0.1:1"),
        refusal(THROTTLED),
        refusal("ServiceUnavailable", status=503),
    ],
)
def test_a_request_that_fails_completely_is_retried(fault: Exception) -> None:
    puts = FakePuts()
    puts.faults = [fault, fault]
    result = put(puts, numbers(3))
    assert (result.sent, result.retries, result.failures) == (3, 2, [])
    assert puts.taken == [b"0", b"1", b"2"]


def test_a_lost_connection_is_reported_for_every_record() -> None:
    puts = FakePuts()
    puts.faults = [ConnectionClosedError(endpoint_url="http://127.0.0.1:1")] * MAX_ATTEMPTS
    result = put(puts, numbers(3))
    assert [f.error_code for f in result.failures] == ["ConnectionClosedError"] * 3
    assert result.sent == 0


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ResourceNotFoundException", r"stream 'Numbers' does not exist.*python -m localstack\.streams"),
        ("AccessDeniedException", "'Numbers' can't be used: AccessDeniedException"),
    ],
)
def test_an_error_that_no_retry_can_fix_is_raised_at_once(code: str, message: str) -> None:
    puts = FakePuts()
    puts.faults = [refusal(code)]
    with pytest.raises(StreamError, match=message):
        put(puts, numbers(3))
    assert len(puts.requests) == 1


RETRIED = refusal("AccessDeniedException")
RETRIED.response["ResponseMetadata"]["RetryAttempts"] = 1


@pytest.mark.parametrize(
    ("faults", "may_be_written"),
    [
        ([refusal("AccessDeniedException")], False),
        ([refusal(THROTTLED), refusal("AccessDeniedException")], False),
        ([ReadTimeoutError(endpoint_url="http://a"), refusal("AccessDeniedException")], True),
        ([refusal("InternalFailure", status=500), refusal("AccessDeniedException")], True),
        ([RETRIED], True),
    ],
    ids=["refused", "throttled before", "no answer before", "fault before", "repeated by boto3"],
)
def test_an_error_says_whether_an_earlier_attempt_may_have_written(
    faults: list[Exception], *, may_be_written: bool
) -> None:
    puts = FakePuts()
    puts.faults = list(faults)
    with pytest.raises(StreamError) as raised:
        put(puts, numbers(3))
    assert raised.value.may_be_written == may_be_written


def test_records_are_counted_by_shard() -> None:
    result = put(FakePuts(), [Record(b"1", "a"), Record(b"2", "b"), Record(b"3", "a")])
    assert result.shards == {"shard-a": 2, "shard-b": 1}


def test_each_written_record_is_announced_with_its_place() -> None:
    puts = FakePuts(lambda number, data: THROTTLED if data == b"1" and number == 0 else None)
    written: list[PlacedRecord] = []
    writer = StreamWriter(cast("KinesisClient", puts), "Numbers", clock=Clock(sleep=lambda _seconds: None))
    writer.put([Record(b"0", "a"), Record(b"1", "b")], written.append)
    assert written == [PlacedRecord(0, "shard-a", "1"), PlacedRecord(1, "shard-b", "1")]


def test_no_retry_begins_after_the_patience() -> None:
    now_s = [100.0]
    puts = FakePuts(lambda _number, _data: THROTTLED)

    def sleep(seconds: float) -> None:
        now_s[0] += seconds

    clock = Clock(monotonic_s=lambda: now_s[0], sleep=sleep)
    writer = StreamWriter(cast("KinesisClient", puts), "Numbers", clock=clock, patience_s=2.0)
    result = writer.put(numbers(1))
    assert now_s[0] <= 102.0
    assert 1 < len(puts.requests) < 10
    assert [failure.error_code for failure in result.failures] == [THROTTLED]

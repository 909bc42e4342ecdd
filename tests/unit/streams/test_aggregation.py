"""Aggregated records are accounted for, and ordered, as if each were sent alone."""

import random
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraudstream.runtime.backoff import Backoff
from fraudstream.runtime.clock import Clock
from fraudstream.streams.kinesis.aggregation import AggregatingWriter
from fraudstream.streams.kinesis.kinesis_writer import MAX_RECORD_BYTES, TOO_LARGE, StreamWriter
from fraudstream.streams.protocols import PutResult, Record
from tests.unit.streams.fake_kinesis import refusal
from tests.unit.streams.test_writer import FakePuts

if TYPE_CHECKING:
    from mypy_boto3_kinesis.client import KinesisClient


def put(puts: FakePuts, records: list[Record], *, buckets: int = 64, max_bytes: int = 25_600) -> PutResult:
    writer = StreamWriter(
        cast("KinesisClient", puts),
        "Numbers",
        clock=Clock(sleep=lambda _: None),
        backoff=Backoff(rng=random.Random(1)),
        max_attempts=2,
    )
    return AggregatingWriter(writer, buckets=buckets, max_bytes=max_bytes).put(records)


def of_account(account: int, number: int) -> Record:
    return Record(b'{"account":%d,"number":%d}' % (account, number), f"ACC_{account}")


def test_records_of_a_bucket_become_lines_of_one_record() -> None:
    puts = FakePuts()
    result = put(puts, [of_account(1, 0), of_account(1, 1), of_account(1, 2)])
    assert puts.taken == [b"\n".join(of_account(1, number).data for number in range(3))]
    assert (result.sent, result.failures) == (3, [])
    assert result.shards.total() == 1


def test_an_aggregated_record_respects_the_size_limit_and_an_oversize_record_is_sent_alone() -> None:
    puts = FakePuts()
    data = [b"{aa}", b"{bb}", b"{cc}", b"{" + b"d" * 50, b"{ee}"]
    put(puts, [Record(part, "k") for part in data], max_bytes=10)
    assert puts.taken == [b"{aa}\n{bb}", b"{cc}", b"{" + b"d" * 50, b"{ee}"]


def test_a_full_record_is_followed_by_another_full_one() -> None:
    puts = FakePuts()
    put(puts, [Record(b"{%d}" % number, "k") for number in range(6)], max_bytes=8)
    assert puts.taken == [b"{0}\n{1}", b"{2}\n{3}", b"{4}\n{5}"]


@pytest.mark.parametrize("odd", [b"{a\n}", b"\xff\xfe{}", b"", b"[1]", b"\n{}"])
def test_a_record_that_is_not_one_line_with_an_object_is_sent_alone_in_its_position(odd: bytes) -> None:
    puts = FakePuts()
    data = [b"{1}", b"{2}", odd, b"{3}", b"{4}"]
    assert put(puts, [Record(part, "k") for part in data]).sent == 5
    assert puts.taken == [b"{1}\n{2}", odd, b"{3}\n{4}"]


@given(
    accounts=st.lists(st.integers(0, 30), max_size=200),
    buckets=st.integers(1, 8),
    max_bytes=st.integers(1, 400),
)
def test_every_record_arrives_once_and_those_of_an_account_are_in_order(
    accounts: list[int], buckets: int, max_bytes: int
) -> None:
    records = [of_account(account, number) for number, account in enumerate(accounts)]
    puts = FakePuts()
    assert put(puts, records, buckets=buckets, max_bytes=max_bytes).sent == len(records)
    assert all(len(joined) <= max_bytes for joined in puts.taken if b"\n" in joined)
    lines = [line for joined in puts.taken for line in joined.split(b"\n")]
    assert sorted(lines) == sorted(record.data for record in records)
    for account in set(accounts):
        of_it = [record.data for record in records if record.partition_key == f"ACC_{account}"]
        assert [line for line in lines if line in of_it] == of_it


def test_an_account_has_the_same_partition_key_in_every_put() -> None:
    keys = set()
    for number in range(5):
        puts = FakePuts()
        shards = put(puts, [of_account(7, number)]).shards
        keys |= set(shards)
    assert len(keys) == 1


def test_accounts_of_a_bucket_share_a_partition_key_independently_of_their_order() -> None:
    keys = {
        key
        for accounts in ([1, 2], [2, 1], [3])
        for key in put(FakePuts(), [of_account(account, 0) for account in accounts], buckets=1).shards
    }
    assert len(keys) == 1


def test_each_record_of_a_failed_aggregated_record_is_reported_in_its_position() -> None:
    puts = FakePuts(lambda _number, data: "InternalFailure" if b'"account":1' in data else None)
    records = [of_account(account, number) for number, account in enumerate([1, 2, 1, 2, 1])]
    # As many buckets as needed to put the two accounts into different ones.
    result = put(puts, records, buckets=1_000)
    assert [failure.position for failure in result.failures] == [0, 2, 4]
    assert [failure.record for failure in result.failures] == [records[place] for place in (0, 2, 4)]
    assert {failure.error_code for failure in result.failures} == {"InternalFailure"}
    assert (result.sent, result.retries) == (2, 1)


def test_failures_are_reported_in_the_order_of_the_input() -> None:
    puts = FakePuts(lambda _number, _data: "InternalFailure")
    records = [of_account(account, number) for number, account in enumerate([1, 2, 1, 2, 1])]
    result = put(puts, records, buckets=1_000)
    assert [failure.position for failure in result.failures] == [0, 1, 2, 3, 4]
    assert len(puts.taken) == 0


def test_by_default_a_record_fills_a_put_unit_and_there_are_64_keys() -> None:
    """docs/load.md relies on both: the cost of a record, and how evenly the shards fill."""
    puts = FakePuts()
    writer = AggregatingWriter(StreamWriter(cast("KinesisClient", puts), "Numbers"))
    small = [of_account(account, 0) for account in range(2_000)]
    assert writer.put(small).shards.total() == 64
    large = [Record(b'{"x":"%s"}' % (b"x" * 10_000), "k") for _ in range(6)]
    puts.taken.clear()
    writer.put(large)
    assert [len(joined.split(b"\n")) for joined in puts.taken] == [2, 2, 2]


def test_a_record_too_large_for_any_request_does_not_affect_others() -> None:
    records = [Record(b"{}", "k"), Record(b"{" + b"x" * MAX_RECORD_BYTES, "k"), Record(b"{}", "k")]
    result = put(FakePuts(), records)
    assert [(failure.position, failure.error_code) for failure in result.failures] == [(1, TOO_LARGE)]
    assert result.sent == 2


def test_an_error_that_no_retry_can_fix_is_raised() -> None:
    puts = FakePuts()
    puts.faults = [refusal("ResourceNotFoundException")]
    with pytest.raises(Exception, match="Numbers"):
        put(puts, [of_account(1, 1)])

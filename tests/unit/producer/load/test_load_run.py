"""The complete run against an in-memory stream: order, accounting, throttling, stops."""

import io
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from rich.console import Console

from fraudstream.streams.kinesis.kinesis_writer import MAX_RECORD_BYTES
from fraudstream.streams.protocols import Record
from producer.load.load_run import LoadOptions, LoadRun
from producer.load.load_statistics import LoadStatistics
from producer.load.send_schedule import SendSchedule
from producer.load.summary import summary
from tests.unit.producer.load.load_fakes import THROTTLED, FakeStream, counted, records
from tests.unit.streams.fake_kinesis import refusal

UNPACED = SendSchedule(records=None, rate_per_s=None)


def sent(  # noqa: PLR0913 - what a test may choose
    stream: FakeStream,
    source: Iterator[Record],
    stop: threading.Event | None = None,
    flush_s: float = 10.0,
    batch_size: int = 50,
    *,
    joined: bool = False,
) -> dict[str, Any]:
    """Run to the end with three senders; return the summary after checking its sum."""
    options = LoadOptions(
        stream_name="S",
        open_shards=stream.shards,
        batch_size=batch_size,
        flush_s=flush_s,
        joined=joined,
    )
    run = LoadRun(source, UNPACED, [stream.client] * 3, options)
    in_doubt = run.run(stop or threading.Event(), Console(file=io.StringIO()))
    result = summary(run.statistics, UNPACED, open_shards=stream.shards, in_doubt=in_doubt)
    assert result["sent"] + result["failed"] + result["not_sent"] == result["made"]
    return result | {"errors": run.statistics.errors}


def with_event(source: list[Record], at: int, happen: Callable[[], object]) -> Iterator[Record]:
    for n, record in enumerate(source):
        if n == at:
            happen()
        yield record


def test_every_record_arrives_once_and_each_account_is_in_order() -> None:
    stream = FakeStream()
    result = sent(stream, iter(records(5_000)))
    assert (result["made"], result["sent"], result["failed"], result["not_sent"]) == (5_000, 5_000, 0, 0)
    assert counted([data for _, data in stream.taken]) == counted([r.data for r in records(5_000)])
    assert all(numbers == sorted(numbers) for numbers in stream.by_key().values())
    assert len(stream.by_key()) == 17


def test_no_request_has_more_records_than_the_batch_size() -> None:
    stream = FakeStream()
    sent(stream, iter(records(2_000)), batch_size=20)
    assert max(stream.requests) == 20


def test_shards_and_requests_of_the_summary_are_those_of_the_stream() -> None:
    stream = FakeStream(shards=2)
    result = sent(stream, iter(records(600)))
    assert sum(shard["records"] for shard in result["shards"].values()) == 600
    assert sum(shard["bytes"] for shard in result["shards"].values()) == sum(
        record.size_bytes for record in records(600)
    )
    assert result["requests"] == len(stream.requests)


def test_aggregated_transactions_are_each_accounted_for_in_the_order_of_their_account() -> None:
    stream = FakeStream()
    made = [Record(b'{"n":%d}' % n, record.partition_key) for n, record in enumerate(records(3_000))]
    result = sent(stream, iter(made), joined=True)
    assert (result["made"], result["sent"]) == (3_000, 3_000)
    assert result["records"] == len(stream.taken) < 2_000
    shards = result["shards"].values()
    assert sum(shard["transactions"] for shard in shards) == 3_000
    assert sum(shard["records"] for shard in shards) == len(stream.taken)
    assert sum(shard["bytes"] for shard in shards) == sum(len(key) + len(data) for key, data in stream.taken)
    lines = [line for _, data in stream.taken for line in data.split(b"\n")]
    for key in {record.partition_key for record in made}:
        of_it = [record.data for record in made if record.partition_key == key]
        assert [line for line in lines if line in set(of_it)] == of_it


def test_each_transaction_of_an_abandoned_aggregated_record_is_not_sent() -> None:
    stop = threading.Event()
    made = [Record(b'{"n":%d}' % n, record.partition_key) for n, record in enumerate(records(50_000))]
    stream = FakeStream(lambda _data: THROTTLED)
    result = sent(stream, with_event(made, 2_000, stop.set), stop, flush_s=0.2, joined=True)
    assert (result["sent"], result["failed"], result["records"]) == (0, 0, 0)
    assert result["not_sent"] == result["made"] > 2_000


def test_throttled_records_are_retried_until_they_are_accepted() -> None:
    refused: set[bytes] = set()

    def first_time(data: bytes) -> str | None:
        if int(data) % 40 or data in refused:
            return None
        refused.add(data)
        return THROTTLED

    stream = FakeStream(first_time)
    result = sent(stream, iter(records(400)))
    assert (result["sent"], result["failed"]) == (400, 0)
    assert sum(shard["throttled"] for shard in result["shards"].values()) == 10
    assert result["retries"] > 0


def test_a_record_too_large_for_any_request_has_failed_with_its_code() -> None:
    large = Record(b"x" * MAX_RECORD_BYTES, "ACC_1")
    result = sent(FakeStream(), iter([*records(10), large]))
    assert (result["sent"], result["failed"], result["error_codes"]) == (10, 1, {"RecordTooLarge": 1})


def test_after_a_stop_records_already_made_are_sent_and_no_more_are_made() -> None:
    stop = threading.Event()
    stream = FakeStream()
    result = sent(stream, with_event(records(50_000), 3_000, stop.set), stop)
    assert 3_000 < result["made"] < 50_000
    assert (result["sent"], result["not_sent"]) == (result["made"], 0)
    assert len(stream.taken) == result["sent"]


def test_records_that_a_stop_cannot_send_within_its_limit_are_reported_as_not_sent() -> None:
    stop = threading.Event()
    stream = FakeStream(lambda data: THROTTLED if int(data) >= 1_000 else None)
    result = sent(stream, with_event(records(50_000), 2_000, stop.set), stop, flush_s=0.2)
    assert 0 < result["sent"] == len(stream.taken) <= 1_000
    assert result["not_sent"] > 0
    assert result["warnings"] == []


def test_requests_without_a_response_are_reported_as_in_doubt() -> None:
    stop = threading.Event()
    stream = FakeStream()

    def freeze() -> None:
        stream.thawed.clear()
        stop.set()

    try:
        result = sent(stream, with_event(records(50_000), 2_000, freeze), stop, flush_s=0.2)
    finally:
        stream.thawed.set()
    assert result["not_sent"] > 0
    assert "in requests without a response: they may be in the stream" in result["warnings"][-1]


def test_an_unusable_stream_ends_the_run_for_all_senders() -> None:
    stream = FakeStream()
    stream.fault = refusal("AccessDeniedException")
    result = sent(stream, iter(records(50_000)), flush_s=5.0)
    assert result["sent"] == 0
    assert result["failed"] > 0
    assert result["made"] < 50_000
    assert "AccessDeniedException" in result["errors"][0]


def test_a_failing_source_is_reported_and_its_earlier_records_are_sent() -> None:
    def broken() -> Iterator[Record]:
        yield from records(1_234)
        raise RuntimeError

    result = sent(FakeStream(), broken())
    assert (result["sent"], result["errors"]) == (1_234, ["RuntimeError()"])


@pytest.mark.parametrize(("lag_ms", "is_late"), [(900.0, False), (1_500.0, True)])
def test_a_missed_schedule_gives_a_warning(lag_ms: float, is_late: bool) -> None:  # noqa: FBT001 - a table's column
    statistics = LoadStatistics()
    statistics.lag_ms.record([lag_ms] * 10)
    paced = SendSchedule(records=10, rate_per_s=5.0)
    warnings = summary(statistics, paced, open_shards=1, in_doubt=0)["warnings"]
    assert [warning[:34] for warning in warnings] == ["the schedule was not kept: the lag"] * is_late
    assert not summary(statistics, UNPACED, open_shards=1, in_doubt=0)["warnings"]


def test_the_summary_of_an_empty_run_has_no_times() -> None:
    result = sent(FakeStream(), iter([]))
    assert (result["sent"], result["tx_per_s"]) == (0, None)
    assert result["put_ms"] == result["lag_ms"] == {"p50": None, "p99": None, "max": None}

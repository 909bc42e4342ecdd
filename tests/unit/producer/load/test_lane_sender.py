import threading

import pytest

from fraudstream.runtime.clock import Clock
from fraudstream.streams.kinesis.kinesis_writer import StreamWriter
from producer.load.lane_sender import LaneSender
from producer.load.lanes import Due, Lane
from producer.load.load_statistics import LoadStatistics
from producer.load.metering import MeteredClient
from producer.load.throttling import AdaptivePace
from tests.unit.producer.load.load_fakes import FakeStream, records
from tests.unit.streams.fake_kinesis import refusal


class Sending:
    """A sender with its dependencies, 3 s into its run; its lane has ten records and is closed."""

    def __init__(self, stream: FakeStream) -> None:
        self.statistics = LoadStatistics()
        self.stop, self.gave_up = threading.Event(), threading.Event()
        self.lane = Lane(100)
        self.lane.put([Due(n / 10, record) for n, record in enumerate(records(10))])
        client = MeteredClient(stream.client, self.statistics, AdaptivePace(), self.gave_up)
        writer = StreamWriter(client.client, "S", clock=Clock(sleep=lambda _seconds: None), max_attempts=2)
        self.sender = LaneSender(
            self.lane,
            client,
            writer,
            self.statistics,
            batch_size=4,
            gave_up=self.gave_up,
            now_s=lambda: 3.0,
        )


def test_the_lag_runs_from_the_due_time_until_the_request_succeeds() -> None:
    stream = FakeStream()
    sending = Sending(stream)
    sending.lane.close()
    sending.sender.run(sending.stop)
    assert stream.requests == [4, 4, 2]
    assert sending.statistics.lag_ms.max_ms == pytest.approx(3_000)
    assert sending.statistics.lag_ms.percentile_ms(0) == pytest.approx(2_100, rel=0.02)
    assert sending.statistics.last_acknowledged_s == 3.0


def test_a_record_rejected_on_every_attempt_has_failed_and_has_no_lag() -> None:
    sending = Sending(FakeStream(lambda data: "InternalFailure" if int(data) < 9 else None))
    sending.lane.close()
    sending.sender.run(sending.stop)
    assert (sending.statistics.sent, sending.statistics.failed) == (1, 9)
    assert sending.statistics.error_codes == {"InternalFailure": 9}
    assert sending.statistics.lag_ms.max_ms == pytest.approx(2_100)
    assert sending.statistics.retries == 3


def test_an_unusable_stream_closes_the_lane_and_stops_the_run() -> None:
    """Otherwise, the maker would wait forever for room in the lane."""
    stream = FakeStream()
    stream.fault = refusal("AccessDeniedException")
    sending = Sending(stream)
    sending.sender.run(sending.stop)
    assert sending.stop.is_set()
    assert not sending.lane.put([])
    assert (sending.statistics.failed, len(sending.lane), sending.sender.in_doubt) == (4, 6, 0)


def test_records_accepted_before_the_stream_failed_are_sent_and_the_current_batch_has_failed() -> None:
    stream = FakeStream()

    def fail_after(data: bytes) -> None:
        if data == b"3":
            stream.fault = refusal("AccessDeniedException")

    stream.refuse = fail_after
    sending = Sending(stream)
    sending.sender.run(sending.stop)
    assert (sending.statistics.sent, sending.statistics.failed, len(sending.lane)) == (4, 4, 2)


def test_an_abandoned_sender_does_not_touch_its_lane() -> None:
    stream = FakeStream()
    sending = Sending(stream)
    sending.gave_up.set()
    sending.sender.run(sending.stop)
    assert stream.requests == []
    assert len(sending.lane) == 10

import threading
from collections import Counter
from collections.abc import Callable, Sequence

import pytest

from drills.drill_sender import DrillSender
from drills.load import Effort, ordinary
from fraudstream.streams.protocols import FailedRecord, PutResult, Record
from fraudstream.streams.stream_errors import StreamError

NOW_MS = 1_767_373_200_000
ITEMS = ordinary(Effort(transactions=60), NOW_MS)


class Stream:
    """Accepts records, but rejects those of every third call."""

    def __init__(self) -> None:
        self.calls = 0
        self.taken: list[bytes] = []

    def put(self, records: Sequence[Record]) -> PutResult:
        self.calls += 1
        if self.calls % 3 == 0:
            return PutResult(
                failures=[FailedRecord(n, each, "Throttled", "") for n, each in enumerate(records)]
            )
        self.taken += [record.data for record in records]
        return PutResult(sent=len(records), shards=Counter(shard=len(records)))


def test_everything_is_sent_once_and_in_order_despite_rejections() -> None:
    stream = Stream()
    sender = DrillSender(stream, ITEMS, rate=1_000)
    sender.start()
    _join(sender, 60)
    assert stream.taken == [item.record.data for item in ITEMS]
    assert sender.sent == 60
    assert sender.shards == {"shard": 60}


def test_a_paused_sender_waits_until_it_is_resumed() -> None:
    stream = Stream()
    sender = DrillSender(stream, ITEMS, rate=100, pause_fraction=0.5)
    assert not sender.is_idle
    sender.start()
    _wait(lambda: sender.is_idle)
    # Time enough to send the whole backlog: a slow machine can't make this fail.
    threading.Event().wait(0.5)
    assert sender.sent == 30
    sender.resume()
    assert not sender.is_idle
    _join(sender, 60)
    assert sender.is_idle
    assert len(stream.taken) == 60


def test_the_rest_of_the_load_goes_to_another_writer() -> None:
    first, second = Stream(), Stream()
    sender = DrillSender(first, ITEMS, rate=100, pause_fraction=0.5)
    sender.start()
    _wait(lambda: sender.is_idle)
    sender.write_to(second)
    sender.resume()
    _join(sender, 60)
    assert first.taken == [item.record.data for item in ITEMS[:30]]
    assert second.taken == [item.record.data for item in ITEMS[30:]]


def test_a_sender_that_never_started_can_be_stopped() -> None:
    sender = DrillSender(Stream(), ITEMS, rate=100)
    sender.stop()
    assert sender.sent == 0


def test_a_paused_sender_can_be_stopped() -> None:
    sender = DrillSender(Stream(), ITEMS, rate=100, pause_fraction=0.5)
    sender.start()
    _wait(lambda: sender.is_idle)
    sender.stop()
    assert sender.sent == 30


def test_an_unavailable_stream_does_not_block_the_stop() -> None:
    refused = threading.Event()

    class Away:
        def put(self, records: Sequence[Record]) -> PutResult:
            refused.set()
            return PutResult(failures=[FailedRecord(0, each, "Throttled", "") for each in records])

    sender = DrillSender(Away(), ITEMS, rate=1_000)
    sender.start()
    assert refused.wait(10)
    sender.stop()
    assert sender.sent == 0


def test_a_request_that_was_refused_is_sent_again() -> None:
    class Expired(Stream):
        def put(self, records: Sequence[Record]) -> PutResult:
            if self.calls == 1:
                self.calls += 1
                msg = "the credentials are expired"
                raise StreamError(msg)
            return super().put(records)

    stream = Expired()
    sender = DrillSender(stream, ITEMS, rate=1_000)
    sender.start()
    _join(sender, 60)
    assert stream.taken == [item.record.data for item in ITEMS]


def test_lasting_refusals_end_the_sending_and_are_raised_in_the_waiting_thread() -> None:
    tried = threading.Event()

    class Broken:
        def put(self, records: Sequence[Record]) -> PutResult:
            tried.set()
            msg = f"no stream for {len(records)} records"
            raise StreamError(msg)

    sender = DrillSender(Broken(), ITEMS, rate=1_000, refusal_patience_s=0.0)
    sender.raise_if_failed()
    sender.start()
    assert tried.wait(10)
    sender.stop()
    with pytest.raises(StreamError, match="no stream"):
        sender.raise_if_failed()


def _join(sender: DrillSender, awaited: int) -> None:
    _wait(lambda: sender.sent >= awaited)
    sender.stop()
    sender.raise_if_failed()


def _wait(is_there: Callable[[], bool]) -> None:
    pause = threading.Event()
    while not is_there():
        pause.wait(0.01)

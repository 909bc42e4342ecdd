import io
import threading
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from aiohttp import web
from rich.console import Console

from fraudstream.streams.positions import Position
from fraudstream.streams.protocols import StreamRecord
from fraudstream.streams.stream_errors import StreamError
from producer.load.ingestion_ledger import IngestionLedger
from producer.load.ingestion_load import IngestionLoad
from producer.load.open_loop import RequestTarget
from producer.load.request_bodies import TransactionPool
from producer.simulation import TrafficOptions
from tests.unit.producer.load.http_fakes import served

Stored = Callable[[int, bytes], list[bytes]]
"""The records of the stream for an accepted record, by its number from 0."""


class FakeGateway:
    """Accepts every record, and writes to its stream those that ``stored`` returns for it."""

    def __init__(self, stored: Stored = lambda _number, record: [record]) -> None:
        self.stored = stored
        self.accepted = 0
        self.unread: list[bytes] = []
        self.lock = threading.Lock()

    async def take(self, body: Any) -> web.Response:  # noqa: ANN401 - JSON
        """Return the gateway's answer: a result for each record."""
        records = body if isinstance(body, list) else [body]
        with self.lock:
            for record in records:
                self.unread += self.stored(self.accepted, orjson.dumps(record))
                self.accepted += 1
        results = [
            {"index": place, "result": "accepted", "transaction_id": record["transaction_id"]}
            for place, record in enumerate(records)
        ]
        return web.json_response({"results": results}, status=202)

    def poll(self) -> list[StreamRecord]:
        """Return the unread records, as a reader of the stream."""
        with self.lock:
            found, self.unread = self.unread, []
        return [StreamRecord(data, "key", "shardId-0", "1", 0) for data in found]

    def positions(self) -> dict[str, Position]:
        """Return no positions: nothing resumes."""
        return {}

    def reached_ms(self) -> int | None:
        """Return None: nothing asks."""
        return None


def run(
    gateway: FakeGateway, batch: int = 1, settle_s: float = 0.6, timeout_s: float = 5.0
) -> dict[str, Any]:
    """Send 40 records."""
    pool = TransactionPool(TrafficOptions(start_ms=0, accounts=50), 40, lambda: 1_800_000_000_000)
    with served(gateway.take) as service:
        load = IngestionLoad(
            target=RequestTarget(url=service.url, timeout_s=timeout_s),
            pool=pool,
            batch_size=batch,
            reader=gateway,
            settle_s=settle_s,
        )
        return load.run(400 / batch, 0.1, threading.Event(), Console(file=io.StringIO()))


@pytest.mark.parametrize("batch", [1, 8])
def test_every_accepted_record_is_found_in_the_stream(batch: int) -> None:
    result = run(FakeGateway(), batch, settle_s=5.0)
    assert result["records"] == {"accepted": 40}
    assert (result["accepted"], result["lost"], result["repeated"]) == (40, 0, 0)
    assert result["sent"] == 40 / batch


def test_an_accepted_record_that_the_stream_does_not_have_is_lost_by_its_id() -> None:
    result = run(FakeGateway(lambda number, record: [] if number == 7 else [record]), batch=8)
    assert (result["accepted"], result["lost"]) == (40, 1)
    assert result["lost_ids"] == [f"L{1_800_000_000_000:x}-8"]


def test_a_record_that_was_changed_on_its_way_is_lost() -> None:
    result = run(FakeGateway(lambda number, record: [record + b" "] if number < 3 else [record]))
    assert result["lost"] == 3


def test_a_record_that_is_in_the_stream_twice_is_repeated_and_others_records_are_ignored() -> None:
    result = run(FakeGateway(lambda number, record: [record, record] if number < 2 else [record, b"foreign"]))
    assert (result["lost"], result["repeated"]) == (0, 2)


def test_a_stream_that_cannot_be_read_ends_the_run_with_its_error() -> None:
    class Unreadable(FakeGateway):
        polls = 0

        def poll(self) -> list[StreamRecord]:
            self.polls += 1
            if self.polls > 1:
                msg = "stream 'S' does not respond"
                raise StreamError(msg)
            return []

    with pytest.raises(StreamError, match="does not respond"):
        run(Unreadable(), settle_s=5.0)


def answered(*results: dict[str, Any]) -> bytes:
    return orjson.dumps({"results": results})


def test_results_are_counted_and_requests_without_an_answer_may_be_in_the_stream() -> None:
    ledger = IngestionLedger()
    ledger.on_request(0, [b"a", b"b", b"c"])
    ledger.on_request(1, [b"d", b"e"])
    ledger.on_request(2, [b"f"])
    ledger.on_answer(
        0,
        503,
        answered(
            {"index": 2, "result": "refused"},
            {"index": 0, "result": "accepted"},
            {"index": 1, "result": "failed"},
        ),
    )
    ledger.on_answer(2, 429, b'{"title":"Too many requests"}')
    ledger.close()
    ledger.on_found([b"a", b"b", b"d"])
    result = ledger.summary()
    assert result["records"] == {"accepted": 1, "failed": 1, "no answer": 2, "refused": 2}
    assert (result["accepted"], result["lost"], result["unconfirmed_in_stream"]) == (1, 0, 2)
    assert ledger.missing == 0

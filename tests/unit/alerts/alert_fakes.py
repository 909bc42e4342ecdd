"""Fakes of everything around a delivery: a clock, a stream with retention, handlers, a webhook."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from alerts.delivery import Delivery, DeliveryDependencies
from alerts.handlers.handler_protocol import AlertHandler, HandlerOutcome
from alerts.messages import Handover
from alerts.refused import RefusedFile
from alerts.store.progress_store import ProgressStore
from fraudstream.runtime.backoff import Backoff
from fraudstream.runtime.clock import Clock
from fraudstream.streams.kinesis.kinesis_reader import StreamReader
from fraudstream.streams.protocols import Start
from tests.unit.streams.fake_kinesis import FakeKinesis, refusal

NOW_MS = 1_767_312_000_000
"""Arrival time of every record of the fake stream: 2026-01-02T00:00:00Z."""


class RetainingKinesis(FakeKinesis):
    """A stream with a retention period that may have trimmed some records of a shard."""

    def __init__(self, *shard_ids: str) -> None:
        super().__init__(*shard_ids)
        self.retention_hours = 24
        self.trimmed: dict[str, int] = {}

    def describe_stream_summary(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401 - as boto3 takes them
        """Return the retention period."""
        self._called("describe_stream_summary", request)
        return {"StreamDescriptionSummary": {"RetentionPeriodHours": self.retention_hours}}

    def get_shard_iterator(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401 - as boto3 takes them
        """Reject a trimmed position; otherwise start no earlier than the oldest remaining record."""
        oldest = self.trimmed.get(request["ShardId"], 0)
        answer = super().get_shard_iterator(**request)
        if int(request.get("StartingSequenceNumber", oldest)) < oldest:
            raise refusal("InvalidArgumentException")  # noqa: EM101 - the code of an answer
        shard_id, position = answer["ShardIterator"].split("/")
        return {"ShardIterator": f"{shard_id}/{max(oldest, int(position))}"}

    def remove(self, shard_id: str) -> None:
        """Remove a shard, as the stream does when the retention of its last record has expired."""
        del self.records[shard_id]
        del self.parents[shard_id]


def reader_of(kinesis: FakeKinesis, start: Start = "TRIM_HORIZON", **more: Any) -> StreamReader:  # noqa: ANN401 - the reader's own
    """Return a reader that never waits and looks for new shards at every poll."""
    seconds = iter(range(0, 10**9, 10))
    clock = Clock(now_ms=lambda: NOW_MS, monotonic_s=lambda: float(next(seconds)), sleep=lambda _s: None)
    return StreamReader(kinesis.client, "Alerts", start=start, **{"clock": clock, **more})


@dataclass
class FakeHandler:
    """Answers each batch with the next of ``answers``; ``got`` has the ids of every attempt."""

    batch_size: int = 2
    answers: list[Callable[[Sequence[Handover]], HandlerOutcome]] = field(default_factory=list)
    got: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def handle(self, batch: Sequence[Handover]) -> HandlerOutcome:
        """Handle a batch."""
        self.got += [each.alert.alert_id for each in batch]
        self.bodies += [each.body for each in batch]
        return self.answers.pop(0)(batch) if self.answers else HandlerOutcome()

    def close(self) -> None:
        """Do nothing."""


class NoWait(threading.Event):
    """A stop whose waits take no time; ``waited_s`` records their lengths."""

    def __init__(self) -> None:
        super().__init__()
        self.waited_s: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        """Return at once."""
        self.waited_s.append(timeout or 0.0)
        return self.is_set()


@dataclass
class Stage:
    """A delivery with all its dependencies."""

    kinesis: FakeKinesis
    store: ProgressStore
    handler: AlertHandler
    folder: Path
    stop: NoWait = field(default_factory=NoWait)
    said: list[str] = field(default_factory=list)
    now_ms: int = NOW_MS

    def delivery(self, **more: Any) -> Delivery:  # noqa: ANN401 - those of Parts
        """Return a delivery that resumes at the positions of the store."""
        reader = reader_of(
            self.kinesis,
            positions=self.store.positions(),
            on_gap=lambda gap: self.said.append(gap.reason),
        )
        parts: dict[str, Any] = {
            "reader": reader,
            "store": self.store,
            "handler": self.handler,
            "refused": RefusedFile(self.folder / "refused.jsonl"),
            "now_ms": self.tick,
            "on_problem": self.said.append,
            "stop": self.stop,
            "backoff": Backoff(),
        }
        return Delivery(DeliveryDependencies(**{**parts, **more}))

    def tick(self) -> int:
        """Return a time that advances by half a second per call."""
        self.now_ms += 500
        return self.now_ms


@dataclass
class Webhook:
    """Requests to a test web server; ``answer`` gives status, headers and body by request number."""

    url: str = ""
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answer: Callable[[int], tuple[int, dict[str, str], bytes]] = lambda _number: (204, {}, b"")


class QuietServer(ThreadingHTTPServer):
    """Logs no error about a client that has gone: some tests kill theirs."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Log nothing."""


@contextmanager
def running_webhook() -> Iterator[Webhook]:
    """Run a web server on a free loopback port for the duration of the block."""
    webhook = Webhook()

    class Handle(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            webhook.requests.append((dict(self.headers), body))
            status, headers, text = webhook.answer(len(webhook.requests))
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(text))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_arguments: object) -> None:
            """Log nothing."""

    server = QuietServer(("127.0.0.1", 0), Handle)
    webhook.url = f"http://127.0.0.1:{server.server_port}/alerts"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield webhook
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def ids(*numbers: int) -> list[str]:
    """Return the ids of the alerts that `alert` makes."""
    return [f"alert-{number}" for number in numbers]


def handler_of(stage: Stage) -> FakeHandler:
    """Return the stage's handler as the fake that it is."""
    assert isinstance(stage.handler, FakeHandler)
    return stage.handler


def fail(batch: Sequence[Handover]) -> HandlerOutcome:
    """Answer that the target failed and wants the batch again."""
    return HandlerOutcome(again=batch, problem="answered 503")

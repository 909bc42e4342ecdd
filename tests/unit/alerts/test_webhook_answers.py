"""Malformed, slow and huge answers of a webhook: each is the target's failure, none the consumer's."""

import gzip
import random
import socket
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest
from pydantic import SecretStr

from alerts.handlers.handler_protocol import HandlerOutcome
from alerts.handlers.webhook import WebhookHandler
from alerts.messages import Handover, handover, parse
from fraudstream.domain.alert import Alert
from fraudstream.runtime.bounded_calls import BoundedCalls
from fraudstream.runtime.stop_signals import StopSignal
from fraudstream.streams.protocols import StreamRecord
from tests.unit.alerts.alert_samples import alert

NOW_S = 1_767_312_000.0
SECRET = SecretStr("0123456789abcdef0123456789abcdef")
LOCATIONS = [
    *("http://[::1", "http:///x", "//", "http:", "https://\x00", "http://a:99999999/", "http://xn--/"),
    *(
        "http://\u00e9.\u00e9/",
        "?",
        "#",
        "http://a b/",
        "javascript:1",
        "data:",
        "http://%zz/",
        "http://[v1.x]/",
    ),
    *("https:////", "mailto:a", "x://", "http://1.2.3.4.5.6:0/", "http://\xad/", f"http://{'a' * 70_000}"),
]
ENCODINGS = ["gzip", "deflate", "br", "zstd", "gzip, zstd", "x", "gzip," * 50, "\xff"]
RETRY_AFTERS = [
    "Mon, 99999999999999999999 Jan 2026 00:00:00 GMT",
    *("\xff", "", "1" * 5_000, "1 Jan 99999 0:0:0 +0000", "Fri, 31 Dec 9999 23:59:59 -2359", "inf", "nan"),
]


def one_alert() -> Handover:
    return handover(parse(StreamRecord(alert(1), "key", "s0", "1", 0), Alert), is_replay=False)


def answered(status: int, headers: list[tuple[str, str]], body: bytes = b"x") -> HandlerOutcome:
    raw = [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers]

    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, headers=raw, stream=httpx.ByteStream(body))

    handler = WebhookHandler(
        "http://127.0.0.1:1/", SECRET, now_s=lambda: NOW_S, transport=httpx.MockTransport(answer)
    )
    outcome = handler.handle([one_alert()])
    handler.close()
    return outcome


def fate(outcome: HandlerOutcome) -> str:
    return "refused" if outcome.refused else "again" if outcome.again else "handled"


@pytest.mark.parametrize("location", LOCATIONS)
@pytest.mark.parametrize("status", [301, 308])
def test_a_redirect_to_anywhere_refuses_the_alert_and_is_not_parsed(location: str, status: int) -> None:
    assert fate(answered(status, [("Location", location)])) == "refused"


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_compressed_body_is_not_decompressed(encoding: str) -> None:
    for body in (
        b"",
        b"x",
        gzip.compress(b"x")[:-3],
        gzip.compress(b"secret text"),
        random.Random(3).randbytes(300),
    ):
        outcome = answered(400, [("Content-Encoding", encoding)], body)
        assert fate(outcome) == "refused"
        assert "secret text" not in outcome.refused[0].reason


def test_a_body_that_would_become_huge_is_not_decompressed() -> None:
    size_bytes = 50_000_000
    body = gzip.compress(bytes(size_bytes))
    tracemalloc.start()
    try:
        outcome = answered(400, [("Content-Encoding", "gzip")], body)
        _, most_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert fate(outcome) == "refused"
    assert most_bytes < size_bytes / 10


@pytest.mark.parametrize("header", RETRY_AFTERS)
def test_any_retry_after_gives_a_wait_of_at_most_30_s(header: str) -> None:
    outcome = answered(503, [("Retry-After", header)])
    assert fate(outcome) == "again"
    assert 0 <= outcome.retry_after_s <= 30


@pytest.mark.parametrize(
    "error",
    [
        RecursionError(),
        UnicodeError("x"),
        ValueError("bad"),
        MemoryError(),
        OSError(),
        httpx.InvalidURL("x"),
        KeyError(),
    ],
)
def test_any_exception_of_a_request_is_a_failure_of_the_target(error: Exception) -> None:
    def fail(_request: httpx.Request) -> httpx.Response:
        raise error

    handler = WebhookHandler(
        "http://127.0.0.1:1/", SECRET, now_s=lambda: NOW_S, transport=httpx.MockTransport(fail)
    )
    outcome = handler.handle([one_alert()])
    assert fate(outcome) == "again"
    assert type(error).__name__ in outcome.problem


def test_cookies_are_not_kept() -> None:
    seen: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("Cookie"))
        return httpx.Response(200, headers=[("Set-Cookie", "a=1")])

    handler = WebhookHandler(
        "http://127.0.0.1:1/", SECRET, now_s=lambda: NOW_S, transport=httpx.MockTransport(answer)
    )
    for _ in range(2):
        handler.handle([one_alert()])
    assert seen == [None, None]


@contextmanager
def raw_server(answer: Callable[[socket.socket, threading.Event], None]) -> Iterator[str]:
    """Run a server that answers connections with ``answer``, which must end when the event is set."""
    over = threading.Event()

    def serve() -> None:
        while not over.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                try:
                    connection.recv(65_536)
                    answer(connection, over)
                except OSError:
                    continue

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            over.set()
            listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"\n", b"HTTP/1.1\r\n\r\n", b"HTTP/1.1 abc OK\r\n\r\n", b"\xff" * 300,
        b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: " + b"x" * 200_000,
        b"\x16\x03\x01\x02\x00",
    ],
)  # fmt: skip
def test_an_answer_that_is_not_http_is_retried(raw: bytes) -> None:
    with raw_server(lambda connection, _: connection.sendall(raw)) as url:
        handler = WebhookHandler(url, SECRET, now_s=lambda: NOW_S)
        assert fate(handler.handle([one_alert()])) == "again"
        handler.close()


@pytest.mark.parametrize("rest", [b"zz\r\n", b"5\r\nab", b"-1\r\n"])
def test_broken_chunks_after_the_status_do_not_change_the_outcome(rest: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with raw_server(lambda connection, _: connection.sendall(head + rest)) as url:
        handler = WebhookHandler(url, SECRET, now_s=lambda: NOW_S)
        assert fate(handler.handle([one_alert()])) == "handled"
        handler.close()


def dripping(head: bytes, ended: threading.Event) -> Callable[[socket.socket, threading.Event], None]:
    """Send a head, then a byte now and then until the client has gone."""

    def answer(connection: socket.socket, over: threading.Event) -> None:
        try:
            connection.sendall(head)
            while not over.wait(0.02):
                connection.sendall(b"x")
        finally:
            ended.set()

    return answer


def test_headers_that_never_end_are_cut_at_the_total_deadline_and_the_connection_is_closed() -> None:
    ended = threading.Event()
    with raw_server(dripping(b"HTTP/1.1 200 OK\r\nX-Slow: ", ended)) as url:
        handler = WebhookHandler(url, SECRET, now_s=lambda: NOW_S, deadline_s=0.3)
        outcome = handler.handle([one_alert()])
        assert (fate(outcome), outcome.problem) == (
            "again",
            "no response: CallTimeoutError: no answer within 0.3 s",
        )
        assert ended.wait(30), "the abandoned request still holds its connection"
        handler.close()


def test_a_body_that_never_ends_does_not_change_the_outcome_of_its_status(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("alerts.handlers.webhook.READ_ANSWER_S", 0.1)
    ended = threading.Event()
    with raw_server(dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 4096\r\n\r\n", ended)) as url:
        handler = WebhookHandler(url, SECRET, now_s=lambda: NOW_S)
        assert fate(handler.handle([one_alert()])) == "handled"
        assert ended.wait(30), "the abandoned request still holds its connection"
        handler.close()


def test_a_stop_ends_a_request_in_progress() -> None:
    stop, ended = StopSignal(), threading.Event()

    def hang(_connection: socket.socket, over: threading.Event) -> None:
        stop.set()
        over.wait()
        ended.set()

    with raw_server(hang) as url:
        handler = WebhookHandler(url, SECRET, now_s=lambda: NOW_S, calls=BoundedCalls(stop), deadline_s=3_600)
        outcome = handler.handle([one_alert()])
        assert fate(outcome) == "again"
        assert not ended.is_set()
        handler.close()


def test_a_webhook_on_this_machine_is_called_without_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with raw_server(lambda connection, _: connection.sendall(b"HTTP/1.1 204 No\r\n\r\n")) as url:
        handler = WebhookHandler(url, SECRET, now_s=lambda: NOW_S)
        assert fate(handler.handle([one_alert()])) == "handled"
        handler.close()


def test_a_request_that_does_not_start_is_retried_whatever_the_last_one_was_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    transport = httpx.MockTransport(lambda _request: httpx.Response(200))
    handler = WebhookHandler("http://127.0.0.1:1/", SECRET, now_s=lambda: NOW_S, transport=transport)
    assert fate(handler.handle([one_alert()])) == "handled"

    def refuse(_thread: threading.Thread) -> None:
        msg = "can't start new thread"
        raise RuntimeError(msg)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    outcome = handler.handle([one_alert()])
    assert fate(outcome) == "again"
    assert "can't start new thread" in outcome.problem
    handler.close()

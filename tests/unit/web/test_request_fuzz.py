"""Arbitrary bytes to a running server: it answers or closes, logs no exception and stays healthy."""

import logging
import socket
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.fuzz_budget import examples
from tests.mutations import JSON_TEXTS, damaged
from tests.unit.web.running_server import RunningServer, everything, running
from tests.unit.web.tiny_service import tiny_app

POST = b"POST /notes HTTP/1.1\r\nHost: tiny.test\r\nContent-Type: application/json\r\n"


def posted(body: bytes) -> bytes:
    return POST + b"Content-Length: %d\r\n\r\n" % len(body) + body


REQUESTS = [
    b"GET /notes/1 HTTP/1.1\r\nHost: tiny.test\r\nX-Request-ID: a\r\nX-API-Key: k\r\n\r\n",
    posted(b'{"text":"a"}'),
    POST + b'Transfer-Encoding: chunked\r\n\r\n5\r\n{"tex\r\n7\r\nt":"a"}\r\n0\r\n\r\n',
    b"OPTIONS * HTTP/1.1\r\nHost: tiny.test\r\nAuthorization: Bearer a.b.c\r\nExpect: 100-continue\r\n\r\n",
    b"HEAD /openapi.json HTTP/1.0\r\n\r\n",
    b"GET /docs HTTP/1.1\r\nHost: tiny.test\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n" * 2,
]


DRAWN = (
    st.binary(max_size=200)
    | st.sampled_from(REQUESTS).flatmap(damaged)
    | JSON_TEXTS.map(posted)
    | JSON_TEXTS.map(lambda text: posted(b'{"text":' + text + b"}"))
    | st.binary(max_size=20).map(lambda path: b"GET /" + path + b" HTTP/1.1\r\nHost: tiny.test\r\n\r\n")
)


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with running(tiny_app(), head_timeout_seconds=5, body_timeout_seconds=5) as started:
        yield started


@settings(examples(200), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=DRAWN)
@example(data=b"GET http:// HTTP/1.1\r\nHost: x\r\n\r\n")
@example(data=b"GET //[ HTTP/1.1\r\nHost: [\r\n\r\n")
@example(data=b"GET /%ff%00 HTTP/1.1\r\nHost: \xff\r\n\r\n")
def test_any_bytes_are_answered_or_closed_without_an_error_of_the_server(
    server: RunningServer, caplog: pytest.LogCaptureFixture, data: bytes
) -> None:
    caplog.clear()
    with server.connect() as connection:
        try:
            connection.sendall(data)
            # What is incomplete is so for good.
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        answer = everything(connection)
    assert not answer or answer.startswith(b"HTTP/1.1 ")
    assert not answer.startswith(b"HTTP/1.1 5"), answer
    assert server.ask("/health").startswith(b"HTTP/1.1 200")
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []

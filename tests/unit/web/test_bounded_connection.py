"""What one client can take from a server: time, connections, memory and lines of its log."""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.responses import Response, StreamingResponse
from uvicorn.protocols.http import h11_impl

from tests.unit.waiting import wait_until
from tests.unit.web.running_server import RunningServer, everything, running
from tests.unit.web.tiny_service import key_file, tiny_app

SHORT = {
    "head_timeout_seconds": 0.6,
    "body_timeout_seconds": 0.3,
    "idle_timeout_seconds": 0.3,
    "write_timeout_seconds": 0.2,
}
HEAD = b"GET /health HTTP/1.1\r\nHost: tiny.test\r\n"


def with_bodies(app: FastAPI) -> FastAPI:
    @app.get("/endless")
    async def endless() -> StreamingResponse:
        def chunks() -> Iterator[bytes]:
            while True:
                yield bytes(65_536)

        return StreamingResponse(chunks())

    @app.get("/large")
    async def large() -> StreamingResponse:
        return StreamingResponse(iter([bytes(60_000)] * 100))

    @app.get("/at-once")
    async def at_once() -> Response:
        return Response(bytes(8_000_000))

    return app


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with running(with_bodies(tiny_app()), **SHORT) as running_server:
        yield running_server


def problem(response: bytes) -> tuple[int, str]:
    """Return status and detail of a response with a problem."""
    head, _, body = response.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    assert b"Connection: close" in head
    document = json.loads(body)
    assert head.startswith(f"HTTP/1.1 {document['status']} {document['title']}".encode())
    return document["status"], document["detail"]


@pytest.mark.parametrize("begun", [b"", b"G", HEAD, HEAD + b"X-A: "])
def test_a_head_that_does_not_end_is_given_up(server: RunningServer, begun: bytes) -> None:
    with server.connect(begun) as connection:
        assert problem(everything(connection)) == (408, "the head took longer than 0.6 s")


@pytest.mark.parametrize("lines", [b"X-A: " + b"a" * 20_000 + b"\r\n", b"X-A: b\r\n" * 2_500])
def test_a_head_over_its_limit_is_refused_also_if_it_arrives_at_once(
    server: RunningServer, lines: bytes
) -> None:
    with server.connect(HEAD + lines + b"\r\n") as connection:
        status, detail = problem(everything(connection))
    assert status == 400
    assert "a head of at most 16,384 bytes" in detail


def test_requests_that_arrive_together_are_each_answered() -> None:
    with running(tiny_app()) as server:
        requests = (HEAD + b"X-A: " + b"a" * 500 + b"\r\n\r\n") * 30
        with server.connect(requests + HEAD + b"Connection: close\r\n\r\n") as connection:
            assert everything(connection).count(b"HTTP/1.1 200") == 31


def test_a_byte_now_and_then_does_not_extend_the_deadline_of_a_head(server: RunningServer) -> None:
    with server.connect(HEAD) as connection:
        connection.settimeout(0.05)
        received = b""
        sent = 0
        while not received:
            try:
                connection.send(b"X-A: b\r\n")
                sent += 1
                assert sent < 1_000
                received = connection.recv(65_536)
            except TimeoutError:
                continue
            except (BrokenPipeError, ConnectionResetError):
                break
    assert sent > 1


def test_a_second_head_on_a_connection_has_the_same_deadline() -> None:
    limits = SHORT | {"idle_timeout_seconds": 60}
    with running(tiny_app(), **limits) as server, server.connect(HEAD + b"\r\n" + HEAD) as connection:
        first, separator, second = everything(connection).rpartition(b"HTTP/1.1 408")
    assert first.startswith(b"HTTP/1.1 200")
    assert problem(separator + second)[0] == 408


def test_a_connection_that_sends_no_second_request_is_closed(server: RunningServer) -> None:
    with server.connect(HEAD + b"\r\n") as connection:
        response = everything(connection)
    assert response.startswith(b"HTTP/1.1 200")
    assert response.endswith(b'{"status":"ok"}')


def test_a_body_that_does_not_end_is_given_up_and_logged_as_no_failure(
    server: RunningServer, caplog: pytest.LogCaptureFixture
) -> None:
    head = b"POST /notes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
    with server.connect(head) as connection:
        assert problem(everything(connection)) == (408, "the body took longer than 0.3 s")
    assert "failed" not in caplog.text
    assert "Exception" not in caplog.text


@pytest.mark.parametrize("path", ["/endless", "/large", "/at-once"])
def test_a_client_that_does_not_read_is_disconnected(server: RunningServer, path: str) -> None:
    wait_until(lambda: server.connections == 0)
    request = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    with server.connect(request, receive_buffer=4_096) as connection:
        wait_until(lambda: server.connections == 1)
        wait_until(lambda: server.connections == 0)
        # The server gave up, so what was not sent is lost.
        assert len(everything(connection)) < 8_000_000


def test_a_client_that_reads_a_little_now_and_then_keeps_its_response() -> None:
    with running(with_bodies(tiny_app()), **SHORT | {"write_timeout_seconds": 1}) as server:
        request = b"GET /at-once HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        with server.connect(request, receive_buffer=4_096) as connection:
            received = 0
            begun_s = time.monotonic()
            while data := connection.recv(65_536):
                received += len(data)
                if (
                    time.monotonic() - begun_s < 3.5
                ):  # longer than the deadline of a client that does not read
                    time.sleep(0.02)
    assert received > 8_000_000


def test_a_client_that_reads_gets_all_of_a_large_response(server: RunningServer) -> None:
    assert server.ask("/large").count(0) == 6_000_000


@pytest.mark.parametrize(
    "request_bytes",
    [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"GET\r\n\r\n", HEAD + b"X: " + b"y" * 20_000],
)
def test_what_is_not_a_request_is_answered_with_a_problem(
    server: RunningServer, request_bytes: bytes
) -> None:
    with server.connect(request_bytes) as connection:
        status, detail = problem(everything(connection))
    assert status == 400
    assert "Send HTTP/1.1, with a head of at most 16,384 bytes." in detail


def test_more_connections_than_the_limit_are_refused_and_those_before_go_on() -> None:
    with running(tiny_app(), max_connections=3) as server:
        held = [server.connect() for _ in range(3)]
        wait_until(lambda: server.connections == 3)
        assert problem(server.ask("/health")) == (
            503,
            "the server has as many connections as it may: try again later",
        )
        held.pop().close()
        wait_until(lambda: server.connections == 2)
        assert server.ask("/health").startswith(b"HTTP/1.1 200")
        for connection in held:
            connection.sendall(HEAD + b"Connection: close\r\n\r\n")
            assert everything(connection).startswith(b"HTTP/1.1 200")
            connection.close()


@pytest.mark.parametrize(("trusted", "status"), [("", b"503"), ("127.0.0.0/8", b"200")])
def test_one_address_may_have_its_share_of_connections_unless_it_is_a_proxy(
    trusted: str, status: bytes
) -> None:
    with running(tiny_app(), max_connections_per_address=2, trusted_proxies=trusted) as server:
        held = [server.connect() for _ in range(2)]
        wait_until(lambda: server.connections == 2)
        assert server.ask("/health").startswith(b"HTTP/1.1 " + status)
        for connection in held:
            connection.close()


@pytest.mark.parametrize(
    ("trusted", "caller"), [("", "address:127.0.0.1"), ("127.0.0.1", "address:203.0.113.9")]
)
def test_only_a_trusted_proxy_says_who_the_client_is(trusted: str, caller: str) -> None:
    with running(tiny_app(), trusted_proxies=trusted) as server:
        response = server.ask("/notes/1", "X-Forwarded-For: 203.0.113.9", "X-Forwarded-Proto: https")
    assert json.loads(response.partition(b"\r\n\r\n")[2])["caller"] == caller


def test_a_proxy_on_an_ipv6_socket_is_trusted_by_its_ipv4_address(monkeypatch: pytest.MonkeyPatch) -> None:
    # A socket on `::` shows IPv4 clients like this where the system maps their addresses.
    monkeypatch.setattr(h11_impl, "get_remote_addr", lambda _transport: ("::ffff:127.0.0.1", 1))
    limits = {"max_connections_per_address": 1, "trusted_proxies": "127.0.0.0/8"}
    with running(tiny_app(), **limits) as server:
        held = server.connect()
        wait_until(lambda: server.connections == 1)
        response = server.ask("/notes/1", "X-Forwarded-For: 203.0.113.9")
        held.close()
    assert json.loads(response.partition(b"\r\n\r\n")[2])["caller"] == "address:203.0.113.9"


def test_a_websocket_is_not_accepted(server: RunningServer) -> None:
    upgrade = ("Upgrade: websocket", "Sec-WebSocket-Key: x", "Sec-WebSocket-Version: 13")
    assert b"101 Switching" not in server.ask("/health", *upgrade)


def test_a_server_that_stops_does_not_wait_for_a_client_that_never_reads() -> None:
    with running(tiny_app(), **SHORT) as server:
        connection = server.connect(HEAD)
        wait_until(lambda: server.connections == 1)
    with connection, pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", server.port))


def test_a_connection_is_idle_after_the_rest_of_a_body_that_nobody_read(tmp_path: Path) -> None:
    app = tiny_app(auth="on", keys_file=key_file(tmp_path))
    with (
        running(app, idle_timeout_seconds=0.3) as server,
        server.connect(b"POST /notes HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n") as connection,
    ):
        refused = bytearray()
        while not refused.endswith(b"}"):
            refused += connection.recv(65_536)
        assert refused.startswith(b"HTTP/1.1 401")
        connection.sendall(b"rest")
        assert everything(connection) == b""

"""HTTP proxy in front of the emulator that can be unreachable or throttle, as AWS sometimes is and does."""

import http.client
import json
import random
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

THROTTLED: Final = "ProvisionedThroughputExceededException"
"""Error code of a shard whose throughput is exceeded (Kinesis API reference, PutRecords and GetRecords)."""
MESSAGE: Final = "Rate exceeded for a shard of the drill"
TARGET: Final = "X-Amz-Target"
UPSTREAM_TIMEOUT_S: Final = 30.0
NOT_FORWARDED: Final = frozenset({"connection", "content-length", "transfer-encoding", "keep-alive"})
"""Headers that concern one connection only and are not forwarded (RFC 9110, 7.6.1)."""


class Answer(NamedTuple):
    """An HTTP response."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes


class FaultyEndpoint:
    """A proxy of ``target_url`` on a loopback port that stays the same across outages.

    It supports the JSON protocol of the Kinesis API; callers must not use CBOR. ``seed`` determines which
    records are throttled.
    """

    def __init__(self, target_url: str, seed: int) -> None:
        self._target = urlsplit(target_url)
        self._rng = random.Random(seed)
        self._lock = threading.Lock()
        self._share = 0.0
        self._connections: set[socket.socket] = set()
        self._server = self._open(port=0)
        self._port: int = self._server.server_port
        self.throttled = 0
        """Number of records and reads throttled so far."""

    @property
    def url(self) -> str:
        """URL of the proxy."""
        return f"http://127.0.0.1:{self._port}"

    def close(self) -> None:
        """Refuse new connections and break the existing ones."""
        self._server.shutdown()
        self._server.server_close()
        with self._lock:
            connections, self._connections = self._connections, set()
        for connection in connections:
            _break(connection)

    @contextmanager
    def gone(self) -> Iterator[None]:
        """Be unreachable while the block runs."""
        self.close()
        try:
            yield
        finally:
            self._server = self._open(self._port)

    @contextmanager
    def throttling(self, share: float) -> Iterator[None]:
        """Throttle this share of PutRecords' records and of GetRecords calls while the block runs."""
        self._share = share
        try:
            yield
        finally:
            self._share = 0.0

    def answer(self, upstream: http.client.HTTPConnection, call: "_Call") -> Answer:
        """Return the response to a call: the emulator's, unless the call or its records are throttled."""
        action = call.headers.get(TARGET, "").rpartition(".")[2]
        if action == "PutRecords" and self._share:
            return self._put_records(upstream, call)
        if action == "GetRecords" and self._is_chosen():
            return _json_answer(400, {"__type": THROTTLED, "message": MESSAGE})
        return _forward(upstream, call)

    def _put_records(self, upstream: http.client.HTTPConnection, call: "_Call") -> Answer:
        request = json.loads(call.body)
        refused = [self._is_chosen() for _ in request["Records"]]
        kept = without_refused(request, refused)
        if not kept["Records"]:
            return _json_answer(200, with_refused({"Records": []}, refused))
        answer = _forward(upstream, call._replace(body=json.dumps(kept).encode()))
        if answer.status != http.HTTPStatus.OK:
            return answer
        return _json_answer(200, with_refused(json.loads(answer.body), refused))

    def _is_chosen(self) -> bool:
        with self._lock:
            chosen = self._rng.random() < self._share
            self.throttled += chosen
        return chosen

    def _open(self, port: int) -> ThreadingHTTPServer:
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                super().setup()
                endpoint.met(self.connection)
                self._upstream = endpoint.upstream()

            def finish(self) -> None:
                self._upstream.close()
                super().finish()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                call = _Call(self.command, self.path, dict(self.headers), body)
                _write(self, endpoint.answer(self._upstream, call))

            def log_message(self, *_arguments: object) -> None:
                """Log nothing: one line per request would dominate the drill's output."""

        server = _Server(("127.0.0.1", port), Handler)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return server

    def met(self, connection: socket.socket) -> None:
        """Remember a caller's connection, so that `close` can break it."""
        with self._lock:
            self._connections = {each for each in self._connections if each.fileno() >= 0} | {connection}

    def upstream(self) -> http.client.HTTPConnection:
        """Return a connection to the emulator that is not opened yet."""
        return http.client.HTTPConnection(
            self._target.hostname or "", self._target.port, timeout=UPSTREAM_TIMEOUT_S
        )


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore errors of broken connections: the proxy breaks them on purpose."""


class _Call(NamedTuple):
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


def without_refused(request: dict[str, Any], refused: Sequence[bool]) -> dict[str, Any]:
    """Return a PutRecords request without the refused records."""
    pairs = zip(request["Records"], refused, strict=True)
    return request | {"Records": [record for record, is_refused in pairs if not is_refused]}


def with_refused(answer: dict[str, Any], refused: Sequence[bool]) -> dict[str, Any]:
    """Return a PutRecords response for all records: the emulator's, plus an error for each refused record."""
    accepted = iter(answer["Records"])
    refusal = {"ErrorCode": THROTTLED, "ErrorMessage": MESSAGE}
    records = [refusal if is_refused else next(accepted) for is_refused in refused]
    return answer | {"FailedRecordCount": sum("ErrorCode" in each for each in records), "Records": records}


def _forward(upstream: http.client.HTTPConnection, call: _Call) -> Answer:
    headers = {name: value for name, value in call.headers.items() if name.lower() not in NOT_FORWARDED}
    upstream.request(call.method, call.path, call.body, headers)
    response = upstream.getresponse()
    kept = [(name, value) for name, value in response.getheaders() if name.lower() not in NOT_FORWARDED]
    return Answer(response.status, kept, response.read())


def _json_answer(status: int, content: dict[str, Any]) -> Answer:
    return Answer(status, [("Content-Type", "application/x-amz-json-1.1")], json.dumps(content).encode())


def _write(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    handler.send_response_only(answer.status)
    for name, value in answer.headers:
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(answer.body)))
    handler.end_headers()
    handler.wfile.write(answer.body)


def _break(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return

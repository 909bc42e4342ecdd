"""HTTP proxy in front of the emulator that can be gone, silent, refusing or throttling, as AWS can be."""

import hashlib
import http.client
import json
import random
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

THROTTLED: Final = "ProvisionedThroughputExceededException"
"""Error code of a shard whose throughput is exceeded (Kinesis API reference, PutRecords and GetRecords)."""
MESSAGE: Final = "Rate exceeded for a shard of the drill"
TARGET: Final = "X-Amz-Target"
UPSTREAM_TIMEOUT_S: Final = 30.0
SILENCE_CHECK_S: Final = 0.05
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
        self._stream: str | None = None
        self._is_stubborn = False
        self._refusal: _Refused | None = None
        self._is_silent = threading.Event()
        self._loses_answers = False
        self._calls_in_turn = count()
        self._connections: set[socket.socket] = set()
        self._server = self._open(port=0)
        self._port: int = self._server.server_port
        self.throttled = 0
        """Number of records and reads throttled so far."""
        self.hindered = 0
        """Number of calls that were refused, not answered, or whose answer was lost."""

    @property
    def url(self) -> str:
        """URL of the proxy."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def port(self) -> int:
        """Port of the proxy."""
        return self._port

    def close(self) -> None:
        """Refuse new connections and break the existing ones."""
        self._server.shutdown()
        self._server.server_close()
        self.hang_up()

    def hang_up(self) -> None:
        """Break the existing connections; callers may connect again."""
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
    def throttling(self, share: float, stream: str | None = None) -> Iterator[None]:
        """Throttle this share of PutRecords' records and of GetRecords calls while the block runs.

        With a ``stream``, only the records that are put into it are throttled.
        """
        self._share, self._stream = share, stream
        try:
            yield
        finally:
            self._share, self._stream = 0.0, None

    @contextmanager
    def refusing_some(self, share: float, stream: str) -> Iterator[None]:
        """Refuse this share of the records of a stream while the block runs, the same ones each time."""
        self._is_stubborn = True
        try:
            with self.throttling(share, stream):
                yield
        finally:
            self._is_stubborn = False

    @contextmanager
    def refusing(self, code: str, stream: str | None = None) -> Iterator[None]:
        """Answer each call, or each one to ``stream``, with an error code while the block runs."""
        self._refusal = _Refused(code, stream)
        try:
            yield
        finally:
            self._refusal = None

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Take calls and never answer while the block runs, as a network that drops packets; then hang up."""
        self._is_silent.set()
        try:
            yield
        finally:
            self._is_silent.clear()

    @contextmanager
    def losing_answers(self, share: float) -> Iterator[None]:
        """Execute this share of the PutRecords calls and hang up without an answer while the block runs."""
        self._loses_answers, self._share, self._calls_in_turn = True, share, count()
        try:
            yield
        finally:
            self._loses_answers, self._share = False, 0.0

    def answer(self, upstream: http.client.HTTPConnection, call: "_Call") -> Answer | None:
        """Return the response to a call: the emulator's, unless the call or its records are hindered.

        None means that there is no response, and the connection must be closed.
        """
        action = call.headers.get(TARGET, "").rpartition(".")[2]
        if self._is_silent.is_set():
            self.hindered += 1
            while self._is_silent.is_set():
                time.sleep(SILENCE_CHECK_S)
            return None
        if self._refusal is not None and self._refusal.is_about(call):
            self.hindered += 1
            return _json_answer(400, {"__type": self._refusal.code, "message": MESSAGE})
        if action == "PutRecords" and self._share:
            return self._lost(upstream, call) if self._loses_answers else self._put_records(upstream, call)
        if action == "GetRecords" and self._stream is None and not self._loses_answers and self._is_chosen():
            return _json_answer(400, {"__type": THROTTLED, "message": MESSAGE})
        return _forward(upstream, call)

    def _lost(self, upstream: http.client.HTTPConnection, call: "_Call") -> Answer | None:
        answer = _forward(upstream, call)
        with self._lock:
            # In turn, beginning with the first one: few calls may follow.
            is_lost = next(self._calls_in_turn) * self._share % 1 < self._share
            self.hindered += is_lost
        return None if is_lost else answer

    def _put_records(self, upstream: http.client.HTTPConnection, call: "_Call") -> Answer:
        request = json.loads(call.body)
        if self._stream not in {None, request.get("StreamName")}:
            return _forward(upstream, call)
        refused = [self._is_refused(record) for record in request["Records"]]
        kept = without_refused(request, refused)
        if not kept["Records"]:
            return _json_answer(200, with_refused({"Records": []}, refused))
        answer = _forward(upstream, call._replace(body=json.dumps(kept).encode()))
        if answer.status != http.HTTPStatus.OK:
            return answer
        return _json_answer(200, with_refused(json.loads(answer.body), refused))

    def _is_refused(self, record: dict[str, Any]) -> bool:
        if not self._is_stubborn:
            return self._is_chosen()
        hashed = hashlib.sha256(record["Data"].encode()).digest()[0]
        is_refused = hashed < self._share * 256
        with self._lock:
            self.throttled += is_refused
        return is_refused

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
                answer = endpoint.answer(self._upstream, call)
                if answer is None:
                    self.close_connection = True
                    _break(self.connection)
                else:
                    _write(self, answer)

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


class _Refused(NamedTuple):
    code: str
    stream: str | None

    def is_about(self, call: _Call) -> bool:
        return self.stream is None or json.loads(call.body or b"{}").get("StreamName") == self.stream


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

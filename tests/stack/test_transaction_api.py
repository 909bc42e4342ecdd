"""The Transaction API as a separate process: streams over real sockets, shutdown, and its contract."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis

from fraudstream.runtime.project_root import ROOT
from fraudstream.runtime.stop_signals import end_process
from fraudstream.web.api_keys import key_hash
from localrun.job_process import free_port
from producer.api.api_settings import ApiSettings
from producer.api.application import create_app
from tests.fuzz_budget import examples

KEY = "txn_a-key-of-the-tests"
HEADERS = {"X-API-Key": KEY}
UVICORN = ("uvicorn", "producer.api:app", "--host", "127.0.0.1", "--timeout-graceful-shutdown", "5")
OWN = ("producer.api",)


@dataclass(frozen=True)
class Server:
    """A running API."""

    url: str
    port: int
    process: subprocess.Popen[bytes]
    log_file: Path

    def log(self) -> list[dict[str, Any]]:
        """Return the JSON lines of the log; uvicorn's command line also writes other lines."""
        lines = self.log_file.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.url + path, headers=HEADERS)


@contextmanager
def serving(folder: Path, command: tuple[str, ...] = OWN, **values: object) -> Iterator[Server]:
    """Run the API with only the given settings; stop it at the end."""
    keys = folder / "keys"
    keys.write_text(f"tester {key_hash(KEY)}\n")
    chosen = {"keys_file": keys, "accounts": 200, "rate_limit": "1000000/minute"} | values
    environment = {name: text for name, text in os.environ.items() if not name.startswith("TRANSACTION_API_")}
    environment |= {f"TRANSACTION_API_{name.upper()}": str(value) for name, value in chosen.items()}
    port = free_port()
    log_file = folder / "log"
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command, "--port", str(port)],
            cwd=ROOT,
            env=environment,
            stderr=log,
            stdout=log,
        )
    server = Server(f"http://127.0.0.1:{port}", port, process, log_file)
    try:
        wait_until(lambda: is_up(server), f"no answer: {log_file.read_text()}")
        yield server
    finally:
        end_process(process, 10)


def is_up(server: Server) -> bool:
    assert server.process.poll() is None, server.log_file.read_text()
    try:
        return httpx.get(f"{server.url}/health").status_code == 200
    except httpx.TransportError:
        return False


def wait_until(holds: Callable[[], bool], otherwise: str, timeout_s: float = 30) -> None:
    end_s = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < end_s, otherwise
        time.sleep(0.05)


@contextmanager
def streaming(server: Server, query: str = "", **headers: str) -> Iterator[Iterator[dict[str, str]]]:
    """Yield the events of a stream as they arrive, without comments."""
    with (
        httpx.Client(timeout=15) as client,
        client.stream("GET", f"{server.url}/stream{query}", headers=HEADERS | headers) as answer,
    ):
        assert answer.status_code == 200
        yield events_of(answer.iter_lines())


def events_of(lines: Iterator[str]) -> Iterator[dict[str, str]]:
    event: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if name in {"id", "event", "data"}:
            event[name] = value
        elif not line and event:
            yield event
            event = {}


def number(event: dict[str, str]) -> int:
    return int(event["id"].rpartition(".")[2])


def numbers(events: Iterator[dict[str, str]], count: int) -> list[int]:
    return [number(next(events)) for _ in range(count)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(
        tmp_path_factory.mktemp("api"), frequency_seconds=0.05, write_timeout_seconds=1, resume_seconds=20
    ) as running:
        yield running


def test_a_stream_needs_no_start_call_and_resumes_where_it_was_left(server: Server) -> None:
    with streaming(server) as events:
        seen = [next(events) for _ in range(3)]
    time.sleep(0.5)
    last_id = seen[-1]["id"]
    with streaming(server, **{"Last-Event-ID": last_id}) as events:
        resumed = [next(events) for _ in range(12)]
    assert [number(event) for event in resumed] == list(range(number(seen[-1]) + 1, number(seen[-1]) + 13))
    ids = [item["transaction_id"] for e in seen + resumed for item in json.loads(e["data"])["transactions"]]
    assert len(set(ids)) == len(ids) == 15


def test_an_id_of_another_process_is_reported_as_lost(server: Server) -> None:
    with streaming(server, **{"Last-Event-ID": "0123456789abcdef.5"}) as events:
        gap, first = next(events), next(events)
    assert gap["event"] == "gap"
    assert json.loads(gap["data"])["continues_with"] == first["id"]


def test_each_client_has_its_own_pace(server: Server) -> None:
    with (
        streaming(server, "?frequency_seconds=0.02&batch_size=3") as quick,
        streaming(server, "?frequency_seconds=0.5") as slow,
    ):
        began_s = time.monotonic()
        next(slow), next(slow), next(slow)
        assert 0.9 <= time.monotonic() - began_s <= 5
        sizes = {json.loads(next(quick)["data"])["count"] for _ in range(30)}
    assert sizes == {3}


def test_stop_pauses_every_stream_and_start_resumes_them(server: Server) -> None:
    with streaming(server) as events:
        next(events)
        assert httpx.post(f"{server.url}/stop", headers=HEADERS).json()["mode"] == "stopped"
        before = server.get("/status").json()["transactions_served"]
        time.sleep(0.6)
        # An event in transit at the time of the stop may still arrive.
        assert server.get("/status").json()["transactions_served"] <= before + 1
        assert httpx.post(f"{server.url}/start", headers=HEADERS).json()["mode"] == "streaming"
        found = numbers(events, 10)
    assert found == list(range(found[0], found[0] + 10))


def test_a_client_that_does_not_read_is_dropped_and_other_clients_miss_nothing(
    server: Server,
) -> None:
    dropped_before = server.get("/status").json()["clients_dropped"]
    query = "?frequency_seconds=0.02&batch_size=100"
    with streaming(server, query) as events:
        found = numbers(events, 1)
        descriptors_before = len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))
        with client_that_never_reads(server, query):
            end_s = time.monotonic() + 60
            while server.get("/status").json()["clients_dropped"] == dropped_before:
                assert time.monotonic() < end_s, "the client that does not read is still there"
                found += numbers(events, 20)
            found += numbers(events, 50)
            assert server.get("/status").json()["clients"] == 1
            descriptors = Path(f"/proc/{server.process.pid}/fd")
            while len(list(descriptors.iterdir())) > descriptors_before:
                assert time.monotonic() < end_s, "the socket of the dropped client is still open"
                found += numbers(events, 20)
    assert found == list(range(found[0], found[0] + len(found)))
    dropped = [line for line in server.log() if line["message"] == "a stream client was dropped"]
    assert dropped[-1]["reason"] == "write_blocked"
    assert 'clients_dropped_total{reason="write_blocked"} 1.0' in server.get("/metrics").text


@contextmanager
def client_that_never_reads(server: Server, query: str) -> Iterator[None]:
    """Request a stream and never read it."""
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.connect(("127.0.0.1", server.port))
        connection.sendall(f"GET /stream{query} HTTP/1.1\r\nHost: x\r\nX-API-Key: {KEY}\r\n\r\n".encode())
        yield


@pytest.mark.parametrize(("command", "code"), [(OWN, 0), (UVICORN, -signal.SIGTERM)])
def test_a_server_that_is_stopped_sends_bye_and_exits(
    command: tuple[str, ...], code: int, tmp_path: Path
) -> None:
    with serving(tmp_path, command) as server, streaming(server) as events:
        next(events)
        server.process.send_signal(signal.SIGTERM)
        last = list(events)[-1]
        assert (last["event"], json.loads(last["data"])) == ("bye", {"reason": "the server is shutting down"})
        assert server.process.wait(10) == code
        assert [line["message"] for line in server.log()][
            -1 if command is UVICORN else 0
        ] != "a request failed"
        assert not [line for line in server.log() if line["level"] == "ERROR"]
        assert KEY not in server.log_file.read_text()


@pytest.mark.parametrize("command", [OWN, UVICORN])
def test_a_server_without_any_way_to_authenticate_does_not_start(command: tuple[str, ...]) -> None:
    environment = {name: text for name, text in os.environ.items() if not name.startswith("TRANSACTION_API_")}
    arguments = [sys.executable, "-m", *command, "--port", str(free_port())]
    refused = subprocess.run(
        arguments, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert refused.returncode == 2
    assert refused.stderr.startswith("auth: 'on' needs keys or JWTs")
    assert "Traceback" not in refused.stderr


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("fuzzed")) as running:
        yield running
        assert running.process.poll() is None
        assert not [line for line in running.log() if line["level"] == "ERROR"]


document = create_app(ApiSettings.load(env_file=None, auth="off")).openapi()
# A stream never ends; its error answers have separate tests.
contract = schemathesis.openapi.from_dict(document).exclude(path="/stream")


def test_the_served_openapi_document_is_the_tested_one(fuzzed: Server) -> None:
    assert fuzzed.get("/openapi.json").json() == document


@contract.parametrize()
@examples(250)
def test_the_api_conforms_to_its_openapi_document(case: schemathesis.Case[Any], fuzzed: Server) -> None:
    case.call_and_validate(base_url=fuzzed.url, headers=HEADERS)

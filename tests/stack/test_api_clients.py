"""The clients of the transaction API against the running API: Python, Node, and a page in a browser."""

import asyncio
import functools
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, sync_playwright

from fraudstream.domain.transaction import Transaction
from fraudstream.runtime.project_root import ROOT
from jobs.job_settings import JobSettings
from producer.client import ApiError, AsyncTransactionClient, TransactionClient
from producer.source_api import ApiStream
from tests.stack.stack_helpers import read_all, run_module, settings_with_own_streams
from tests.stack.test_transaction_api import KEY, Server, serving

JAVASCRIPT: Final = ROOT / "producer" / "javascript"
TIMEOUT_S: Final = 60
PAGE_TIMEOUT_MS: Final = 30_000
needs_chromium = pytest.mark.skipif(
    shutil.which("chromium") is None, reason="there is no Chromium to open the page in"
)


@pytest.fixture(scope="module", name="page_url")
def fixture_page_url() -> Iterator[str]:
    """Serve the page from a different origin than the API's, as a separate web server does."""
    with serving_files(JAVASCRIPT) as url:
        yield url


@pytest.fixture(scope="module", name="api")
def fixture_api(tmp_path_factory: pytest.TempPathFactory, page_url: str) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("api")
    with serving(folder, frequency_seconds=0.05, batch_size=3, cors_origins=page_url) as server:
        yield server


class QuietHandler(SimpleHTTPRequestHandler):
    """Logs no requests."""

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@contextmanager
def serving_files(folder: Path) -> Iterator[str]:
    handler = functools.partial(QuietHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def test_the_python_client_gets_one_transaction_many_and_the_stream(api: Server) -> None:
    with TransactionClient(api.url, api_key=KEY) as client:
        assert client.transaction().transaction_amount_vnd > 0
        assert len(client.transactions(20)) == 20
        first, second = islice(client.stream(), 2)
        assert [len(batch.transactions) for batch in (first, second)] == [3, 3]
        (resumed,) = islice(client.stream(last_event_id=first.event_id), 1)
    assert resumed == second


def test_an_invalid_key_is_rejected_with_a_readable_message(api: Server) -> None:
    with TransactionClient(api.url, api_key="wrong") as client, pytest.raises(ApiError) as refused:
        next(client.stream())
    assert refused.value.status == 401


def test_the_async_client_gets_the_same(api: Server) -> None:
    async def use() -> list[int]:
        async with AsyncTransactionClient(api.url, api_key=KEY) as client:
            assert len(await client.transactions(5)) == 5
            sizes = []
            async for batch in client.stream(batch_size=2):
                sizes.append(len(batch.transactions))
                if len(sizes) == 3:
                    break
            return sizes

    assert asyncio.run(asyncio.wait_for(use(), TIMEOUT_S)) == [2, 2, 2]


class Cutting:
    """A proxy to the API that breaks every connection after a fixed number of bytes."""

    def __init__(self, port: int, after_bytes: int) -> None:
        self.connections = 0
        self._port = port
        self._after_bytes = after_bytes
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def run(self) -> None:
        """Accept connections, one at a time, until closed."""
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with near, socket.create_connection(("127.0.0.1", self._port)) as far:
                self._forward(near, far)

    def _forward(self, near: socket.socket, far: socket.socket) -> None:
        far.sendall(near.recv(65_536))
        left = self._after_bytes
        while left > 0 and (data := far.recv(left)):
            near.sendall(data)
            left -= len(data)

    def close(self) -> None:
        """Accept no more connections."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def test_across_broken_connections_the_source_returns_each_transaction_once(api: Server) -> None:
    """Compare with a second client at the same pace whose connection does not break."""
    way = Cutting(api.port, after_bytes=9_777)
    threading.Thread(target=way.run, daemon=True).start()
    stop = threading.Event()
    client = TransactionClient(way.url, api_key=KEY, sleep=lambda _seconds: None)
    stream = ApiStream(client, way.url, stop, pytest.fail)
    with TransactionClient(api.url, api_key=KEY) as unbroken:
        beside = unbroken.stream(frequency_seconds=0.02, batch_size=5)
        first = next(beside)
        broken = [item.record.data for item in islice(stream.items(0.02, 5), 500)]
        whole = [tx.to_json() for batch in (first, *islice(beside, 220)) for tx in batch.transactions]
    stop.set()
    way.close()
    assert way.connections >= 20
    assert stream.lost_places == 0
    begin = whole.index(broken[0])
    assert whole[begin : begin + 500] == broken


@pytest.fixture(name="from_api")
def fixture_from_api(api: Server, embedded_url: str, monkeypatch: pytest.MonkeyPatch) -> JobSettings:
    """Configure the producer's commands to use the API and existing streams."""
    settings = settings_with_own_streams(embedded_url, monkeypatch)
    assert run_module("localstack.streams").returncode == 0
    monkeypatch.setenv("TRANSACTION_API_URL", api.url)
    monkeypatch.setenv("TRANSACTION_API_KEY", KEY)
    monkeypatch.delenv("TRANSACTION_API_TOKEN", raising=False)
    return settings


@pytest.mark.parametrize(
    "arguments",
    [("stream", "20", "0.05", "--transactions", "250"), ("load", "--count", "2500", "--joined")],
    ids=["stream", "load"],
)
def test_a_producer_sends_the_transactions_of_the_api_without_labels(
    from_api: JobSettings, arguments: tuple[str, ...]
) -> None:
    sent = run_module("producer", *arguments, "--source", "api")
    assert sent.returncode == 0, sent.stderr
    now_ms = time.time_ns() // 1_000_000
    records = read_all(from_api, from_api.transactions_stream)
    found = [Transaction.from_json(line) for record in records for line in record.data.split(b"\n")]
    wanted = 250 if arguments[0] == "stream" else 2_500
    assert len({transaction.transaction_id for transaction in found}) == len(found) == wanted
    assert all(abs(now_ms - transaction.event_time_ms) < 300_000 for transaction in found)
    assert read_all(from_api, from_api.labels_stream) == []
    if arguments[0] == "stream":
        assert sent.stderr.startswith("no labels are sent: the transaction API does not return labels")
        assert "unknown: no labels" in sent.stdout


@pytest.mark.usefixtures("from_api")
@pytest.mark.parametrize("command", ["stream", "load"])
@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("TRANSACTION_API_KEY", "wrong", "refused the request: 401"),
        ("TRANSACTION_API_URL", "http://127.0.0.1:9", "does not respond"),
    ],
)
def test_an_unusable_api_stops_a_producer_with_the_fix(
    monkeypatch: pytest.MonkeyPatch, command: str, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(name, value)
    count = "--count" if command == "load" else "--transactions"
    ended = run_module("producer", command, "--source", "api", count, "5")
    assert ended.returncode == 1
    assert says in ended.stderr
    assert name in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.usefixtures("from_api")
def test_a_signal_stops_a_producer_that_waits_for_the_api() -> None:
    command = [sys.executable, "-m", "producer", "stream", "1", "3600", "--source", "api"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            assert process.stderr.readline().startswith("no labels are sent")
            time.sleep(1)
            process.send_signal(signal.SIGINT)
            assert process.wait(TIMEOUT_S) == 0
        finally:
            process.kill()


CURL_LINES: Final = [
    line.strip()
    for line in (ROOT / "docs" / "transaction-api.md").read_text().splitlines()
    if line.startswith("    curl ")
]
TIME_IS_UP: Final = 28
"""The exit code of curl when --max-time ends a stream."""


def test_the_page_has_a_curl_command_for_each_use() -> None:
    used = {word.rpartition("8000/")[2] for line in CURL_LINES for word in line.split() if "8000/" in word}
    assert {"health", "transaction", "transactions/100", "config", "stop", "start", "status"} <= used


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
@pytest.mark.parametrize("line", CURL_LINES)
def test_every_curl_command_of_the_page_works(api: Server, line: str) -> None:
    command = line.replace("http://127.0.0.1:8000", api.url)
    said = subprocess.run(  # noqa: S602 - a line of our own page, as a person would run it
        command,
        shell=True,
        env=os.environ | {"KEY": KEY},
        capture_output=True,
        check=False,
        timeout=TIMEOUT_S,
    )
    assert said.returncode == (TIME_IS_UP if "--max-time" in line else 0), said.stderr
    assert said.stdout


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node to run the example with")
def test_the_node_example_prints_transactions(api: Server) -> None:
    said = subprocess.run(
        ["node", JAVASCRIPT / "example.mjs", "7"],  # noqa: S607 - whichever the machine has
        env=os.environ | {"TRANSACTION_API_URL": api.url, "TRANSACTION_API_KEY": KEY},
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
    )
    assert said.returncode == 0, said.stderr
    lines = said.stdout.splitlines()
    assert len(lines) == len(set(lines)) == 7
    assert all(line.startswith("T") and line.endswith(" VND") for line in lines)


@contextmanager
def browser_page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"] if os.getuid() == 0 else []
        )
        page = browser.new_page()
        page.set_default_timeout(PAGE_TIMEOUT_MS)
        yield page
        browser.close()


@needs_chromium
def test_the_documentation_shows_and_asks_everything_with_the_servers_own_scripts(api: Server) -> None:
    with browser_page() as page:
        hosts = set()
        complaints: list[str] = []
        page.on("response", lambda response: hosts.add(urlsplit(response.url).netloc))
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(f"{api.url}/docs")
        page.get_by_text("Whether the process can serve").click()
        page.get_by_role("button", name="Try it out").click()
        page.get_by_role("button", name="Execute").click()
        page.locator(".live-responses-table").get_by_text('"ok"').wait_for()
        page.goto(f"{api.url}/redoc")
        page.get_by_role("heading", name="Whether the process can serve").wait_for()
    assert hosts - {""} == {urlsplit(api.url).netloc}
    # ReDoc asks a CDN for the logo of its makers, which its policy forbids.
    forbidden = [text for text in complaints if "Content Security Policy" in text]
    assert [text for text in forbidden if "cdn.redoc.ly" not in text] == []


@needs_chromium
def test_an_event_source_reads_the_stream_with_a_token(api: Server, page_url: str) -> None:
    read = """async ([url, apiKey]) => {
      const { TransactionClient } = await import("./transactions.mjs");
      const client = new TransactionClient(url, { apiKey });
      const events = new EventSource(await client.streamUrl({ batchSize: 4 }));
      try {
        return await new Promise((resolve, reject) => {
          events.onmessage = (event) => resolve(JSON.parse(event.data).count);
          events.onerror = () => reject(new Error("the stream was refused"));
        });
      } finally {
        events.close();
      }
    }"""
    with browser_page() as page:
        page.goto(page_url)
        assert page.evaluate(read, [api.url, KEY]) == 4


@needs_chromium
def test_the_page_shows_transactions_and_the_reason_of_a_rejection(api: Server, page_url: str) -> None:
    with browser_page() as page:
        page.goto(page_url)
        page.get_by_label("API").fill(api.url)
        page.get_by_label("Key").fill("wrong")
        page.get_by_role("button").click()
        page.get_by_text("401").wait_for()
        page.get_by_label("Key").fill(KEY)
        page.get_by_role("button").click()
        page.locator("tbody tr").nth(19).wait_for()
        ids = page.locator("tbody tr td:nth-child(2)").all_inner_texts()
        status = page.get_by_role("status").inner_text()
    assert len(ids) == len(set(ids)) == 20
    assert status.endswith(" transactions")

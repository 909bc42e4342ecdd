"""The clients of the transaction API, each against the running API: Python, Node, and a page in a browser."""

import asyncio
import functools
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import sync_playwright

from fraudstream.settings import ROOT
from producer.client import ApiError, AsyncTransactionClient, TransactionClient
from tests.stack.test_transaction_api import KEY, Server, serving

JAVASCRIPT: Final = ROOT / "producer" / "javascript"
TIMEOUT_S: Final = 60
PAGE_TIMEOUT_MS: Final = 30_000


@pytest.fixture(scope="module", name="page_url")
def fixture_page_url() -> Iterator[str]:
    """Serve the page from another origin than the API's, as a web server of one's own does."""
    with serving_files(JAVASCRIPT) as url:
        yield url


@pytest.fixture(scope="module", name="api")
def fixture_api(tmp_path_factory: pytest.TempPathFactory, page_url: str) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("api")
    with serving(folder, frequency_seconds=0.05, batch_size=3, cors_origins=page_url) as server:
        yield server


class QuietHandler(SimpleHTTPRequestHandler):
    """Says nothing of its requests."""

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


def test_the_python_client_gets_one_many_and_the_stream(api: Server) -> None:
    with TransactionClient(api.url, api_key=KEY) as client:
        assert client.transaction().transaction_amount_vnd > 0
        assert len(client.transactions(20)) == 20
        first, second = islice(client.stream(), 2)
        assert [len(batch.transactions) for batch in (first, second)] == [3, 3]
        (resumed,) = islice(client.stream(last_event_id=first.event_id), 1)
    assert resumed == second


def test_a_wrong_key_is_refused_in_words(api: Server) -> None:
    with TransactionClient(api.url, api_key="wrong") as client, pytest.raises(ApiError) as refused:
        next(client.stream())
    assert refused.value.status == 401


def test_the_asynchronous_client_gets_the_same(api: Server) -> None:
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


CURL_LINES: Final = [
    line.strip() for line in (ROOT / "README.md").read_text().splitlines() if line.startswith("    curl ")
]
TIME_IS_UP: Final = 28
"""What curl ends with when its own --max-time ends a stream."""


def test_the_readme_has_a_line_for_each_use() -> None:
    used = {word.rpartition("8000/")[2] for line in CURL_LINES for word in line.split() if "8000/" in word}
    assert {"health", "transaction", "transactions/100", "config", "stop", "start", "status"} <= used


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
@pytest.mark.parametrize("line", CURL_LINES)
def test_every_curl_line_of_the_readme_works(api: Server, line: str) -> None:
    command = line.replace("http://127.0.0.1:8000", api.url)
    said = subprocess.run(  # noqa: S602 - a line of our own README, as a person would run it
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


@pytest.mark.skipif(shutil.which("chromium") is None, reason="there is no Chromium to open the page in")
def test_the_page_shows_transactions_and_what_it_was_refused(api: Server, page_url: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"] if os.getuid() == 0 else []
        )
        page = browser.new_page()
        page.set_default_timeout(PAGE_TIMEOUT_MS)
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
        browser.close()
    assert len(ids) == len(set(ids)) == 20
    assert status.endswith(" transactions")

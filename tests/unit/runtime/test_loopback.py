"""Calls of this machine never go through a proxy."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest

from deploy import health
from fraudstream.runtime.aws_clients import aws_client
from fraudstream.runtime.aws_settings import AwsSettings
from fraudstream.runtime.loopback import is_loopback_url, open_url
from producer.client import ApiError, TransactionClient

DEAD_PROXY = "http://127.0.0.1:9"


class Answers(BaseHTTPRequestHandler):
    """Answers every request with an empty list of jobs."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"jobs": []}')

    def log_message(self, *_arguments: object) -> None:
        """Log nothing."""


@pytest.fixture(autouse=True)
def _proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, DEAD_PROXY)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def url() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("url", "is_loopback"),
    [
        *(("http://127.0.0.1:80/", True), ("http://127.9.9.9", True), ("https://[::1]/", True)),
        *(("http://localhost:1", True), ("http://LOCALHOST.", True), ("http://10.0.0.1", False)),
        *(("http://localhost.evil.example", False), ("http://[::1", False), ("", False)),
        *(("http://127.0.0.1@evil.example/", False),),
    ],
)
def test_only_this_machine_is_loopback(url: str, *, is_loopback: bool) -> None:
    assert is_loopback_url(url) is is_loopback


def test_a_url_of_this_machine_is_opened_directly(url: str) -> None:
    with open_url(url, 30) as answer:
        assert answer.read() == b'{"jobs": []}'


def test_the_health_check_calls_this_machine_directly(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert health.main([url]) == 1
    assert capsys.readouterr().err == "no job is running\n"


def test_the_client_of_the_transaction_api_calls_this_machine_directly(url: str) -> None:
    with TransactionClient(url) as client:
        assert client.status() == {"jobs": []}
        with pytest.raises(ApiError, match="not an answer of the transaction API: KeyError"):
            client.transactions(1)


def test_a_url_elsewhere_is_opened_through_the_proxy() -> None:
    with TransactionClient("http://bank.example") as client, pytest.raises(httpx.ConnectError):
        client.status()


@pytest.mark.parametrize(
    ("endpoint", "proxies"), [("http://127.0.0.1:4566", {}), ("https://kinesis.example", None)]
)
def test_an_emulator_on_this_machine_is_called_directly(
    monkeypatch: pytest.MonkeyPatch, endpoint: str, proxies: dict[str, str] | None
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    settings = AwsSettings.model_validate({"aws_region": "eu-west-1", "aws_endpoint_url": endpoint})
    client: Any = aws_client("sns", settings, read_timeout_s=1)
    assert client.meta.config.proxies == proxies

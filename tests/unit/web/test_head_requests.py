"""HEAD is answered like GET, without a body, by every route of every service."""

from pathlib import Path

import httpx
import pytest

from fraudstream.web.documentation_pages import DOCUMENTATION_PATHS
from producer.api.application import create_app
from tests.unit.producer.api import api_helpers
from tests.unit.web.running_server import PATIENCE_S, running
from tests.unit.web.test_guarded_app import ask, get
from tests.unit.web.tiny_service import KEY, key_file, tiny_app

API_PATHS = {
    path.replace("{count}", "3")
    for path, methods in create_app(api_helpers.settings()).openapi()["paths"].items()
    if "get" in methods
}


@pytest.mark.parametrize("path", ["/notes/1", "/flow", "/health", "/openapi.json", "/notes/x", "/nothing"])
def test_head_has_the_status_and_headers_of_get_and_no_body(path: str) -> None:
    app = tiny_app()
    head, whole = ask(app, "HEAD", path), get(app, path)
    assert head.status_code == whole.status_code
    assert head.headers.get("Content-Type") == whole.headers.get("Content-Type")
    assert head.headers.get("Content-Length") == whole.headers.get("Content-Length")
    assert head.content == b""
    assert whole.content


def test_every_route_of_the_transaction_api_with_get_answers_head_and_the_connection_stays_usable() -> None:
    assert {"/", "/health", "/metrics", "/stream", "/transactions/3"} <= API_PATHS
    with (
        running(create_app(api_helpers.settings())) as server,
        httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=PATIENCE_S) as client,
    ):
        for path in sorted(API_PATHS | DOCUMENTATION_PATHS):
            answer = client.head(path)
            assert (answer.status_code, answer.content) == (200, b""), path
        assert client.get("/status").json()["clients"] == 0
        assert server.connections == 1


def test_head_needs_the_key_of_get(tmp_path: Path) -> None:
    app = tiny_app(auth="on", keys_file=key_file(tmp_path))
    assert ask(app, "HEAD", "/notes/1").status_code == 401
    assert ask(app, "HEAD", "/notes/1", KEY).status_code == 200


def test_a_route_without_get_refuses_head_and_changes_nothing() -> None:
    answer = ask(tiny_app(), "HEAD", "/notes")
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) <= {"POST", "DELETE"}


def test_metrics_and_logs_keep_the_method() -> None:
    app = tiny_app()
    ask(app, "HEAD", "/notes/1")
    assert 'method="HEAD",route="/notes/{number}"' in get(app, "/metrics").text

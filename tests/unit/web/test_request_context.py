import asyncio
import json
import logging
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from fraudstream.runtime.structured_logs import json_formatter
from fraudstream.web.request_context import request_id
from tests.unit.web.tiny_service import KEY, NAMES, client_of, tiny_app


def ask(
    method: str,
    path: str,
    app: FastAPI | None = None,
    **options: Any,  # noqa: ANN401 - httpx knows their types
) -> httpx.Response:
    async def once() -> httpx.Response:
        async with client_of(app or tiny_app()) as client:
            return await client.request(method, path, **options)

    return asyncio.run(once())


def lines_of(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """Return the raw log output."""
    formatter = json_formatter()
    return [json.loads(formatter.format(record)) for record in caplog.records if record.name == NAMES.logger]


@pytest.mark.parametrize("offered", ["abc", "A-1_b.2", "x" * 64])
def test_a_valid_request_id_is_kept(offered: str) -> None:
    assert request_id(offered) == offered


@pytest.mark.parametrize("offered", [None, "", "x" * 65, "a b", 'a"b', "a\n", "é", "{}"])
def test_an_invalid_request_id_is_replaced(offered: str | None) -> None:
    made = request_id(offered)
    assert made != offered
    assert len(made) == 32
    assert made != request_id(offered)


def test_the_response_and_every_line_of_the_request_have_the_id(caplog: pytest.LogCaptureFixture) -> None:
    app = tiny_app()
    caplog.clear()
    caplog.set_level(logging.INFO, NAMES.logger)
    headers = {"X-Request-ID": "my-id", "X-API-Key": KEY, "Authorization": f"Bearer {KEY}"}
    answer = ask("POST", "/notes", app, headers=headers, json={"text": "abc"})
    assert answer.headers["X-Request-ID"] == "my-id"
    written, request = lines_of(caplog)
    assert (written["message"], written["length"], written["request_id"]) == ("written", 3, "my-id")
    assert request["duration_ms"] > 0
    assert {**request, "time": "", "duration_ms": 0} == {
        "time": "",
        "level": "INFO",
        "logger": "tiny_notes",
        "message": "request",
        "request_id": "my-id",
        "method": "POST",
        "path": "/notes",
        "status": 200,
        "duration_ms": 0,
        "who": "address:127.0.0.1",
    }
    assert KEY not in str((written, request))


def test_a_failure_is_logged_with_the_id_of_its_request(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, NAMES.logger)
    ask("GET", "/broken", headers={"X-Request-ID": "my-id"})
    failure, request = lines_of(caplog)[-2:]
    assert (failure["level"], failure["request_id"]) == ("ERROR", "my-id")
    assert "RuntimeError: inner secret" in failure["exception"]
    assert (request["message"], request["status"]) == ("request", 500)


def test_an_error_response_has_an_id_too() -> None:
    assert len(ask("GET", "/nothing").headers["X-Request-ID"]) == 32

"""The stream for clients without headers: a token for a key or a JWT, and the log that must not have it."""

import asyncio
import io
import logging
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from fraudstream.web.http_server import ACCESS_LOGGER, configure_service_logging
from producer.api.application import create_app
from producer.api.identity import NAMES
from tests.unit.producer.api.api_helpers import (
    KEY,
    FakeTime,
    ask,
    client_of,
    key_file,
    problem,
    service_of,
    settings,
)

WITH_KEY = {"X-API-Key": KEY}


def locked_app(folder: Path, time: FakeTime | None = None, **values: object) -> FastAPI:
    locked = settings(auth="on", keys_file=key_file(folder), **values)
    return create_app(locked, None if time is None else time.clock())


def issued(app: FastAPI, **headers: str) -> httpx.Response:
    return asyncio.run(ask("POST", "/stream/token", app, headers=headers))


def opened(app: FastAPI, path: str) -> httpx.Response:
    """Ask for a stream; the hub is closed, so that an answer that would not end is a 503."""

    async def scenario() -> httpx.Response:
        service_of(app).hub.close("the server is shutting down")
        async with client_of(app) as client:
            return await client.get(path)

    return asyncio.run(scenario())


def test_a_key_gets_a_token_for_a_minute(tmp_path: Path) -> None:
    answer = issued(locked_app(tmp_path), **WITH_KEY)
    assert answer.status_code == 200
    assert answer.json()["expires_in_seconds"] == 60
    assert answer.headers["Cache-Control"] == "no-store"


def test_without_credentials_there_is_no_token(tmp_path: Path) -> None:
    app = locked_app(tmp_path)
    token = issued(app, **WITH_KEY).json()["token"]
    assert issued(app).status_code == 401
    assert asyncio.run(ask("POST", f"/stream/token?token={token}", app)).status_code == 401


def test_the_token_opens_the_stream_beside_its_other_parameters(tmp_path: Path) -> None:
    app = locked_app(tmp_path)
    token = issued(app, **WITH_KEY).json()["token"]
    # The guard lets it pass; 503 is the answer of the hub, which would else send events without an end.
    assert opened(app, f"/stream?batch_size=5&token={token}").status_code == 503
    assert opened(app, "/stream?batch_size=5").status_code == 401


def test_an_expired_token_is_rejected_with_the_endpoint_for_a_new_one(tmp_path: Path) -> None:
    time = FakeTime()
    app = locked_app(tmp_path, time)
    token = issued(app, **WITH_KEY).json()["token"]
    time.pass_s(60)
    answer = opened(app, f"/stream?token={token}")
    assert answer.status_code == 401
    assert problem(answer)["detail"] == "this token has expired: get a new one from POST /stream/token"


def test_a_token_for_the_stream_opens_nothing_else(tmp_path: Path) -> None:
    app = locked_app(tmp_path)
    token = issued(app, **WITH_KEY).json()["token"]
    for path in ("/transaction", "/status", "/config", "/metrics"):
        assert asyncio.run(ask("GET", f"{path}?token={token}", app)).status_code == 401, path
    for path in ("/start", "/stop"):
        assert asyncio.run(ask("POST", f"{path}?token={token}", app)).status_code == 401, path


def test_without_authentication_a_token_is_issued_and_ignored() -> None:
    app = create_app(settings())
    assert issued(app).json()["expires_in_seconds"] == 60
    assert opened(app, "/stream?token=anything").status_code == 503


def test_the_servers_access_log_which_would_have_the_query_writes_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    access = logging.getLogger(ACCESS_LOGGER)
    access.addHandler(logging.StreamHandler(io.StringIO()))
    configure_service_logging(NAMES, settings())
    assert [type(handler) for handler in access.handlers] == [logging.NullHandler]
    assert not access.propagate
    access.warning("GET /stream?token=x")
    assert capsys.readouterr().err == ""

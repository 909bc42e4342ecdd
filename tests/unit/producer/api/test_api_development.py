"""The development mode: on by its option alone, without keys, for every web page, on loopback."""

import asyncio
from pathlib import Path

import pytest
from fastapi import FastAPI
from typer.testing import CliRunner

from fraudstream.runtime.settings_sources import SettingsError
from producer.api.__main__ import command
from producer.api.api_settings import ApiSettings
from producer.api.application import create_app
from producer.api.development import development_settings
from tests.unit.producer.api.api_helpers import ask, settings

EVERYWHERE = "0.0.0.0"  # noqa: S104 - nothing is bound
PAGE = {"Origin": "http://127.0.0.1:3000"}
PREFLIGHT = PAGE | {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "content-type",
}


@pytest.fixture(autouse=True)
def _no_settings_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(name="served")
def fixture_served(monkeypatch: pytest.MonkeyPatch) -> list[tuple[FastAPI, ApiSettings]]:
    """Collect what the command would serve."""
    served: list[tuple[FastAPI, ApiSettings]] = []
    monkeypatch.setattr("producer.api.__main__.run_server", lambda *server: served.append(server))
    monkeypatch.setattr("producer.api.__main__.configure_service_logging", lambda *_: None)
    return served


def test_the_option_serves_without_keys_to_every_web_page(
    served: list[tuple[FastAPI, ApiSettings]],
) -> None:
    assert CliRunner().invoke(command, ["--development"]).exit_code == 0
    ((app, found),) = served
    answer = asyncio.run(ask("GET", "/config", app, headers=PAGE))
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")
    assert asyncio.run(ask("OPTIONS", "/config", app, headers=PREFLIGHT)).status_code == 200
    assert (found.host, found.port) == ("127.0.0.1", 8_000)


def test_only_the_option_of_the_address_opens_it_to_the_network(
    served: list[tuple[FastAPI, ApiSettings]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRANSACTION_API_HOST", EVERYWHERE)
    CliRunner().invoke(command, ["--development"])
    CliRunner().invoke(command, ["--development", "--host", EVERYWHERE, "--port", "8001"])
    assert [(found.host, found.port) for _, found in served] == [("127.0.0.1", 8_000), (EVERYWHERE, 8_001)]


@pytest.mark.parametrize(("host", "reach"), [("127.0.0.1", "this machine"), (EVERYWHERE, "the network")])
@pytest.mark.usefixtures("served")
def test_a_line_of_the_log_warns_at_the_start(
    host: str, reach: str, caplog: pytest.LogCaptureFixture
) -> None:
    CliRunner().invoke(command, ["--development", "--host", host])
    assert f"development mode: everyone on {reach}" in caplog.text


@pytest.mark.parametrize("name", ["TRANSACTION_API_DEVELOPMENT", "TRANSACTION_API_DEVELOPMENT_MODE"])
def test_a_variable_does_not_turn_it_on(
    name: str, monkeypatch: pytest.MonkeyPatch, served: list[tuple[FastAPI, ApiSettings]]
) -> None:
    monkeypatch.setenv(name, "1")
    refused = CliRunner().invoke(command, [])
    assert (refused.exit_code, served) == (2, [])
    assert f"{name}: unknown setting" in refused.stderr


def test_every_origin_is_no_setting() -> None:
    with pytest.raises(SettingsError, match="invalid origin"):
        settings(cors_origins="*")


def test_without_the_option_no_other_web_page_may_call() -> None:
    app = create_app(settings())
    assert "Access-Control-Allow-Origin" not in asyncio.run(ask("GET", "/config", app, headers=PAGE)).headers


def test_keys_and_certificates_of_the_environment_are_ignored(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("KEYS_FILE", "TLS_CERTIFICATE_FILE", "JWT_PUBLIC_KEY_FILE"):
        monkeypatch.setenv(f"TRANSACTION_API_{name}", str(tmp_path / "missing"))
    monkeypatch.setenv("TRANSACTION_API_AUTH", "on")
    monkeypatch.setenv("TRANSACTION_API_BATCH_SIZE", "3")
    found = development_settings()
    assert (found.auth, found.keys_file, found.tls_certificate_file) == ("off", None, None)
    assert found.batch_size == 3


def test_the_limits_of_connections_and_requests_stay() -> None:
    ordinary, development = settings(), development_settings()
    for name in ("rate_limit", "max_connections", "max_connections_per_address", "max_body_bytes"):
        assert getattr(development, name) == getattr(ordinary, name)

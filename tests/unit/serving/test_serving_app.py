"""The whole application, as the command serves it."""

import asyncio

import httpx
import orjson
import pytest
import typer

import serving.__main__
from fraudstream.streams.stream_settings import StreamSettings
from serving.serving_app import create_app
from serving.serving_settings import ServingSettings
from tests.unit.serving.gateway_app import LABELS, TRANSACTIONS, transaction


def settings(**values: object) -> ServingSettings:
    return ServingSettings.load(env_file=None, **({"auth": "off"} | values))


def test_the_application_has_the_routes_of_the_gateway_with_examples() -> None:
    document = create_app(settings()).openapi()
    assert {TRANSACTIONS, LABELS} <= set(document["paths"])
    assert "409" in document["paths"][TRANSACTIONS]["post"]["responses"]


def test_without_credentials_a_request_gets_503_and_the_application_still_serves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    app = create_app(settings(), StreamSettings.load(env_file=None))

    async def ask() -> tuple[httpx.Response, httpx.Response]:
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://serving.test") as client,
        ):
            body = orjson.dumps(transaction())
            sent = await client.post(TRANSACTIONS, content=body, headers={"Content-Type": "application/json"})
            return sent, await client.get("/health")

    sent, health = asyncio.run(ask())
    assert (sent.status_code, health.status_code) == (503, 200)
    assert sent.json()["results"][0]["error_code"] == "StreamError"
    assert sent.json()["results"][0]["is_in_doubt"] is False


@pytest.mark.parametrize(("store", "is_warned"), [("memory", True), ("sqlite:keys.sqlite", False)])
def test_several_workers_with_keys_in_memory_are_warned_of(
    store: str, *, is_warned: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("DECISION_API_AUTH", "off")
    monkeypatch.setenv("DECISION_API_GATEWAY_IDEMPOTENCY_STORE", store)
    monkeypatch.setattr(serving.__main__, "run_workers", lambda _settings, _count: 0)
    monkeypatch.setattr(serving.__main__, "configure_service_logging", lambda _names, _settings: None)
    with pytest.raises(typer.Exit):
        serving.__main__.serve(typer.Context(typer.main.get_command(serving.__main__.command)), workers=2)
    assert ("IDEMPOTENCY_STORE to sqlite:PATH" in caplog.text) == is_warned


@pytest.mark.parametrize("store", ["redis:", "dynamodb:", "sqlite:", "Memory"])
def test_an_unknown_idempotency_store_is_refused(store: str) -> None:
    with pytest.raises(Exception, match="write memory, sqlite:PATH or dynamodb:TABLE"):
        settings(gateway_idempotency_store=store)

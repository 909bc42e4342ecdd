"""Every endpoint over HTTP without a socket: responses, errors, headers."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from fraudstream.domain.enrichment import ENRICHED_FIELDS
from fraudstream.domain.transaction import FIELD_NAMES, Transaction, parse_time_ms
from producer.api.application import create_app
from producer.api.schemas import TRANSACTION_SCHEMA
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

PACE_PARAMETERS = "frequency_seconds, batch_size, enrich, token"


def small_app(time: FakeTime | None = None, **values: object) -> FastAPI:
    return create_app(settings(**values), None if time is None else time.clock())


def get(
    path: str,
    app: FastAPI | None = None,
    **options: Any,  # noqa: ANN401 - httpx knows their types
) -> httpx.Response:
    return asyncio.run(ask("GET", path, app, **options))


def post(
    path: str,
    app: FastAPI | None = None,
    **options: Any,  # noqa: ANN401 - httpx knows their types
) -> httpx.Response:
    return asyncio.run(ask("POST", path, app, **options))


def test_the_root_describes_the_service_and_lists_every_endpoint() -> None:
    answer = get("/").json()
    assert (answer["data"], answer["mode"]) == ("synthetic", "streaming")
    assert set(answer["endpoints"]) == {
        "GET /",
        "GET /transaction",
        "GET /transactions/{count}",
        "GET /stream",
        "POST /stream/token",
        "POST /start",
        "POST /stop",
        "GET /status",
        "GET /config",
        "POST /config",
        "GET /metrics",
        "GET /health",
    }


def test_a_transaction_comes_from_the_current_stream_without_its_label() -> None:
    time = FakeTime()
    answer = get("/transaction", small_app(time))
    record = answer.json()
    assert answer.headers["Content-Type"] == "application/json"
    assert Transaction.from_json(answer.content).to_json() == answer.content
    assert "is_fraud" not in answer.text
    assert 0 <= time.wall_ms - parse_time_ms(record["event_time"]) <= 60_000


def test_the_schema_of_a_transaction_has_the_fields_of_the_record() -> None:
    record = get("/transaction").json()
    assert set(TRANSACTION_SCHEMA["required"]) == set(record)
    assert set(TRANSACTION_SCHEMA["properties"]) == set(record) | set(ENRICHED_FIELDS)
    assert set(record) == {name.removesuffix("_ms") for name in FIELD_NAMES}


@pytest.mark.parametrize("count", [1, 7, 1_000])
def test_the_requested_number_of_transactions_is_returned(count: int) -> None:
    answer = get(f"/transactions/{count}").json()
    assert answer["count"] == len(answer["transactions"]) == count
    assert len({item["transaction_id"] for item in answer["transactions"]}) == count


@pytest.mark.parametrize(
    ("count", "remedy"),
    [
        ("0", "give at least 1"),
        ("-1", "give at least 1"),
        ("1001", "give at most 1000"),
        ("ten", "give a whole number"),
        ("1.5", "give a whole number"),
    ],
)
def test_an_invalid_count_is_rejected_with_field_value_and_fix(count: str, remedy: str) -> None:
    answer = get(f"/transactions/{count}")
    body = problem(answer)
    assert answer.status_code == 422
    assert body["errors"] == [{"field": "path.count", "value": repr(count), "remedy": remedy}]
    assert body["instance"] == f"/transactions/{count}"


def test_start_and_stop_switch_the_mode_and_report_a_change() -> None:
    app = small_app()
    expected = [
        ("/start", "streaming", False),
        ("/stop", "stopped", True),
        ("/stop", "stopped", False),
        ("/start", "streaming", True),
    ]
    for path, mode, changed in expected:
        assert post(path, app).json() == {"mode": mode, "changed": changed}
        assert get("/status", app).json()["mode"] == get("/", app).json()["mode"] == mode


def test_the_status_counts_since_the_start() -> None:
    time = FakeTime()
    app = small_app(time)
    get("/transactions/41", app)
    get("/transaction", app)
    time.pass_s(12.5)
    assert get("/status", app).json() == {
        "mode": "streaming",
        "uptime_seconds": 12.5,
        "transactions_served": 42,
        "clients": 0,
        "clients_dropped": 0,
        "paces": 0,
        "config": {"frequency_seconds": 1.0, "fraud_injection_rate": 0.05, "batch_size": 1},
    }


def test_the_configuration_can_be_read_and_changed_completely_or_partly() -> None:
    app = small_app()
    assert get("/config", app).json() == {
        "frequency_seconds": 1.0,
        "fraud_injection_rate": 0.05,
        "batch_size": 1,
    }
    whole = {"frequency_seconds": 0.5, "fraud_injection_rate": 0.1, "batch_size": 5}
    assert post("/config", app, json=whole).json() == whole
    assert post("/config", app, json={"batch_size": 7.0}).json() == whole | {"batch_size": 7}
    assert post("/config", app, json={"fraud_injection_rate": 0}).json()["fraud_injection_rate"] == 0
    assert post("/config", app, json={"fraud_injection_rate": None}).json()["fraud_injection_rate"] == 0
    assert get("/config", app).json()["batch_size"] == 7


@pytest.mark.parametrize(
    ("change", "field", "remedy"),
    [
        ({"frequency_seconds": 0}, "body.frequency_seconds", "give at least 0.01"),
        ({"frequency_seconds": 3_601}, "body.frequency_seconds", "give at most 3600"),
        ({"frequency_seconds": "1"}, "body.frequency_seconds", "give a number"),
        ({"fraud_injection_rate": -0.1}, "body.fraud_injection_rate", "give at least 0"),
        ({"fraud_injection_rate": 0.91}, "body.fraud_injection_rate", "give at most 0.9"),
        ({"fraud_injection_rate": True}, "body.fraud_injection_rate", "give a number"),
        ({"batch_size": 0}, "body.batch_size", "give at least 1"),
        ({"batch_size": 1_001}, "body.batch_size", "give at most 1000"),
        ({"batch_size": 1.5}, "body.batch_size", "give a whole number"),
        ({"batchsize": 1}, "body.batchsize", "remove it: the field is unknown"),
    ],
)
def test_an_invalid_configuration_changes_nothing(change: dict[str, Any], field: str, remedy: str) -> None:
    app = small_app()
    before = get("/config", app).json()
    answer = post("/config", app, json={"frequency_seconds": 2.0} | change)
    (error,) = problem(answer)["errors"]
    assert answer.status_code == 422
    assert error["field"] == field
    assert error["remedy"].startswith(remedy)
    assert error["value"] == repr(next(iter(change.values())))
    assert get("/config", app).json() == before


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/transactions", 404),
        ("DELETE", "/config", 405),
        ("GET", "/start", 405),
    ],
)
def test_an_unknown_path_or_method_returns_a_problem_too(method: str, path: str, status: int) -> None:
    answer = asyncio.run(ask(method, path))
    assert problem(answer)["status"] == status
    assert ("Allow" in answer.headers) == (status == 405)


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/config", "GET, HEAD, POST"), ("/start", "POST"), ("/transactions/1", "GET, HEAD")],
)
def test_an_unknown_method_is_answered_with_the_allowed_ones(path: str, allowed: str) -> None:
    assert asyncio.run(ask("DELETE", path)).headers["Allow"] == allowed


def locked_app(tmp_path: Path, **values: object) -> FastAPI:
    return create_app(settings(auth="on", keys_file=key_file(tmp_path), **values))


def test_without_a_key_only_open_endpoints_respond(tmp_path: Path) -> None:
    app = locked_app(tmp_path)
    closed = [
        "/",
        "/transaction",
        "/transactions/1",
        "/transactions/x",
        "/stream",
        "/status",
        "/config",
        "/metrics",
    ]
    for path in closed:
        answer = get(path, app)
        assert (answer.status_code, problem(answer)["title"]) == (401, "Unauthorized"), path
        assert "WWW-Authenticate" in answer.headers
    for path in ("/start", "/stop", "/config"):
        assert post(path, app, content=b"{broken").status_code == 401, path
    for path in ("/health", "/docs", "/openapi.json"):
        assert get(path, app).status_code == 200, path
    assert get("/nothing", app).status_code == 401


def test_with_a_key_every_endpoint_responds(tmp_path: Path) -> None:
    app = locked_app(tmp_path)
    assert get("/transaction", app, headers={"X-API-Key": KEY}).status_code == 200
    assert get("/transaction", app, headers={"X-API-Key": "wrong"}).status_code == 401


def test_an_api_without_authentication_logs_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    small_app()
    assert "authentication is off" in caplog.text


def test_health_is_never_rate_limited_and_reports_the_shutdown() -> None:
    app = small_app(rate_limit="1/hour")
    assert [get("/health", app).status_code for _ in range(3)] == [200, 200, 200]
    service_of(app).hub.close("the server is shutting down")
    assert problem(get("/health", app))["status"] == 503


def test_a_stream_above_the_client_limit_is_rejected_with_retry_after() -> None:
    async def scenario() -> httpx.Response:
        app = small_app(max_clients=1)
        hub = service_of(app).hub
        hub.join(None, None)
        answer = await ask("GET", "/stream", app)
        await hub.shut_down()
        return answer

    answer = asyncio.run(scenario())
    assert problem(answer)["status"] == 503
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize(
    "query",
    [
        "frequency_seconds=0",
        "frequency_seconds=nan",
        "frequency_seconds=x",
        "batch_size=1001",
        "batch_size=0",
    ],
)
def test_an_impossible_pace_is_rejected(query: str) -> None:
    answer = get(f"/stream?{query}")
    assert answer.status_code == 422
    assert problem(answer)["errors"][0]["field"] == f"query.{query.partition('=')[0]}"


@pytest.mark.parametrize(
    ("method", "path", "field", "known"),
    [
        ("GET", "/stream?frequency=1", "query.frequency", PACE_PARAMETERS),
        (
            "GET",
            "/stream?batch_size=5&batchsize=6",
            "query.batchsize",
            PACE_PARAMETERS,
        ),
        ("GET", "/transactions/3?count=5", "query.count", "enrich"),
        ("GET", "/transaction?n=", "query.n", "enrich"),
        ("POST", "/stop?now=1", "query.now", "none"),
        ("GET", "/status?a=1", "query.a", "none"),
    ],
)
def test_an_unknown_parameter_is_rejected_with_the_known_ones(
    method: str, path: str, field: str, known: str
) -> None:
    body = problem(asyncio.run(ask(method, path)))
    assert body["status"] == 422
    (error,) = body["errors"]
    assert error["field"] == field
    assert error["remedy"] == f"remove it: the allowed parameters are {known}"
    assert field in body["detail"]


def test_health_accepts_any_parameters_of_a_probe() -> None:
    assert asyncio.run(ask("GET", "/health?probe=1")).status_code == 200


def test_metrics_count_by_route_and_never_by_path() -> None:
    app = small_app()
    for path in ("/transactions/3", "/transactions/4", "/made-up-1", "/made-up-2"):
        get(path, app)
    text = get("/metrics", app).text
    assert (
        'transaction_api_requests_total{method="GET",route="/transactions/{count}",status="200"} 2.0' in text
    )
    assert 'transaction_api_requests_total{method="GET",route="unmatched",status="404"} 2.0' in text
    assert "transaction_api_transactions_total 7.0" in text
    assert "made-up" not in text


def test_two_applications_count_separately() -> None:
    one, other = small_app(), small_app()
    get("/transactions/3", one)
    assert "transaction_api_transactions_total 0.0" in get("/metrics", other).text


def test_the_openapi_document_has_an_example_for_each_response_and_the_security_schemes() -> None:
    document = get("/openapi.json").json()
    for path, operations in document["paths"].items():
        for operation in operations.values():
            (media,) = operation["responses"]["200"]["content"].values()
            name = media.get("schema", {}).get("$ref", "").rpartition("/")[2]
            assert "example" in media or "example" in document["components"]["schemas"][name], path
            assert bool(operation.get("security")) == (path != "/health")
    assert set(document["components"]["securitySchemes"]) == {"APIKeyHeader", "HTTPBearer"}


def test_every_documented_error_is_a_problem() -> None:
    document = get("/openapi.json").json()
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                assert status == "200" or list(response["content"]) == ["application/problem+json"]


def test_the_lifespan_opens_the_bank_and_stops_the_flows() -> None:
    async def scenario() -> None:
        app = small_app()
        async with app.router.lifespan_context(app), client_of(app) as client:
            assert (await client.get("/health")).json() == {"status": "ok"}
            service_of(app).hub.join(None, None)
        assert service_of(app).hub.is_closing
        assert service_of(app).hub.paces == 0

    asyncio.run(scenario())

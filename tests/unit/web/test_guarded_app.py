"""The common behaviour of every HTTP service, tested on a service other than the transaction API."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from fastapi import FastAPI

from tests.unit.web.tiny_service import KEY, client_of, key_file, tiny_app

SECRET = "a-shared-secret-of-more-than-32-bytes"
LONG_AFTER_S = 4_102_444_800  # 2100-01-01
ORIGIN = "https://bank.example"


def ask(
    app: FastAPI,
    method: str,
    path: str,
    key: str | None = None,
    **options: Any,  # noqa: ANN401 - httpx knows their types
) -> httpx.Response:
    async def once() -> httpx.Response:
        headers = options.pop("headers", {}) | ({} if key is None else {"X-API-Key": key})
        async with client_of(app) as client:
            return await client.request(method, path, headers=headers, **options)

    return asyncio.run(once())


def get(app: FastAPI, path: str, key: str | None = None, **headers: str) -> httpx.Response:
    return ask(app, "GET", path, key, headers=headers)


def problem(answer: httpx.Response) -> dict[str, Any]:
    """Return the problem of an error response after checking its form."""
    assert answer.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "instance"} <= set(body)
    assert body["status"] == answer.status_code
    assert body["type"].startswith("urn:tiny:problem:")
    return body


def locked_app(
    folder: Path,
    *keys: tuple[str, str, str],
    **values: Any,  # noqa: ANN401 - those of the settings
) -> FastAPI:
    return tiny_app(auth="on", keys_file=key_file(folder, *keys), **values)


# ---- authentication ----


def test_without_a_key_only_open_endpoints_respond(tmp_path: Path) -> None:
    app = locked_app(tmp_path)
    for path in ("/notes/1", "/notes/x", "/flow", "/admin", "/metrics", "/nothing"):
        answer = get(app, path)
        assert problem(answer)["type"] == "urn:tiny:problem:unauthorized", path
        assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="tiny-notes"')
    for path in ("/health", "/docs", "/redoc", "/openapi.json"):
        assert get(app, path).status_code == 200, path


def test_a_slash_too_many_is_not_redirected_to_a_host_that_the_request_names(tmp_path: Path) -> None:
    answer = get(locked_app(tmp_path, ("loader", KEY, "")), "/notes/7/", KEY, host="evil.example")
    assert problem(answer)["type"] == "urn:tiny:problem:not-found"
    assert "Location" not in answer.headers


def test_the_body_of_an_unauthenticated_request_is_not_parsed(tmp_path: Path) -> None:
    assert ask(locked_app(tmp_path), "POST", "/notes", content=b"{broken").status_code == 401


def test_a_key_grants_access_and_the_route_knows_the_caller(tmp_path: Path) -> None:
    app = locked_app(tmp_path, ("loader", KEY, "notes:write notes:read"))
    assert get(app, "/notes/7", KEY).json() == {
        "number": 7,
        "caller": "key:loader",
        "scopes": ["notes:read", "notes:write"],
    }
    assert problem(get(app, "/notes/7", f"{KEY}x"))["detail"] == "unknown API key"


def test_a_service_warns_if_and_only_if_authentication_is_off(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    locked_app(tmp_path)
    assert caplog.text == ""
    tiny_app()
    assert "authentication is off" in caplog.text


# ---- scopes ----


@pytest.mark.parametrize(
    ("scopes", "route", "missing"),
    [
        ("", "POST /notes", ["notes:write"]),
        ("notes:read", "POST /notes", ["notes:write"]),
        ("notes:writer", "POST /notes", ["notes:write"]),
        ("notes:write", "DELETE /notes", ["notes:delete"]),
        ("", "DELETE /notes", ["notes:write", "notes:delete"]),
        ("", "GET /admin", ["notes:admin"]),
        ("notes:admin", "POST /admin", ["notes:write"]),
        ("notes:write", "POST /admin", ["notes:admin"]),
    ],
)
@pytest.mark.parametrize("way", ["key", "jwt"])
def test_a_missing_scope_is_reported_by_name(
    way: str, scopes: str, route: str, missing: list[str], tmp_path: Path
) -> None:
    answer = asked(way, scopes, route, tmp_path)
    body = problem(answer)
    assert (answer.status_code, body["type"]) == (403, "urn:tiny:problem:insufficient-scope")
    assert body["missing_scopes"] == missing
    assert all(scope in body["detail"] for scope in missing)
    assert answer.headers["WWW-Authenticate"] == (
        f'Bearer error="insufficient_scope", scope="{" ".join(missing)}"'
    )


@pytest.mark.parametrize(
    ("scopes", "route", "status"),
    [
        ("", "GET /notes/1", 200),
        ("notes:write", "POST /notes", 200),
        ("notes:delete notes:write", "DELETE /notes", 409),
        ("notes:admin", "GET /admin", 200),
        ("notes:admin notes:write", "POST /admin", 200),
    ],
)
@pytest.mark.parametrize("way", ["key", "jwt"])
def test_a_caller_with_the_scopes_is_allowed(
    way: str, scopes: str, route: str, status: int, tmp_path: Path
) -> None:
    assert asked(way, scopes, route, tmp_path).status_code == status


@pytest.mark.parametrize(
    ("query", "request_parts"),
    [
        ("", {"content": b"{", "headers": {"Content-Type": "application/json"}}),
        ("", {"json": {"text": 7}}),
        ("", {"json": {}}),
        ("", {"content": b"a", "headers": {"Content-Type": "text/plain"}}),
        ("?colour=blue", {"json": {"text": "a"}}),
    ],
)
def test_scopes_are_checked_before_anything_else_in_the_request(
    query: str, request_parts: dict[str, Any], tmp_path: Path
) -> None:
    def status(scopes: str) -> int:
        app = locked_app(tmp_path, ("tester", KEY, scopes))
        return ask(app, "POST", f"/notes{query}", KEY, **request_parts).status_code

    assert status("notes:read") == 403
    assert status("notes:write") in {415, 422}


def asked(way: str, scopes: str, route: str, folder: Path) -> httpx.Response:
    """Send a request with a key or a JWT of these scopes."""
    method, path = route.split()
    body: dict[str, Any] = {"json": {"text": "a"}} if method == "POST" else {}
    if way == "key":
        return ask(locked_app(folder, ("tester", KEY, scopes)), method, path, KEY, **body)
    app = tiny_app(auth="on", jwt_algorithm="HS256", jwt_secret=SECRET)
    token = jwt.encode({"sub": "analyst", "exp": LONG_AFTER_S, "scope": scopes}, SECRET, "HS256")
    return ask(app, method, path, headers={"Authorization": f"Bearer {token}"}, **body)


def test_with_authentication_off_every_caller_has_every_scope() -> None:
    app = tiny_app()
    assert ask(app, "POST", "/notes", json={"text": "a"}).json() == {"text": "a"}
    assert get(app, "/admin").status_code == 200


# ---- limits ----


def test_requests_are_limited_per_key_and_other_keys_are_unaffected(tmp_path: Path) -> None:
    app = locked_app(tmp_path, ("eager", KEY, ""), ("calm", "note_calm", ""), rate_limit="3/hour")
    assert [get(app, "/notes/1", KEY).status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = get(app, "/notes/1", KEY)
    assert problem(refused)["type"].endswith(":rate-limited")
    assert 3_590 <= int(refused.headers["Retry-After"]) <= 3_600
    assert get(app, "/notes/1", "note_calm").status_code == 200


def test_unauthenticated_requests_are_limited_per_address(tmp_path: Path) -> None:
    app = locked_app(tmp_path, rate_limit="2/hour")
    assert [get(app, "/notes/1", f"wrong{n}").status_code for n in range(3)] == [401, 401, 429]
    assert get(app, "/notes/1", KEY).status_code == 200


def test_a_body_that_is_too_large_is_rejected_with_and_without_a_length() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b" " * 30

    app = tiny_app(max_body_bytes=100)
    json: dict[str, Any] = {"headers": {"Content-Type": "application/json"}}
    for content in (b" " * 101, pieces()):
        refused = ask(app, "POST", "/notes", content=content, **json)
        assert problem(refused)["type"].endswith(":body-too-large")
        assert refused.headers["Connection"] == "close"
    whole = b'{"text": "a"}'.ljust(100)
    assert ask(app, "POST", "/notes", content=whole, **json).json() == {"text": "a"}


# ---- errors ----


@pytest.mark.parametrize(
    ("method", "path", "status", "name"),
    [
        ("GET", "/nothing", 404, "not-found"),
        ("PUT", "/notes", 405, "method-not-allowed"),
        ("GET", "/notes/0", 422, "invalid-input"),
        ("GET", "/notes/1?colour=red", 422, "invalid-input"),
        ("POST", "/notes", 415, "not-json"),
        ("DELETE", "/notes", 409, "torn-up"),
        ("GET", "/broken", 500, "server-error"),
    ],
)
def test_every_error_is_a_problem_of_the_service(method: str, path: str, status: int, name: str) -> None:
    answer = ask(tiny_app(), method, path)
    body = problem(answer)
    assert (answer.status_code, body["type"]) == (status, f"urn:tiny:problem:{name}")
    assert body["instance"] == path.partition("?")[0]


def test_a_validation_error_has_field_value_and_fix() -> None:
    (error,) = problem(get(tiny_app(), "/notes/0"))["errors"]
    assert error == {"field": "path.number", "value": "'0'", "remedy": "give at least 1"}


def test_a_body_with_half_of_a_character_is_refused_with_the_fix() -> None:
    def write(body: bytes) -> httpx.Response:
        return ask(tiny_app(), "POST", "/notes", content=body, headers={"Content-Type": "application/json"})

    assert write(rb'{"text": "\ud83d\ude00"}').json() == {"text": "\U0001f600"}
    for body in (rb'{"text": "\ud800"}', rb'{"text": "\ude00\ud83d"}', rb'{"text": "a", "\udfff": 1}'):
        answer = write(body)
        assert answer.status_code == 422
        (error,) = problem(answer)["errors"]
        assert error["field"] == "body"
        assert error["remedy"].startswith("write whole characters")


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_a_body_of_any_depth_is_taken_or_refused_and_never_an_error_of_the_server(
    opening: str, closing: str
) -> None:
    async def answers() -> list[httpx.Response]:
        async with client_of(tiny_app()) as client:
            return [
                await client.post(
                    "/notes",
                    content=f'{{"text": "a", "more": {opening * depth}0{closing * depth}}}',
                    headers={"Content-Type": "application/json"},
                )
                for depth in range(800, 1000)
            ]

    answered = asyncio.run(answers())
    assert {answer.status_code for answer in answered} == {200, 400, 422}
    for answer in answered:
        if answer.status_code == 422:
            (error,) = problem(answer)["errors"]
            assert error["field"] == "body"
            assert error["remedy"] == "send fewer arrays and objects within each other"


def test_a_problem_may_have_additional_members() -> None:
    assert problem(ask(tiny_app(), "DELETE", "/notes"))["notes"] == 0


def test_an_unknown_method_is_answered_with_the_allowed_ones() -> None:
    assert ask(tiny_app(), "PUT", "/notes").headers["Allow"] == "DELETE, POST"


def test_an_internal_error_is_logged_and_its_details_are_not_sent(caplog: pytest.LogCaptureFixture) -> None:
    answer = get(tiny_app(), "/broken")
    assert answer.status_code == 500
    assert "inner secret" not in answer.text
    assert "inner secret" in caplog.text
    assert answer.headers["X-Request-ID"]


# ---- health, metrics, pages ----


def test_health_needs_no_key_is_never_limited_and_accepts_any_parameters(tmp_path: Path) -> None:
    app = locked_app(tmp_path, rate_limit="1/hour")
    assert [get(app, "/health?probe=1").json() for _ in range(3)] == [{"status": "ok"}] * 3


def test_health_reports_the_shutdown() -> None:
    closing: list[bool] = []
    app = tiny_app(is_closing=lambda: bool(closing))
    assert get(app, "/health").status_code == 200
    closing.append(True)
    refused = get(app, "/health")
    assert problem(refused)["type"].endswith(":unavailable")
    assert refused.headers["Retry-After"] == "5"


def test_metrics_count_by_route_and_never_by_path_and_do_not_time_endless_responses() -> None:
    app = tiny_app()
    for path in ("/notes/3", "/notes/4", "/made-up-1", "/made-up-2", "/flow"):
        get(app, path)
    ask(app, "BREW", "/notes/3")
    text = get(app, "/metrics").text
    assert 'tiny_notes_requests_total{method="GET",route="/notes/{number}",status="200"} 2.0' in text
    assert 'tiny_notes_requests_total{method="GET",route="unmatched",status="404"} 2.0' in text
    assert 'tiny_notes_request_seconds_count{route="/notes/{number}"} ' in text
    assert 'tiny_notes_requests_total{method="GET",route="/flow",status="200"} 1.0' in text
    assert 'request_seconds_count{route="/flow"}' not in text
    assert 'method="other"' in text
    assert "made-up" not in text
    assert "BREW" not in text


def test_two_applications_count_separately() -> None:
    one, other = tiny_app(), tiny_app()
    get(one, "/notes/3")
    assert "/notes/{number}" in get(one, "/metrics").text
    assert "/notes/{number}" not in get(other, "/metrics").text


def test_no_web_page_may_call_unless_its_origin_is_listed() -> None:
    assert "Access-Control-Allow-Origin" not in get(tiny_app(), "/notes/1", Origin=ORIGIN).headers
    app = tiny_app(cors_origins=ORIGIN)
    assert get(app, "/notes/1", Origin=ORIGIN).headers["Access-Control-Allow-Origin"] == ORIGIN
    other = get(app, "/notes/1", Origin="https://evil.example")
    assert "Access-Control-Allow-Origin" not in other.headers


def test_a_preflight_needs_no_key_and_a_page_can_read_an_error(tmp_path: Path) -> None:
    app = locked_app(tmp_path, cors_origins=ORIGIN)
    headers = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "X-API-Key, Content-Type",
    }
    assert ask(app, "OPTIONS", "/notes", headers=headers).status_code == 200
    refused = get(app, "/notes/1", Origin=ORIGIN)
    assert refused.status_code == 401
    assert refused.headers["Access-Control-Allow-Origin"] == ORIGIN


def test_the_openapi_document_describes_the_service_the_security_schemes_and_the_errors() -> None:
    document = get(tiny_app(), "/openapi.json").json()
    assert (document["info"]["title"], document["info"]["version"]) == ("Notes", "2.1.0")
    assert set(document["components"]["securitySchemes"]) == {"APIKeyHeader", "HTTPBearer"}
    assert "Problem" in document["components"]["schemas"]
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert bool(operation.get("security")) == (path != "/health"), path
    admin = document["paths"]["/admin"]["get"]["responses"]
    assert set(admin) >= {"401", "403", "413", "422", "429"}
    assert "403" not in document["paths"]["/notes/{number}"]["get"]["responses"]


def test_a_route_that_takes_the_request_alone_is_guarded_like_the_others(tmp_path: Path) -> None:
    other = "note_another-key-of-the-tests"
    app = locked_app(tmp_path, ("reader", KEY, "notes:read"), ("writer", other, "notes:write"))
    assert get(app, "/raw").status_code == 401
    assert problem(get(app, "/raw", other))["missing_scopes"] == ["notes:read"]
    assert problem(get(app, "/raw?colour=blue", KEY))["errors"][0]["field"] == "query.colour"
    assert get(app, "/raw", KEY).text == "key:reader"

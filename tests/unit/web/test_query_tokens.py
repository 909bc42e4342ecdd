"""Tokens in a query: for one path, one caller and a short time."""

import asyncio
import base64
from pathlib import Path

import httpx
import jwt
import pytest
from fastapi import APIRouter, FastAPI, Request
from hypothesis import example, given
from hypothesis import strategies as st

from fraudstream.runtime.metrics_registry import MetricsRegistry
from fraudstream.web.api_keys import Refused
from fraudstream.web.guarded_app import guarded_app
from fraudstream.web.guarded_routes import guarded_router
from fraudstream.web.query_tokens import QueryTokens
from fraudstream.web.scopes import Caller, caller_of
from tests.fuzz_budget import examples
from tests.mutations import damaged
from tests.unit.web.test_guarded_app import ask
from tests.unit.web.tiny_service import KEY, NAMES, PROBLEMS, client_of, key_file, settings, tiny_app

NOW_MS = 1_790_000_000_500
LOADER = Caller("key:loader", frozenset({"notes:read", "notes:write"}))


class Time:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now_ms = NOW_MS

    def read(self) -> int:
        return self.now_ms


def tokens(time: Time | None = None) -> QueryTokens:
    return QueryTokens("/flow", "POST /flow/token", 60, (time or Time()).read)


def test_a_token_stands_for_the_name_and_the_scopes_of_its_caller() -> None:
    service = tokens()
    token, lifetime_s = service.issue(LOADER)
    assert service.identify(token) == LOADER
    assert lifetime_s == 60


def test_a_scope_with_a_space_does_not_become_two() -> None:
    service = tokens()
    caller = Caller("jwt:a", frozenset({"notes:read notes:write"}))
    assert service.identify(service.issue(caller)[0]) == caller


def test_a_token_expires_with_the_remedy() -> None:
    time = Time()
    service = tokens(time)
    token, _ = service.issue(LOADER)
    time.now_ms += 59_000
    assert service.identify(token) == LOADER
    time.now_ms += 1_000
    assert service.identify(token) == Refused("this token has expired: get a new one from POST /flow/token")


def test_a_token_does_not_outlive_the_credentials_of_its_caller() -> None:
    time = Time()
    service = tokens(time)
    token, lifetime_s = service.issue(Caller("jwt:a", expires_at_s=NOW_MS // 1_000 + 5))
    assert lifetime_s == 5
    time.now_ms += 5_000
    assert isinstance(service.identify(token), Refused)


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é", "x" * 20_000])
def test_what_is_no_token_is_refused_without_being_repeated(token: str) -> None:
    assert tokens().identify(token) == Refused(
        "this token can't be used: get one from POST /flow/token, for GET /flow only"
    )


def test_a_token_of_another_process_or_path_is_refused() -> None:
    one = tokens()
    assert isinstance(tokens().identify(one.issue(LOADER)[0]), Refused)
    claims = {"sub": "key:loader", "aud": "/other", "exp": NOW_MS, "scope": []}
    forged = jwt.encode(claims, one._secret, "HS256")  # noqa: SLF001 - signed as this process would
    assert isinstance(one.identify(forged), Refused)


def test_an_unsigned_token_is_refused() -> None:
    claims = {"sub": "key:loader", "aud": "/flow", "exp": NOW_MS, "scope": []}
    assert isinstance(tokens().identify(jwt.encode(claims, "", "none")), Refused)


SAMPLE = tokens()
ISSUED = SAMPLE.issue(LOADER)[0]


@examples(200)
@given(damaged(ISSUED.encode()) | st.binary(max_size=40))
@example(b".".join([base64.urlsafe_b64encode(b"[" * 2_900 + b"]" * 2_900), b"e30", b"x"]))
@example(ISSUED.encode() * 40)
def test_any_bytes_are_the_token_or_refused_without_being_repeated(content: bytes) -> None:
    text = content.decode(errors="replace")
    found = SAMPLE.identify(text)
    if isinstance(found, Refused):
        assert "get one from POST /flow/token" in found.reason
    else:
        assert found == LOADER


def guarded(folder: Path, service: QueryTokens, **values: object) -> FastAPI:
    """Return an application with a path that takes tokens, and one that takes none."""
    router: APIRouter = guarded_router(PROBLEMS)

    @router.get("/flow")
    async def flow(request: Request, token: str | None = None) -> str:
        del token
        return caller_of(request).name

    @router.get("/notes")
    async def notes() -> str:
        return "ok"

    given = settings(auth="on", keys_file=key_file(folder), **values)
    registry = MetricsRegistry("tiny_notes")
    return guarded_app(NAMES, given, [router], registry=registry, problems=PROBLEMS, query_tokens=service)


def get(app: FastAPI, path: str, **headers: str) -> httpx.Response:
    async def scenario() -> httpx.Response:
        async with client_of(app) as client:
            return await client.get(
                path, headers={name.replace("_", "-"): text for name, text in headers.items()}
            )

    return asyncio.run(scenario())


def test_the_path_of_the_tokens_accepts_one_instead_of_a_header(tmp_path: Path) -> None:
    service = tokens()
    answer = get(guarded(tmp_path, service), f"/flow?token={service.issue(LOADER)[0]}")
    assert (answer.status_code, answer.json()) == (200, "key:loader")


def test_an_expired_token_is_answered_with_a_problem_and_the_remedy(tmp_path: Path) -> None:
    time = Time()
    service = tokens(time)
    token, _ = service.issue(LOADER)
    time.now_ms += 61_000
    answer = get(guarded(tmp_path, service), f"/flow?token={token}")
    assert (answer.status_code, answer.headers["Content-Type"]) == (401, "application/problem+json")
    assert answer.json()["detail"].endswith("get a new one from POST /flow/token")
    assert token not in answer.text


def test_no_other_path_accepts_a_token(tmp_path: Path) -> None:
    service = tokens()
    token, _ = service.issue(LOADER)
    app = guarded(tmp_path, service)
    refused = get(app, f"/notes?token={token}")
    assert (refused.status_code, token in refused.text) == (401, False)
    assert "for GET /flow only" in refused.json()["detail"]
    assert get(app, f"/metrics?token={token}").status_code == 401
    assert get(app, f"/notes?token={token}", x_api_key=KEY).status_code == 422
    assert get(app, "/notes", authorization=f"Bearer {token}").status_code == 401


@pytest.mark.parametrize("headers", [{"x_api_key": "wrong"}, {"authorization": "Bearer wrong"}])
def test_credentials_in_a_header_decide(tmp_path: Path, headers: dict[str, str]) -> None:
    service = tokens()
    app = guarded(tmp_path, service)
    path = f"/flow?token={service.issue(LOADER)[0]}"
    assert get(app, path, **headers).status_code == 401
    assert get(app, path, x_api_key=KEY).json() == "key:tester"


def test_requests_with_a_token_count_as_those_of_its_caller(tmp_path: Path) -> None:
    service = tokens()
    app = guarded(tmp_path, service, rate_limit="2/hour")
    paths = [f"/flow?token={service.issue(LOADER)[0]}", f"/flow?token={service.issue(LOADER)[0]}"]
    assert [get(app, path).status_code for path in (*paths, paths[0])] == [200, 200, 429]


def test_a_token_is_in_no_line_of_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    service = tokens()
    token, _ = service.issue(LOADER)
    app = guarded(tmp_path, service)
    for path in ("/flow", "/notes", "/nothing"):
        get(app, f"{path}?token={token}")
    own = [record for record in caplog.records if record.name == NAMES.logger]
    assert len(own) >= 3
    assert all(token not in str(record.__dict__) for record in own)


def test_a_token_on_another_route_is_not_repeated() -> None:
    answer = ask(tiny_app(), "GET", "/notes/1?token=secret-token")
    assert answer.status_code == 422
    assert "secret-token" not in answer.text

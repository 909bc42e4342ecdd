import asyncio

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from fraudstream.web.scopes import Caller, parse_scopes, requires
from tests.unit.web.tiny_service import client_of


def test_a_caller_has_exactly_the_given_scopes() -> None:
    caller = Caller("key:a", frozenset({"alerts:read"}))
    assert caller.missing(["alerts:read"]) == []
    assert caller.missing(["alerts:write", "alerts:read", "alerts"]) == ["alerts:write", "alerts"]
    assert Caller("key:a").missing(["alerts:read"]) == ["alerts:read"]
    assert Caller("address:::1", is_unrestricted=True).missing(["alerts:read"]) == []


def test_a_list_of_scopes_uses_commas() -> None:
    assert parse_scopes("alerts:read,rules.v2:write,a") == {"alerts:read", "rules.v2:write", "a"}


@pytest.mark.parametrize("text", ["", ",", "a,", "Alerts", "a b", "a:", ":a", "*", "1a", 'a"'])
def test_an_invalid_scope_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="write scopes like"):
        parse_scopes(text)


def test_a_route_cannot_require_a_scope_that_no_key_can_have() -> None:
    with pytest.raises(ValueError, match="invalid scope 'Alerts:Read'"):
        requires("alerts:read", "Alerts:Read")


def test_a_scoped_route_in_an_unguarded_application_admits_no_caller() -> None:
    router = APIRouter()

    @router.get("/open-by-mistake", dependencies=[requires("alerts:read")])
    async def never() -> str:
        return "reached"

    app = FastAPI()
    app.include_router(router)

    async def once() -> httpx.Response:
        async with client_of(app) as client:
            return await client.get("/open-by-mistake")

    answer = asyncio.run(once())
    assert answer.status_code == 500
    assert "reached" not in answer.text

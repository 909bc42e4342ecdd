"""A second HTTP service for the tests of the web layer: notes that can be read, written and deleted."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, ClassVar

import httpx
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi import Path as PathParameter
from pydantic import BaseModel, Field
from starlette.responses import Response, StreamingResponse

from fraudstream.runtime.metrics_registry import MetricsRegistry
from fraudstream.runtime.structured_logs import get_logger
from fraudstream.web.api_keys import ApiKey, key_hash
from fraudstream.web.guarded_app import guarded_app
from fraudstream.web.guarded_routes import RequestRoute, guarded_router, json_only
from fraudstream.web.health_routes import never_closing
from fraudstream.web.problem_details import NAMES as PROBLEM_NAMES
from fraudstream.web.problem_details import Problem, ProblemFormat
from fraudstream.web.scopes import caller_of, requires
from fraudstream.web.service_names import ServiceNames
from fraudstream.web.web_settings import WebSettings, web_settings_config

KEY = "note_a-key-of-the-tests"
NAMES = ServiceNames(
    title="Notes", version="2.1.0", description="Notes.", logger="tiny_notes", realm="tiny-notes"
)
PROBLEMS = ProblemFormat("urn:tiny:problem:", {**PROBLEM_NAMES, 409: "torn-up"})
LOGGER = get_logger(NAMES.logger)


class TinySettings(WebSettings):
    """The common settings of every service, and one more."""

    model_config = web_settings_config("TINY_")
    key_command: ClassVar[str] = "tiny key NAME"
    documentation: ClassVar[str] = "docs/tiny.md"
    client_names: ClassVar[frozenset[str]] = frozenset({"TINY_URL"})

    colour: str = Field("blue", description="Colour of the notes")


class Note(BaseModel):
    """The content of a note."""

    text: str


def tiny_routers() -> list[APIRouter]:
    """Return routes without scopes, with one, with two, and a router whose routes share one."""
    router = guarded_router(PROBLEMS)
    admin = guarded_router(PROBLEMS, "notes:admin")

    @router.get("/notes/{number}")
    async def note(number: Annotated[int, PathParameter(ge=1)], request: Request) -> dict[str, Any]:
        caller = caller_of(request)
        return {"number": number, "caller": caller.name, "scopes": sorted(caller.scopes)}

    @router.post("/notes", dependencies=[requires("notes:write"), Depends(json_only)])
    async def write(note: Note) -> Note:
        LOGGER.info("written", length=len(note.text))
        return note

    @router.delete("/notes", dependencies=[requires("notes:write", "notes:delete")])
    async def tear_up() -> None:
        raise Problem(409, "all notes are torn up already", members={"notes": 0})

    raw = guarded_router(PROBLEMS, route_class=RequestRoute)

    @raw.get("/raw", dependencies=[requires("notes:read")])
    async def raw_notes(request: Request) -> Response:
        return Response(caller_of(request).name)

    @router.get("/flow")
    async def flow() -> StreamingResponse:
        return StreamingResponse(iter([b"a", b"b"]))

    @router.get("/broken")
    async def broken() -> None:
        msg = "inner secret"
        raise RuntimeError(msg)

    @admin.get("/admin")
    async def administer() -> str:
        return "ok"

    @admin.post("/admin", dependencies=[requires("notes:write")])
    async def administer_by_writing() -> str:
        return "ok"

    return [router, admin, raw]


def settings(**values: object) -> TinySettings:
    """Return settings without authentication, changed by the arguments."""
    return TinySettings.load(env_file=None, **({"auth": "off"} | values))


def key_file(folder: Path, *keys: tuple[str, str, str]) -> Path:
    """Write a key file of names, keys and scopes separated by spaces; by default with `KEY`."""
    path = folder / "keys"
    lines = [
        ApiKey(name, key_hash(key), frozenset(scopes.split())).line()
        for name, key, scopes in keys or [("tester", KEY, "")]
    ]
    path.write_text("\n".join(lines))
    return path


def tiny_app(
    *,
    is_closing: Callable[[], bool] = never_closing,
    **values: Any,  # noqa: ANN401 - those of the settings
) -> FastAPI:
    """Return the application; ``values`` are settings."""
    return guarded_app(
        NAMES,
        settings(**values),
        tiny_routers(),
        registry=MetricsRegistry("tiny_notes"),
        problems=PROBLEMS,
        is_closing=is_closing,
        untimed_routes=frozenset({"/flow"}),
    )


@asynccontextmanager
async def client_of(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Call an application without a socket."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://tiny.test") as client:
        yield client

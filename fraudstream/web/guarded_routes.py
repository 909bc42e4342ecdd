"""Routers whose routes require an API key or a JWT and reject unknown query parameters."""

import json
from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import APIRouter, Depends, Request, Response, Security
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from fastapi.security import APIKeyHeader, HTTPBearer

from fraudstream.web.api_keys import KEY_HEADER
from fraudstream.web.problem_details import Problem, ProblemFormat
from fraudstream.web.problem_openapi import refusals
from fraudstream.web.query_tokens import TOKEN_PARAMETER
from fraudstream.web.scopes import check_scopes, required_scopes, requires

# The guard checks the key, before a body is read; these two only declare the check in OpenAPI.
HIDDEN_VALUE: Final = "(hidden)"
_KEY: Final = APIKeyHeader(name=KEY_HEADER, auto_error=False, description="A key of the service's key file")
_BEARER: Final = HTTPBearer(bearerFormat="JWT", auto_error=False, description="If JWTs are configured")


class GuardedRoute(APIRoute):
    """A route that checks its scopes first, so that a caller without them does not learn what is valid.

    FastAPI parses the body before it runs the dependencies, which would check the scopes otherwise.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler of the route's requests."""
        handle = super().get_route_handler()
        required = required_scopes(self.dependencies)

        async def handle_allowed(request: Request) -> Response:
            check_scopes(request, required)
            return await handle(request)

        return handle_allowed


class RequestRoute(GuardedRoute):
    """A route whose endpoint takes the request and optional query parameters, and returns a response.

    For a request without a query, FastAPI's solving of dependencies, which takes a third of the time of a
    short request, is left out: dependencies other than those of `guarded_router` and `requires` have no
    effect.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler of the route's requests."""
        required = required_scopes(self.dependencies)
        endpoint: Callable[[Request], Coroutine[Any, Any, Response]] = self.endpoint
        handle_query = super().get_route_handler()

        async def handle_allowed(request: Request) -> Response:
            if request.scope["query_string"]:
                return await handle_query(request)
            check_scopes(request, required)
            return await endpoint(request)

        return handle_allowed


def guarded_router(
    problems: ProblemFormat, *scopes: str, route_class: type[GuardedRoute] = GuardedRoute
) -> APIRouter:
    """Return a router whose routes require a key or a JWT with all of ``scopes``.

    Its routes reject unknown query parameters, once the scopes are checked.
    """
    dependencies = [Security(_KEY), Security(_BEARER), Depends(known_parameters_only)]
    statuses = (401, 403, 413, 422, 429) if scopes else (401, 413, 422, 429)
    if scopes:
        dependencies.append(requires(*scopes))
    return APIRouter(
        dependencies=dependencies, responses=refusals(problems, *statuses), route_class=route_class
    )


async def known_parameters_only(request: Request) -> None:
    """Reject unknown query parameters: ignoring a misspelt one would give a result that was not intended."""
    known = [field.alias for field in request.scope["route"].dependant.query_params]
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        raise RequestValidationError([
            {
                "type": "unknown_parameter",
                "loc": ("query", name),
                # A token that was given to the wrong route is not repeated.
                "input": HIDDEN_VALUE if name == TOKEN_PARAMETER else request.query_params[name],
                "ctx": {"known": ", ".join(known) or "none"},
            }
            for name in unknown
        ])  # fmt: skip


async def json_only(request: Request) -> None:
    r"""Reject a body that is not declared as JSON, with 415, or that no answer could repeat, with 422.

    JSON can write a lone surrogate, like ``\ud800``, but no answer, log or file can have one. Just below the
    depth at which a body can't be read any more, it can be read but not written.
    """
    media_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise Problem(415, "send the body as JSON, with Content-Type: application/json")
    document = await request.json() if await request.body() else None
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        problem = {"type": "half_character", "loc": ("body",), "input": document}
        raise RequestValidationError([problem]) from None
    except RecursionError:
        problem = {"type": "nested_too_deep", "loc": ("body",), "input": None}
        raise RequestValidationError([problem]) from None

"""Every refusal as a problem of RFC 9457: what it looks like, and how it is made from an exception."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import compile_path
from starlette.types import Scope

MEDIA_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:fraudstream:problem:"
"""Before the name of a problem, in ``type``; docs/transaction-api.md lists the names."""
LONGEST_VALUE: Final = 100
"""Characters of a refused value that are sent back."""

NAMES: Final[Mapping[int, str]] = {
    400: "bad-request",
    401: "unauthorized",
    404: "not-found",
    405: "method-not-allowed",
    413: "body-too-large",
    415: "not-json",
    422: "invalid-input",
    429: "rate-limited",
    500: "server-error",
    503: "unavailable",
}
_REMEDIES: Final[Mapping[str, str]] = {
    "missing": "give it",
    "extra_forbidden": "leave it out: there is no such field",
    "json_invalid": "send one JSON object",
    "greater_than_equal": "give at least {ge}",
    "less_than_equal": "give at most {le}",
    "finite_number": "give a finite number",
    "int_parsing": "give a whole number",
    "int_type": "give a whole number",
    "int_from_float": "give a whole number",
    "float_parsing": "give a number",
    "float_type": "give a number",
    "model_attributes_type": "send one JSON object",
    "unknown_parameter": "leave it out: the parameters here are: {known}",
}
"""What to do about each type of pydantic's errors that the endpoints can raise, and of our own."""


class Problem(Exception):  # noqa: N818 - what RFC 9457 calls it
    """A refusal: its status, what is wrong here, and headers that go with it."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})


def problem_response(
    scope: Scope, problem: Problem, errors: Sequence[Mapping[str, str]] | None = None
) -> Response:
    """Return the answer to the request of ``scope``; ``errors`` are those of a validation."""
    body: dict[str, Any] = {
        "type": TYPE_PREFIX + NAMES.get(problem.status, "refused"),
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "instance": quote(scope["path"]),
    }
    if errors is not None:
        body["errors"] = list(errors)
    # The standard library's encoder: it escapes what is no valid UTF-8, where orjson refuses it.
    return Response(json.dumps(body), problem.status, problem.headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Let ``app`` answer every exception of an endpoint with a problem."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_invalid)


def validation_errors(problems: Sequence[Any]) -> list[dict[str, str]]:
    """Return field, value and remedy of each of pydantic's errors; a value is cut short."""
    return [
        {
            "field": ".".join(str(part) for part in problem["loc"]),
            "value": _shown(problem.get("input")),
            "remedy": _remedy(problem),
        }
        for problem in problems
    ]


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}..."


def _remedy(problem: Mapping[str, Any]) -> str:
    remedy = _REMEDIES.get(problem["type"])
    return remedy.format(**problem.get("ctx", {})) if remedy else str(problem["msg"])


async def _on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101 - the handler is installed for this class
    return problem_response(request.scope, error)


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - the handler is installed for this class
    details = {
        HTTPStatus.NOT_FOUND: "there is nothing at this path; see /docs for the endpoints",
        HTTPStatus.METHOD_NOT_ALLOWED: "this path has no such method; the header Allow names those it has",
    }
    detail = details.get(HTTPStatus(error.status_code), str(error.detail))
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED and (methods := _methods(request)):
        headers["Allow"] = methods
    return problem_response(request.scope, Problem(error.status_code, detail, headers))


def _methods(request: Request) -> str:
    """Return the documented methods of the path; the router's own answer names those of one route only."""
    paths: Mapping[str, Mapping[str, object]] = request.app.openapi()["paths"]
    found = (methods for path, methods in paths.items() if compile_path(path)[0].match(request.scope["path"]))
    return ", ".join(sorted({method.upper() for methods in found for method in methods}))


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - the handler is installed for this class
    errors = validation_errors(error.errors())
    detail = "; ".join(f"{item['field']}={item['value']}: {item['remedy']}" for item in errors)
    return problem_response(request.scope, Problem(422, detail), errors)

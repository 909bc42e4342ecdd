"""Problem details (RFC 9457) for error responses, and their creation from exceptions."""

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
MAX_VALUE_CHARACTERS: Final = 100
"""Most characters of an invalid value that are sent back."""
EXCERPT_CHARACTERS: Final = 20
"""Characters of a malformed body that are sent back, on each side of the error."""

NAMES: Final[Mapping[int, str]] = {
    400: "bad-request",
    401: "unauthorized",
    403: "insufficient-scope",
    404: "not-found",
    405: "method-not-allowed",
    409: "conflict",
    413: "body-too-large",
    415: "not-json",
    422: "invalid-input",
    429: "rate-limited",
    500: "server-error",
    503: "unavailable",
}
"""Problem name by status; it is the last part of the problem's ``type``."""
_REMEDIES: Final[Mapping[str, str]] = {
    "missing": "add it: it is required",
    "extra_forbidden": "remove it: the field is unknown",
    "json_invalid": "the JSON is malformed at its character {character} ({error}); send one JSON object",
    "greater_than_equal": "give at least {ge}",
    "less_than_equal": "give at most {le}",
    "finite_number": "give a finite number",
    "int_parsing": "give a whole number",
    "int_type": "give a whole number",
    "int_from_float": "give a whole number",
    "float_parsing": "give a number",
    "float_type": "give a number",
    "bool_parsing": "give true or false",
    "model_attributes_type": "send one JSON object",
    "half_character": "write whole characters: \\ud800 to \\udfff come in pairs",
    "nested_too_deep": "send fewer arrays and objects within each other",
    "unknown_parameter": "remove it: the allowed parameters are {known}",
}
"""Remedies for the pydantic error types that endpoints often raise, and for this project's own."""

_DETAILS: Final[Mapping[int, str]] = {
    400: "the body can't be read as JSON: send one JSON object in UTF-8, without deep nesting or numbers of "
    "thousands of digits",
    404: "path not found; see /docs for the endpoints",
    405: "method not allowed; the Allow header lists the allowed methods",
}


class Problem(Exception):  # noqa: N818 - the term of RFC 9457
    """An error response: status, detail, additional headers, and extension members of the problem."""

    def __init__(
        self,
        status: int,
        detail: str,
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})
        self.members = dict(members or {})


class ProblemFormat:
    """Formats the problems of one service; a ``type`` is ``type_prefix`` plus the name from ``names``."""

    def __init__(self, type_prefix: str, names: Mapping[int, str] = NAMES) -> None:
        self._type_prefix = type_prefix
        self._names = names

    def type_of(self, status: int) -> str:
        """Return the problem ``type`` for a status."""
        return self._type_prefix + self._names.get(status, "refused")

    def response(self, scope: Scope, problem: Problem) -> Response:
        """Return the response with ``problem`` to the request of ``scope``."""
        body: dict[str, Any] = {
            "type": self.type_of(problem.status),
            "title": HTTPStatus(problem.status).phrase,
            "status": problem.status,
            "detail": problem.detail,
            "instance": quote(scope["path"]),
        } | problem.members
        # The standard library's encoder escapes invalid UTF-8, which orjson rejects.
        return Response(json.dumps(body), problem.status, problem.headers, MEDIA_TYPE)

    def install(self, app: FastAPI) -> None:
        """Register handlers with ``app`` that turn the exceptions of endpoints into problems."""
        app.add_exception_handler(Problem, self._on_problem)
        app.add_exception_handler(HTTPException, self._on_http_exception)
        app.add_exception_handler(RequestValidationError, self._on_invalid)

    async def _on_problem(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)  # noqa: S101 - the handler is installed for this class
        return self.response(request.scope, error)

    async def _on_http_exception(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - the handler is installed for this class
        detail = _DETAILS.get(error.status_code, str(error.detail))
        headers = dict(error.headers or {})
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED and (methods := _methods(request)):
            headers["Allow"] = methods
        return self.response(request.scope, Problem(error.status_code, detail, headers))

    async def _on_invalid(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - the handler is installed for this class
        errors = validation_errors([_located(each, error.body) for each in error.errors()])
        detail = "; ".join(f"{item['field']}={item['value']}: {item['remedy']}" for item in errors)
        return self.response(request.scope, Problem(422, detail, members={"errors": errors}))


def validation_errors(problems: Sequence[Any]) -> list[dict[str, str]]:
    """Return field, value and remedy of each pydantic error; long values are truncated."""
    return [
        {
            "field": ".".join(str(part) for part in problem["loc"]),
            "value": _format_value(problem.get("input")),
            "remedy": _remedy(problem),
        }
        for problem in problems
    ]


def _located(problem: Mapping[str, Any], body: object) -> Mapping[str, Any]:
    """Return a problem of malformed JSON as one of the body, with the text round its position."""
    if problem["type"] != "json_invalid":
        return problem
    field, position = problem["loc"]
    excerpt = str(body)[max(0, position - EXCERPT_CHARACTERS) : position + EXCERPT_CHARACTERS]
    context = {**problem["ctx"], "character": position + 1}
    return {**problem, "loc": (field,), "input": excerpt, "ctx": context}


def _format_value(value: object) -> str:
    text = repr(value)
    return text if len(text) <= MAX_VALUE_CHARACTERS else f"{text[:MAX_VALUE_CHARACTERS]}..."


def _remedy(problem: Mapping[str, Any]) -> str:
    remedy = _REMEDIES.get(problem["type"])
    return remedy.format(**problem.get("ctx", {})) if remedy else str(problem["msg"])


def _methods(request: Request) -> str:
    """Return the documented methods of the path; the router's own response names only those of one route."""
    paths: Mapping[str, Mapping[str, object]] = request.app.openapi()["paths"]
    found = (methods for path, methods in paths.items() if compile_path(path)[0].match(request.scope["path"]))
    documented = {method.upper() for methods in found for method in methods}
    # See `fraudstream.web.head_requests`.
    return ", ".join(sorted(documented | ({"HEAD"} if "GET" in documented else set())))

"""OpenAPI schema and responses for problem details."""

from http import HTTPStatus
from typing import Any, Final

from fraudstream.web.problem_details import MEDIA_TYPE, ProblemFormat

Responses = dict[int | str, dict[str, Any]]
"""Type of the argument ``responses`` of a FastAPI route."""

PROBLEM_SCHEMA: Final[dict[str, Any]] = {
    "title": "Problem",
    "type": "object",
    "description": "An error response in the format of RFC 9457.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {name: {"type": "string"} for name in ("field", "value", "remedy")},
                "required": ["field", "value", "remedy"],
            },
        },
        "missing_scopes": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["type", "title", "status", "detail", "instance"],
}
_MEANINGS: Final = {
    400: "The body can't be read as JSON",
    401: "No key, an unknown one, or a JWT that is not valid",
    403: "The key or JWT lacks a scope; `missing_scopes` names it",
    404: "The path or what it names does not exist",
    405: "The method is not allowed; the Allow header lists the allowed ones",
    409: "The key in `Idempotency-Key` belongs to another body, or its first request is still in progress",
    413: "The body is too large",
    415: "The body is not declared as JSON",
    422: "A value can't be used; `errors` names each with a remedy",
    429: "Too many requests; Retry-After has the seconds to wait",
    503: "The server is at capacity; Retry-After has the seconds to wait",
}


def refusals(problems: ProblemFormat, *statuses: int) -> Responses:
    """Return the OpenAPI responses of an endpoint for the given error statuses."""
    return {status: _refusal(problems, status) for status in statuses}


def _refusal(problems: ProblemFormat, status: int) -> dict[str, Any]:
    meaning = _MEANINGS[status]
    example = {
        "type": problems.type_of(status),
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": meaning,
        "instance": "/",
    }
    media = {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}
    return {"description": meaning, "content": {MEDIA_TYPE: media}}

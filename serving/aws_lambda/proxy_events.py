"""API Gateway's proxy events as ASGI requests, and responses as its answers.

REST APIs send payload version 1.0, HTTP APIs and function URLs 2.0:
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, unquote, urlencode

VERSION_2: Final = "2.0"
DEFAULT_STAGE: Final = "$default"
SET_COOKIE: Final = "set-cookie"
TEXT_TYPES: Final = ("application/json", "application/problem+json", "text/")
"""Beginnings of the media types whose bodies are text; others travel as base64."""

Headers = Sequence[tuple[bytes, bytes]]


class ProxyEventError(ValueError):
    """The event is not one of an API Gateway proxy integration: the function has another trigger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyRequest:
    """A request: its ASGI scope and body, and whether API Gateway expects an answer of version 2.0."""

    scope: dict[str, Any]
    body: bytes
    is_version_2: bool


@dataclass(frozen=True, slots=True)
class ProxyResponse:
    """A response of the application."""

    status: int
    headers: Headers
    body: bytes

    def answer(self, *, is_version_2: bool) -> dict[str, Any]:
        """Return the answer in API Gateway's format."""
        names: dict[str, list[str]] = {}
        for name, value in self.headers:
            names.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
        is_text = names.get("content-type", [""])[0].startswith(TEXT_TYPES)
        body = self.body.decode() if is_text else base64.b64encode(self.body).decode()
        answer: dict[str, Any] = {"statusCode": self.status, "body": body, "isBase64Encoded": not is_text}
        if not is_version_2:
            return answer | {"multiValueHeaders": names}
        cookies = names.pop(SET_COOKIE, [])
        return answer | {
            "headers": {name: ", ".join(values) for name, values in names.items()},
            "cookies": cookies,
        }


def request_of(event: Mapping[str, Any]) -> ProxyRequest:
    """Return the request of an event; raises `ProxyEventError` if it is not one of a proxy integration."""
    try:
        is_version_2 = event.get("version") == VERSION_2
        scope = _scope_2(event) if is_version_2 else _scope_1(event)
        return ProxyRequest(scope=scope, body=_body(event), is_version_2=is_version_2)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        msg = (
            f"not a proxy event of API Gateway ({type(error).__name__}: {error}): give the API a Lambda "
            "proxy integration with this function"
        )
        raise ProxyEventError(msg) from error


def _scope_1(event: Mapping[str, Any]) -> dict[str, Any]:
    several = event.get("multiValueHeaders") or {
        name: [value] for name, value in (event.get("headers") or {}).items()
    }
    query = event.get("multiValueQueryStringParameters") or event.get("queryStringParameters") or {}
    headers = ((name, value) for name, values in several.items() for value in values)
    return _scope(
        event["httpMethod"],
        event["path"],
        urlencode(query, doseq=True),
        headers,
        event["requestContext"]["identity"]["sourceIp"],
    )


def _scope_2(event: Mapping[str, Any]) -> dict[str, Any]:
    context = event["requestContext"]
    path, stage = event["rawPath"], context.get("stage", DEFAULT_STAGE)
    # A stage other than the default one is the first part of the path.
    if stage != DEFAULT_STAGE and (path == f"/{stage}" or path.startswith(f"/{stage}/")):
        path = path.removeprefix(f"/{stage}") or "/"
    headers = dict(event["headers"])
    if event.get("cookies"):
        headers["cookie"] = "; ".join(event["cookies"])
    source, method = context["http"]["sourceIp"], context["http"]["method"]
    return _scope(method, path, event["rawQueryString"], headers.items(), source)


def _scope(
    method: str, path: str, query: str, headers: Iterable[tuple[str, str]], source: str
) -> dict[str, Any]:
    found = [(name.lower().encode("latin-1"), value.encode()) for name, value in headers]
    host = dict(found).get(b"host", b"lambda").decode()
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method.upper(),
        "scheme": "https",
        "path": unquote(path),
        "raw_path": quote(unquote(path)).encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": found,
        "client": (source, 0),
        "server": (host, 443),
    }


def _body(event: Mapping[str, Any]) -> bytes:
    text = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(text).encode()
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        msg = f"its body is not base64: {error}"
        raise ValueError(msg) from None

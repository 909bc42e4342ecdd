"""Proxy events as AWS's documentation shows them, with requests of a test."""

import base64
import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


def rest_event(**changes: object) -> dict[str, Any]:
    """Return the documented event of a REST API, payload version 1.0, with changes."""
    return {**_documented("rest_event"), **changes}


def http_event(**changes: object) -> dict[str, Any]:
    """Return the documented event of an HTTP API, payload version 2.0, with changes."""
    return {**_documented("http_event"), **changes}


def posted(
    path: str, body: bytes, headers: dict[str, str], *, version: str, is_base64: bool = False
) -> dict[str, Any]:
    """Return the event of a POST request in a payload version."""
    text = base64.b64encode(body).decode() if is_base64 else body.decode()
    content = {"body": text, "isBase64Encoded": is_base64}
    if version == "1.0":
        several = {name: [value] for name, value in headers.items()}
        return rest_event(
            path=path,
            httpMethod="POST",
            headers=headers,
            multiValueHeaders=several,
            queryStringParameters=None,
            multiValueQueryStringParameters=None,
            **content,
        )
    return http_event(rawPath=path, rawQueryString="", headers=headers, cookies=[], **content)


def _documented(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return found

"""Set-up that the blocking and the asynchronous detector have in common."""

import os
import ssl
from collections.abc import Mapping
from typing import Any, Final

from fraudstream.runtime.loopback import is_loopback_url
from fraudstream.runtime.terminal import redacted
from fraudstream.sdk.sdk_errors import SetupError
from fraudstream.sdk.service_access import EXAMPLE_URL, ServiceAccess, is_http_url, sendable

PREFIX: Final = "DECISION_API_"
"""Prefix of the variables URL, KEY, KEY_FILE and TOKEN."""


def detector_access(
    url: str | None, api_key: str | None, token: str | None, variables: Mapping[str, str] | None = None
) -> ServiceAccess:
    """Return the access of a detector: each argument, or the variable for it; the URL has a default.

    Raises `SetupError` if a value can't be used; no credentials are in its message.
    """
    found: dict[str, str | None] = {**(os.environ if variables is None else variables)}
    if url is not None and not is_http_url(url):
        msg = f"url={redacted(url)!r}: give the decision API's address, like {EXAMPLE_URL}"
        raise SetupError(msg)
    found[f"{PREFIX}URL"] = url or found.get(f"{PREFIX}URL") or EXAMPLE_URL
    try:
        if api_key is not None:
            found[f"{PREFIX}KEY"], found[f"{PREFIX}KEY_FILE"] = sendable("api_key", api_key), None
        if token is not None:
            found[f"{PREFIX}TOKEN"] = sendable("token", token)
        return ServiceAccess.of(found, PREFIX)
    except ValueError as error:
        raise SetupError(str(error)) from None


def client_options(access: ServiceAccess, ssl_context: ssl.SSLContext | None) -> dict[str, Any]:
    """Return the options of httpx's clients. No proxy sees the requests to this machine."""
    headers = {"Accept-Encoding": "identity", "Content-Type": "application/json"}
    if access.api_key is not None:
        headers["X-API-Key"] = access.api_key
    if access.token is not None:
        headers["Authorization"] = f"Bearer {access.token}"
    return {
        "base_url": access.url,
        "headers": headers,
        "trust_env": not is_loopback_url(access.url),
        "verify": True if ssl_context is None else ssl_context,
    }

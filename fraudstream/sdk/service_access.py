"""Address of an HTTP service of this project and the credentials for it, from variables or arguments."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import httpx

from fraudstream.runtime.terminal import redacted

EXAMPLE_URL = "http://127.0.0.1:8000"


@dataclass(frozen=True, slots=True)
class ServiceAccess:
    """Address of a service, and the credentials for it, which its representation leaves out."""

    url: str
    api_key: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, variables: Mapping[str, str | None], prefix: str) -> Self:
        """Read the variables URL, KEY or KEY_FILE, and TOKEN with ``prefix``; an empty one counts as unset.

        Raises ``ValueError``, without any credentials, if there is no HTTP URL, the key file can't be read,
        or a key or token can't be sent in a header.
        """
        url = variables.get(f"{prefix}URL") or ""
        if not is_http_url(url):
            msg = f"{prefix}URL={redacted(url)}: set it to the API's address, like {EXAMPLE_URL}"
            raise ValueError(msg)
        file = f"{prefix}KEY_FILE"
        in_file = key_in_file(file, variables.get(file))
        return cls(
            url,
            sendable(f"{prefix}KEY", variables.get(f"{prefix}KEY")) or sendable(file, in_file),
            sendable(f"{prefix}TOKEN", variables.get(f"{prefix}TOKEN")),
        )


def key_in_file(variable: str, name: str | None) -> str | None:
    """Return the key in the file ``name``, None without a name; ``variable`` names it in errors.

    Raises ``ValueError`` if the file can't be read as text.
    """
    if not name:
        return None
    try:
        return Path(name).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else type(error).__name__
        msg = f"{variable}={name}: can't be read ({reason}); it must name a readable file with the key"
        raise ValueError(msg) from None


def sendable(name: str, credential: str | None) -> str | None:
    """Return a key or token, None if empty; raises ``ValueError`` if a header can't have it.

    The HTTP client would refuse it with an error that has the whole header.
    """
    if credential and not (credential.isascii() and credential.isprintable()):
        msg = f"{name}: it has line breaks or characters other than ASCII; set it as it was printed"
        raise ValueError(msg)
    return credential or None


def is_http_url(url: str) -> bool:
    """Whether a client can send requests to this URL."""
    try:
        parts = urlsplit(url)
        is_possible = bool(parts.hostname and httpx.URL(url).host) and parts.port != 0
    except (httpx.InvalidURL, ValueError):
        return False
    return is_possible and url.startswith(("http://", "https://"))

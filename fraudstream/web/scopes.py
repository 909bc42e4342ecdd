"""What a caller may do: scopes, which keys and JWTs carry and routes require."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request, Security
from fastapi.security import SecurityScopes

from fraudstream.web.problem_details import Problem

SCOPE: Final = re.compile(r"[a-z][a-z0-9_.-]*(:[a-z][a-z0-9_.-]*)*")
"""A scope, like ``alerts:read``. A JWT may name others that look different; no route requires them."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, like ``key:loader``, ``jwt:analyst`` or ``address:127.0.0.1``, and what they may do.

    ``is_unrestricted``: authentication is off, so everybody has every scope.
    """

    name: str
    scopes: frozenset[str] = frozenset()
    is_unrestricted: bool = False

    def missing(self, required: Iterable[str]) -> list[str]:
        """Return the scopes of ``required`` that the caller does not have, in order."""
        return [] if self.is_unrestricted else [each for each in required if each not in self.scopes]


def parse_scopes(text: str) -> frozenset[str]:
    """Return the scopes of a list with commas, like ``alerts:read,alerts:write``.

    Raises `ValueError` if one is not written as a scope is; the message holds nothing of the text.
    """
    scopes = frozenset(text.split(","))
    if not all(SCOPE.fullmatch(scope) for scope in scopes):
        msg = "write scopes like alerts:read,alerts:write"
        raise ValueError(msg)
    return scopes


def caller_of(request: Request) -> Caller:
    """Return who asks; there is one in every application with a `RequestGuard`."""
    caller: Caller = request.scope["state"]["caller"]
    return caller


def requires(*scopes: str) -> Any:  # noqa: ANN401 - FastAPI's marker has no public type
    """Return a dependency that refuses callers without all of these scopes, with 403.

    For ``dependencies`` of a route or a router: ``dependencies=[requires("alerts:read")]``. The scopes of
    both add up. Raises `ValueError` for what is no scope.
    """
    for scope in scopes:
        if not SCOPE.fullmatch(scope):
            msg = f"{scope!r} is no scope: write lower case words with colons between them, like alerts:read"
            raise ValueError(msg)
    return Security(_has_scopes, scopes=list(scopes))


async def _has_scopes(request: Request, required: SecurityScopes) -> None:
    missing = caller_of(request).missing(dict.fromkeys(required.scopes))
    if missing:
        names = " ".join(missing)
        msg = f"this needs the scope {', '.join(missing)}: ask for a key or a JWT that has it"
        challenge = {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{names}"'}
        raise Problem(403, msg, challenge, {"missing_scopes": missing})

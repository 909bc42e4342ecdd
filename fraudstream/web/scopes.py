"""Scopes, the permissions that keys and JWTs carry and routes require."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from fastapi import Request, Security, params
from fastapi.security import SecurityScopes

from fraudstream.web.problem_details import Problem

ADDRESS: Final = "address:"
"""Begins the name of a caller that is known by its address only."""
SCOPE: Final = re.compile(r"[a-z][a-z0-9_.-]*(:[a-z][a-z0-9_.-]*)*")
"""Format of a scope, like ``alerts:read``. A JWT may have scopes of other formats; no route requires them."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A caller, like ``key:loader``, ``jwt:analyst`` or ``address:127.0.0.1``, and its scopes.

    ``is_unrestricted``: authentication is off, so every caller has all scopes. ``expires_at_s`` (epoch) is
    the end of its credentials, None for those that have none.
    """

    name: str
    scopes: frozenset[str] = frozenset()
    is_unrestricted: bool = False
    expires_at_s: int | None = field(default=None, compare=False)

    @property
    def is_stranger(self) -> bool:
        """Whether authentication is on, and this caller has shown no credentials."""
        return not self.is_unrestricted and self.name.startswith(ADDRESS)

    def missing(self, required: Iterable[str]) -> list[str]:
        """Return the scopes of ``required`` that the caller does not have, in order."""
        return [] if self.is_unrestricted else [each for each in required if each not in self.scopes]


def parse_scopes(text: str) -> frozenset[str]:
    """Return the scopes of a comma-separated list, like ``alerts:read,alerts:write``.

    Raises `ValueError` if one is not a valid scope; the message contains nothing of the text.
    """
    scopes = frozenset(text.split(","))
    if not all(SCOPE.fullmatch(scope) for scope in scopes):
        msg = "write scopes like alerts:read,alerts:write"
        raise ValueError(msg)
    return scopes


def caller_of(request: Request) -> Caller:
    """Return the caller of a request; every application with a `RequestGuard` has it."""
    caller: Caller = request.scope["state"]["caller"]
    return caller


def requires(*scopes: str) -> Any:  # noqa: ANN401 - FastAPI's marker has no public type
    """Return a dependency that rejects callers without all of the given scopes, with 403.

    For ``dependencies`` of a route or a router: ``dependencies=[requires("alerts:read")]``. The scopes of
    both are combined. Raises `ValueError` for an invalid scope.
    """
    for scope in scopes:
        if not SCOPE.fullmatch(scope):
            msg = f"invalid scope {scope!r}: write lower case words and colons, like alerts:read"
            raise ValueError(msg)
    return Security(_has_scopes, scopes=list(scopes))


def required_scopes(dependencies: Iterable[params.Depends]) -> list[str]:
    """Return the scopes that the dependencies made by `requires` ask for, each once and in order."""
    scopes = [
        scope
        for each in dependencies
        if isinstance(each, params.Security) and each.dependency is _has_scopes
        for scope in each.scopes or ()
    ]
    return list(dict.fromkeys(scopes))


def check_scopes(request: Request, required: Iterable[str]) -> None:
    """Raise a `Problem` with the status 403 if the caller does not have all of the scopes."""
    missing = caller_of(request).missing(required)
    if missing:
        names = " ".join(missing)
        msg = f"scope {', '.join(missing)} is required: use a key or a JWT that has it"
        challenge = {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{names}"'}
        raise Problem(403, msg, challenge, {"missing_scopes": missing})


async def _has_scopes(request: Request, required: SecurityScopes) -> None:
    check_scopes(request, dict.fromkeys(required.scopes))

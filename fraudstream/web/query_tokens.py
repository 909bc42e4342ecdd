"""Short-lived tokens in the query of one path, for clients that can't send headers, like an EventSource.

A URL is seen where a header is not: in histories, and in the logs of proxies. So such a token is valid for a
short time and for one path.
"""

import secrets
from collections.abc import Callable
from typing import Any, Final

import jwt

from fraudstream.runtime.clock import wall_clock_ms
from fraudstream.web.api_keys import MAX_CREDENTIAL_CHARACTERS, Refused
from fraudstream.web.json_web_tokens import claimed_scopes
from fraudstream.web.scopes import Caller

TOKEN_PARAMETER: Final = "token"  # noqa: S105 - a name
SECRET_BYTES: Final = 32
_ALGORITHM: Final = "HS256"
_REQUIRED: Final = ("sub", "aud", "exp")


class QueryTokens:
    """Issues and checks the tokens of ``path``; ``source`` says where a caller gets one, for messages.

    A token stands for the caller that asked for it, with the same name and scopes, for at most ``lifetime_s``
    and not longer than the caller's own credentials. Its secret is random: no other process accepts it.
    """

    def __init__(
        self, path: str, source: str, lifetime_s: int, now_ms: Callable[[], int] = wall_clock_ms
    ) -> None:
        self.path = path
        self.source = source
        self._lifetime_s = lifetime_s
        self._now_ms = now_ms
        self._secret = secrets.token_bytes(SECRET_BYTES)

    def issue(self, caller: Caller) -> tuple[str, int]:
        """Return a new token for ``caller`` and its lifetime in seconds."""
        now_s = self._now_ms() // 1_000
        ends_s = now_s + self._lifetime_s
        if caller.expires_at_s is not None:
            ends_s = min(ends_s, caller.expires_at_s)
        claims = {
            "sub": caller.name,
            "aud": self.path,
            "scope": sorted(caller.scopes),
            "exp": ends_s,
        }
        return jwt.encode(claims, self._secret, _ALGORITHM), ends_s - now_s

    def identify(self, token: str) -> Caller | Refused:
        """Return the caller that a token stands for, or the reason for refusing it."""
        try:
            # The expiry is compared below, with this object's clock.
            claims: dict[str, Any] = jwt.decode(
                token[:MAX_CREDENTIAL_CHARACTERS],
                self._secret,
                algorithms=[_ALGORITHM],
                audience=self.path,
                options={"require": list(_REQUIRED), "verify_exp": False},
            )
        except jwt.PyJWTError:
            return Refused(f"this token can't be used: get one from {self.source}, for GET {self.path} only")
        if claims["exp"] * 1_000 <= self._now_ms():
            return Refused(f"this token has expired: get a new one from {self.source}", "expired-token")
        return Caller(claims["sub"], claimed_scopes(claims.get("scope")), expires_at_s=claims["exp"])

    def elsewhere(self) -> Refused:
        """Return the reason for refusing a token on another path."""
        return Refused(f"a token in the query is for GET {self.path} only: send a key or a JWT in a header")

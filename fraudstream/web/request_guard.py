"""Request guard middleware: authentication, rate limit, and limit of the body size.

Plain ASGI, so that streams pass through without a buffer or an additional task.
"""

from typing import Final

from starlette.datastructures import Headers, QueryParams
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fraudstream.web.api_keys import KEY_HEADER, Refused
from fraudstream.web.authentication import Authenticator
from fraudstream.web.documentation_pages import DOCUMENTATION_PATHS
from fraudstream.web.problem_details import Problem, ProblemFormat
from fraudstream.web.query_tokens import TOKEN_PARAMETER, QueryTokens
from fraudstream.web.rate_limits import RateLimiter
from fraudstream.web.scopes import ADDRESS, Caller

OPEN_PATHS: Final = frozenset({"/health", "/openapi.json", "/ready"}) | DOCUMENTATION_PATHS
"""Paths that need no key, as they contain nothing private."""
UNLIMITED_PATHS: Final = frozenset({"/health", "/ready"})


class RequestGuard:
    """Rejects unknown callers, too frequent requests and too large bodies.

    Without an ``authenticator`` every caller is accepted, with all scopes. Credentials in a header decide; a
    request without any may have one of ``query_tokens`` in its query. The caller is stored in the state
    of the request: see `fraudstream.web.scopes.caller_of`.
    """

    def __init__(  # noqa: PLR0913 - independent options
        self,
        app: ASGIApp,
        *,
        authenticator: Authenticator | None,
        limiter: RateLimiter,
        max_body_bytes: int,
        problems: ProblemFormat,
        realm: str,
        query_tokens: QueryTokens | None = None,
        open_paths: frozenset[str] = OPEN_PATHS,
    ) -> None:
        self._app = app
        self._authenticator = authenticator
        self._limiter = limiter
        self._max_body_bytes = max_body_bytes
        self._problems = problems
        self._challenge = f'Bearer realm="{realm}", ApiKey header="{KEY_HEADER}"'
        self._query_tokens = query_tokens
        self._open_paths = open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or respond with the reason for refusing it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            self._admit(scope)
            body = await self._body(scope, receive)
        except Problem as problem:
            await self._problems.response(scope, problem)(scope, receive, send)
            return
        if body is not None:
            await self._app(scope, _replayed(body, receive), send)

    def _admit(self, scope: Scope) -> None:
        path = scope["path"]
        address = ADDRESS + (scope["client"][0] if scope.get("client") else "unknown")
        stranger = Caller(address, is_unrestricted=self._authenticator is None)
        found: Caller | Refused = stranger
        if self._authenticator is not None and path not in self._open_paths:
            found = self._identify(self._authenticator, scope)
        # Refused requests count towards the rate limit of their address.
        caller = stranger if isinstance(found, Refused) else found
        scope.setdefault("state", {})["caller"] = caller
        if path not in UNLIMITED_PATHS and (wait_s := self._limiter.retry_after_s(caller.name)) is not None:
            msg = f"too many requests: try again in {wait_s} s"
            raise Problem(429, msg, {"Retry-After": str(wait_s)})
        if isinstance(found, Refused):
            scope["state"]["refused_credentials"] = found.kind
            raise Problem(401, found.reason, {"WWW-Authenticate": self._challenge})

    def _identify(self, authenticator: Authenticator, scope: Scope) -> Caller | Refused:
        headers = Headers(scope=scope)
        if self._query_tokens is not None and KEY_HEADER not in headers and "Authorization" not in headers:
            token = QueryParams(scope["query_string"]).get(TOKEN_PARAMETER)
            if token is not None:
                is_its_path = scope["path"] == self._query_tokens.path
                return self._query_tokens.identify(token) if is_its_path else self._query_tokens.elsewhere()
        return authenticator.identify(headers)

    async def _body(self, scope: Scope, receive: Receive) -> bytes | None:
        """Return the whole body, or None if the client disconnected before its end."""
        length = Headers(scope=scope).get("Content-Length", "")
        if length.isdecimal() and int(length) > self._max_body_bytes:
            raise self._too_large()
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return None
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self._max_body_bytes:
                raise self._too_large()
        return bytes(body)

    def _too_large(self) -> Problem:
        # The rest of the body is not read, so the connection can't be used for another request.
        msg = f"the body is larger than {self._max_body_bytes} bytes: send less"
        return Problem(413, msg, {"Connection": "close"})


def _replayed(body: bytes, receive: Receive) -> Receive:
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return messages.pop() if messages else await receive()

    return replay

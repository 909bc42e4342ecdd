"""What happens around every request: its id, its log line and counters; who asks, how often, how much.

Plain ASGI, so that a stream passes through without a buffer or a task of its own.
"""

import time
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from producer.api.auth import KEY_HEADER, Authenticator, Refused
from producer.api.limiting import RateLimiter
from producer.api.logs import LOGGER, REQUEST_ID, request_id
from producer.api.metrics import Metrics
from producer.api.problems import Problem, problem_response

ID_HEADER: Final = "X-Request-ID"
OPEN_PATHS: Final = frozenset({"/health", "/docs", "/redoc", "/openapi.json"})
"""What is answered without a key: nothing there is anybody's."""
UNLIMITED_PATHS: Final = frozenset({"/health"})
UNMATCHED: Final = "unmatched"
"""Stands for all paths that are no route: a counter for each would never end."""
STREAM_PATH: Final = "/stream"


class RequestContext:
    """Gives each request an id, a log line and its counters, and each failure an answer."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; other scopes are passed on as they are."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began_s = time.perf_counter()
        status = 0
        token = REQUEST_ID.set(request_id(Headers(scope=scope).get(ID_HEADER)))

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[ID_HEADER] = REQUEST_ID.get() or ""
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except Exception:  # noqa: BLE001 - whatever it is, it is logged and answered
            LOGGER.exception("a request failed")
            if status == 0:
                detail = "the server failed; its log has the reason under the request id of this answer"
                await problem_response(scope, Problem(500, detail))(scope, receive, send_with_id)
        finally:
            self._write_down(scope, status, time.perf_counter() - began_s)
            REQUEST_ID.reset(token)

    def _write_down(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", UNMATCHED)
        self._metrics.requests.labels(route, _known_method(scope["method"]), str(status)).inc()
        if route != STREAM_PATH:
            self._metrics.request_seconds.labels(route).observe(seconds)
        LOGGER.info(
            "request",
            extra={
                "method": scope["method"],
                "path": scope["path"],
                "status": status,
                "duration_ms": round(seconds * 1000, 3),
                "who": scope.get("state", {}).get("who"),
            },
        )


class Guard:
    """Lets in who is known, not too often, with a body that is not too large."""

    def __init__(
        self,
        app: ASGIApp,
        authenticator: Authenticator | None,
        limiter: RateLimiter,
        max_body_bytes: int,
    ) -> None:
        self._app = app
        self._authenticator = authenticator
        self._limiter = limiter
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer why not."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            self._let_in(scope)
            body = await self._body(scope, receive)
        except Problem as problem:
            await problem_response(scope, problem)(scope, receive, send)
            return
        await self._app(scope, _replayed(body, receive), send)

    def _let_in(self, scope: Scope) -> None:
        path = scope["path"]
        address = f"address:{scope['client'][0]}" if scope.get("client") else "address:unknown"
        who: str | Refused = address
        if self._authenticator is not None and path not in OPEN_PATHS:
            who = self._authenticator.identify(Headers(scope=scope))
        # Those who are refused count too, by their address.
        counted = address if isinstance(who, Refused) else who
        scope.setdefault("state", {})["who"] = counted
        if path not in UNLIMITED_PATHS and (wait_s := self._limiter.retry_after_s(counted)) is not None:
            msg = f"too many requests: try again in {wait_s} s"
            raise Problem(429, msg, {"Retry-After": str(wait_s)})
        if isinstance(who, Refused):
            challenge = f'Bearer realm="transaction-api", ApiKey header="{KEY_HEADER}"'
            raise Problem(401, who.reason, {"WWW-Authenticate": challenge})

    async def _body(self, scope: Scope, receive: Receive) -> bytes | None:
        """Return the whole body, or None if the client went away before its end."""
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
        # What is left of the body is not read: the connection can't be used for another request.
        msg = f"the body is larger than {self._max_body_bytes} bytes: send less"
        return Problem(413, msg, {"Connection": "close"})


def _replayed(body: bytes | None, receive: Receive) -> Receive:
    messages: list[Message] = [{"type": "http.disconnect"}]
    if body is not None:
        messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return messages.pop() if messages else await receive()

    return replay


def _known_method(method: str) -> str:
    known = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}
    return method if method in known else "other"

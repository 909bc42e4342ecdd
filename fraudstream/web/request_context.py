"""Request context middleware: request id, log line, metrics, and a response for unhandled errors.

Plain ASGI, so that streams pass through without a buffer or an additional task.
"""

import re
import time
from typing import Final
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.stdlib import BoundLogger

from fraudstream.runtime.repeat_limit import LEFT_OUT, RepeatLimit
from fraudstream.runtime.structured_logs import request_id_bound
from fraudstream.web.problem_details import Problem, ProblemFormat
from fraudstream.web.request_metrics import RequestMetrics

ID_HEADER: Final = "X-Request-ID"
STRANGERS_PER_MINUTE: Final = 120
"""Log lines per status and minute for requests without credentials; the metrics count every request."""
MAX_LOGGED_PATH: Final = 200
_SANE_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


def request_id(offered: str | None) -> str:
    """Return ``offered`` if it is 1 to 64 letters, digits, dots, dashes or underscores, else a new id.

    Any other text could forge a log line or a response header.
    """
    return offered if offered is not None and _SANE_ID.fullmatch(offered) else uuid4().hex


class RequestContext:
    """Gives each request an id, a log line and metrics, and each unhandled error a response."""

    def __init__(
        self, app: ASGIApp, logger: BoundLogger, metrics: RequestMetrics, problems: ProblemFormat
    ) -> None:
        self._app = app
        self._logger = logger
        self._metrics = metrics
        self._problems = problems
        self._strangers = RepeatLimit(STRANGERS_PER_MINUTE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; scopes other than HTTP are passed on unchanged."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        id_ = request_id(Headers(scope=scope).get(ID_HEADER))
        with request_id_bound(id_):
            await self._serve(id_, scope, receive, send)

    async def _serve(self, id_: str, scope: Scope, receive: Receive, send: Send) -> None:
        began_s = time.perf_counter()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[ID_HEADER] = id_
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except Exception:
            self._logger.exception("a request failed")
            if status == 0:
                detail = (
                    "internal server error; the server's log has the cause under this response's request id"
                )
                await self._problems.response(scope, Problem(500, detail))(scope, receive, send_with_id)
        finally:
            self._write_down(scope, status, time.perf_counter() - began_s)

    def _write_down(self, scope: Scope, status: int, seconds: float) -> None:
        self._metrics.count(getattr(scope.get("route"), "path", None), scope["method"], status, seconds)
        state = scope.get("state", {})
        caller = state.get("caller")
        if "refused_credentials" in state:
            self._metrics.refused_credentials(state["refused_credentials"])
        left_out = self._strangers.left_out(str(status)) if caller is None or caller.is_stranger else 0
        if left_out is None:
            return
        fields = {LEFT_OUT: left_out} if left_out else {}
        self._logger.info(
            "request",
            method=scope["method"],
            path=scope["path"][:MAX_LOGGED_PATH],
            status=status,
            duration_ms=round(seconds * 1000, 3),
            who=None if caller is None else caller.name,
            **fields,
        )

"""Middleware for HEAD requests: every route with GET also answers HEAD.

A route of FastAPI has only the methods that it names: load balancers and monitors that ask by HEAD would get
405.
"""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadRequests:
    """Serves a HEAD request as GET up to the head of the response; it ends there, as a stream has no end."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; others than HEAD are passed on unchanged."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        is_answered = asyncio.Event()

        async def send_head(message: Message) -> None:
            if is_answered.is_set():
                return
            await send(message)
            if message["type"] == "http.response.start":
                is_answered.set()
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        async def receive_until_answered() -> Message:
            if not body_read.is_set():
                body_read.set()
                return await receive()
            await is_answered.wait()
            return {"type": "http.disconnect"}

        body_read = asyncio.Event()
        # The scope stays shared: its route and caller are read by the middleware around this one.
        scope["method"] = "GET"
        try:
            await self._app(scope, receive_until_answered, send_head)
        finally:
            scope["method"] = "HEAD"

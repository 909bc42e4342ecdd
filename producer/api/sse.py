"""Response of server-sent events: a client's events, heartbeats and last event."""

import asyncio

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from producer.api.flow import Ending, named_event
from producer.api.hub import Membership

HEARTBEAT = b": heartbeat\n\n"
LAST_WORD_S = 1.0
"""Timeout for a client's last event: the client may have been dropped because it does not read."""


class EventStream(Response):
    """Server-sent events for one client.

    A write that blocks for ``write_timeout_s`` drops the client: the server's buffer for it is full, so it
    has not read for a while. At most that buffer is then left unwritten. The stream ends after ``longest_s``,
    so that a client whose credentials are no longer valid is there for that time at most.
    """

    media_type = "text/event-stream"

    def __init__(
        self, membership: Membership, *, heartbeat_s: float, write_timeout_s: float, longest_s: float
    ) -> None:
        # Response's constructor is not called: it would set the length of a body that has none.
        self.status_code = 200
        self.background = None
        self._membership = membership
        self._heartbeat_s = heartbeat_s
        self._write_timeout_s = write_timeout_s
        self._longest_s = longest_s
        self.init_headers({"Cache-Control": "no-store", "X-Accel-Buffering": "no"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Write until the client disconnects or is dropped, or the server ends."""
        del scope
        writer = asyncio.create_task(self._write(send))
        listener = asyncio.create_task(_until_disconnected(receive))
        try:
            await asyncio.wait({writer, listener}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._membership.leave()
            writer.cancel()
            listener.cancel()
            results = await asyncio.gather(writer, listener, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def _write(self, send: Send) -> None:
        client = self._membership.client
        loop = asyncio.get_running_loop()
        end_s = loop.time() + self._longest_s
        try:
            await self._send_start(send)
            while client.ending is None:
                chunk = client.take()
                left_s = end_s - loop.time()
                if left_s <= 0:
                    client.end("bye", f"this stream was open for {self._longest_s:g} s; connect again")
                elif not chunk and not await client.wait(min(self._heartbeat_s, left_s)):
                    chunk = HEARTBEAT
                if chunk:
                    await self._send(send, chunk, self._write_timeout_s)
        except TimeoutError:
            client.end("dropped", "write_blocked")
        if client.ending is not None:
            await self._finish(send, client.ending)

    async def _finish(self, send: Send, ending: Ending) -> None:
        if ending.event == "dropped":
            self._membership.hub.count_drop(ending)
        try:
            last = named_event(ending.event, {"reason": ending.reason})
            await self._send(send, last, LAST_WORD_S, more=False)
        except TimeoutError:
            return

    async def _send_start(self, send: Send) -> None:
        async with asyncio.timeout(self._write_timeout_s):
            await send(
                {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
            )

    async def _send(self, send: Send, body: bytes, timeout_s: float, *, more: bool = True) -> None:
        async with asyncio.timeout(timeout_s):
            await send({"type": "http.response.body", "body": body, "more_body": more})


async def _until_disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

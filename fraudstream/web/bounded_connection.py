"""HTTP/1.1 connections with deadlines, for Uvicorn.

Uvicorn has a timeout for idle connections only: a client can send the head of a request forever, and a closed
connection stays open until its client has read the rest. `BoundedConnection` adds what is missing.
"""

import array
import asyncio
import contextlib
import fcntl
import json
import logging
import termios
from collections import Counter
from http import HTTPStatus
from typing import Any, ClassVar, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from fraudstream.web.connection_limits import ConnectionLimits, plain_address
from fraudstream.web.problem_details import MEDIA_TYPE

LOGGER: Final = logging.getLogger("uvicorn.error")
GRACE_S: Final = 2.0
"""Time in which an application may still end the response of a client that does not read, as streams do."""
UNKNOWN_ADDRESS: Final = "unknown"
_PIECE_BYTES: Final = 1_024
"""Bytes that h11 is given at once: it measures a head only while that is incomplete, so one that arrives
whole can exceed its limit by as much."""


class ConnectionCounts:
    """Open connections of a server, in total and by address."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self._limits = limits
        self._by_address: Counter[str] = Counter()

    def refusal(self, address: str) -> str | None:
        """Return why one more connection of ``address`` is refused, or None."""
        if self._by_address.total() >= self._limits.connections:
            return "the server has as many connections as it may: try again later"
        held = self._by_address[address]
        if held >= self._limits.per_address and not self._limits.is_exempt(address):
            return f"this address has {held} connections, which is the limit: use them, or close some"
        return None

    def add(self, address: str) -> None:
        """Count a connection."""
        self._by_address[address] += 1

    def remove(self, address: str) -> None:
        """Stop counting a connection."""
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]


class BoundedConnection(H11Protocol):
    """A connection of a server; `bounded_connections` makes a class with its limits."""

    limits: ClassVar[ConnectionLimits]
    counts: ClassVar[ConnectionCounts]

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - those of Uvicorn
        super().__init__(*arguments, **options)
        self._counted: str | None = None
        self._check: asyncio.TimerHandle | None = None
        self._head_since_s: float | None = None
        self._body_since_s: float | None = None
        self._blocked_since_s: float | None = None
        self._unread_bytes = 0
        self._closing_since_s: float | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as Uvicorn has it
        """Count the connection, or refuse it."""
        super().connection_made(transport)
        if self.client is not None:
            # Limits and trusted proxies, Uvicorn's check of them too, compare IPv4 addresses as such.
            self.client = (plain_address(self.client[0]), self.client[1])
        self._head_since_s = self.loop.time()
        self._schedule_check()
        address = self.client[0] if self.client else UNKNOWN_ADDRESS
        reason = self.counts.refusal(address)
        if reason is not None:
            LOGGER.warning("A connection was refused: %s.", reason)
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, reason)
            return
        self._counted = address
        self.counts.add(address)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        if self._counted is not None:
            self.counts.remove(self._counted)
            self._counted = None
        if self._check is not None:
            self._check.cancel()
            self._check = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes, unless the connection is being closed."""
        for start in range(0, len(data), _PIECE_BYTES):
            if self.transport.is_closing():
                return
            super().data_received(data[start : start + _PIECE_BYTES])
        self._note_progress()

    def on_response_complete(self) -> None:
        """Go on with the next request."""
        super().on_response_complete()
        self._note_progress()

    def pause_writing(self) -> None:
        """Start the deadline of a client that does not read."""
        super().pause_writing()
        self._blocked_since_s = self.loop.time()
        self._unread_bytes = _unread_bytes(self.transport)

    def resume_writing(self) -> None:
        """End the deadline of a client that reads again."""
        super().resume_writing()
        self._blocked_since_s = None

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP, in the form of every other error."""
        self._refuse(
            HTTPStatus.BAD_REQUEST,
            f"{msg} Send HTTP/1.1, with a head of at most {self.limits.head_bytes:,} bytes.",
        )

    def _note_progress(self) -> None:
        """Start the deadline of a head or body that has begun, and end that of a complete one."""
        now_s = self.loop.time()
        is_awaited = self.conn.their_state is h11.IDLE
        if not is_awaited:
            self._head_since_s = None
        elif self.conn.trailing_data[0]:
            self._head_since_s = now_s if self._head_since_s is None else self._head_since_s
        else:
            self._note_idleness()
        if self.conn.their_state is not h11.SEND_BODY:
            self._body_since_s = None
        elif self._body_since_s is None:
            self._body_since_s = now_s

    def _note_idleness(self) -> None:
        """Start the deadline of an idle connection, which Uvicorn ends at the rest of an unread body."""
        is_answered = self.cycle is not None and self.cycle.response_complete
        if is_answered and self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def _note_reading(self, now_s: float) -> None:
        """Start the deadlines of writing again if the client has read something since the last check."""
        if self._blocked_since_s is None and not self.transport.is_closing():
            return
        unread = _unread_bytes(self.transport)
        if unread < self._unread_bytes:
            self._blocked_since_s = None if self._blocked_since_s is None else now_s
            self._closing_since_s = None
        self._unread_bytes = unread

    def _schedule_check(self) -> None:
        self._check = self.loop.call_later(self.limits.check_interval_s, self._check_deadlines)

    def _check_deadlines(self) -> None:
        self._schedule_check()
        now_s = self.loop.time()
        self._note_reading(now_s)
        if self.transport.is_closing():
            self._closing_since_s = now_s if self._closing_since_s is None else self._closing_since_s
            if now_s - self._closing_since_s >= self.limits.write_s:
                self.transport.abort()
        elif _is_over(self._blocked_since_s, self.limits.write_s + GRACE_S, now_s):
            self.transport.abort()
        elif _is_over(self._head_since_s, self.limits.head_s, now_s):
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, f"the head took longer than {self.limits.head_s:g} s")
        elif _is_over(self._body_since_s, self.limits.body_s, now_s):
            self._end_body(f"the body took longer than {self.limits.body_s:g} s")

    def _end_body(self, reason: str) -> None:
        """Tell the application that its client is gone, and the client why."""
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self._refuse(HTTPStatus.REQUEST_TIMEOUT, reason)

    def _refuse(self, status: HTTPStatus, detail: str) -> None:
        """Send a problem, if a response has not begun, and close the connection."""
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            self.transport.write(_problem(status, detail))
        self.transport.close()


def bounded_connections(limits: ConnectionLimits) -> type[BoundedConnection]:
    """Return the class of a server's connections, which share their counts."""
    return type(
        BoundedConnection.__name__,
        (BoundedConnection,),
        {"limits": limits, "counts": ConnectionCounts(limits)},
    )


def _unread_bytes(transport: asyncio.Transport) -> int:
    """Return how much of what was written has not reached the client, in the process and in the kernel.

    The kernel takes megabytes at once: without its part, a client that reads slowly seems not to read.
    """
    sock = transport.get_extra_info("socket")
    in_kernel = array.array("i", [0])
    if sock is not None:
        # A closed socket has nothing left.
        with contextlib.suppress(OSError, ValueError):
            fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, in_kernel)
    return transport.get_write_buffer_size() + in_kernel[0]


def _is_over(since_s: float | None, limit_s: float, now_s: float) -> bool:
    return since_s is not None and now_s - since_s >= limit_s


def _problem(status: HTTPStatus, detail: str) -> bytes:
    """Return a whole response: there is no request whose path or id it could name."""
    body = json.dumps(
        {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
    ).encode()
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {MEDIA_TYPE}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body

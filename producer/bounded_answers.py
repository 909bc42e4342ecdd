"""Limits of what a client of the transaction API reads, so that no server can fill its memory.

Sizes are in bytes as they arrive: a body is never decompressed, and always read as UTF-8. A compressed one,
or one in an encoding of the server's choice, would let a few bytes become many.
"""

import re
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final, Protocol

import httpx

MAX_ANSWER_BYTES: Final = 16 * 1024 * 1024
"""Largest answer that is read; 1,000 transactions have about 0.5 MB."""
MAX_PROBLEM_BYTES: Final = 64 * 1024
"""Part of the body of a refusal that is read: a problem has less than 1 KiB."""
MAX_EVENT_BYTES: Final = 2 * 1024 * 1024
"""Largest event of the stream, with its line ends; one has 1,000 transactions at most."""
ANSWER_DEADLINE_S: Final = 30.0
"""Total deadline of the body of an answer or a refusal. The stream has none."""
EVENT_STREAM: Final = "text/event-stream"
_TAKEN: Final = 200
_EVENT_END: Final = re.compile(rb"\n\r?\n|\r\r")
"""A blank line (HTML standard, server-sent events)."""
_END_BYTES: Final = 3
"""Length of the longest `_EVENT_END`."""


class EventTooLargeError(Exception):
    """An event of the stream, or one of its lines, has more than `MAX_EVENT_BYTES`."""


class _Limit(Protocol):
    def admits(self, chunk: bytes) -> bool:
        """Whether the next part may be read; False ends the body before it. Raises the error of a limit."""


class _AnswerLimit:
    """Fails an answer beyond `MAX_ANSWER_BYTES` or `ANSWER_DEADLINE_S`."""

    def __init__(self) -> None:
        self._bytes = 0
        self._ends_s = time.monotonic() + ANSWER_DEADLINE_S

    def admits(self, chunk: bytes) -> bool:
        self._bytes += len(chunk)
        if self._bytes > MAX_ANSWER_BYTES:
            msg = f"the answer has more than {MAX_ANSWER_BYTES:,} bytes; check TRANSACTION_API_URL"
            raise httpx.ReadError(msg)
        if time.monotonic() > self._ends_s:
            msg = f"the answer took more than {ANSWER_DEADLINE_S:g} s"
            raise httpx.ReadTimeout(msg)
        return True


class _ProblemLimit:
    """Ends the body of a refusal at `MAX_PROBLEM_BYTES` or `ANSWER_DEADLINE_S`: its status says enough."""

    def __init__(self) -> None:
        self._bytes = 0
        self._ends_s = time.monotonic() + ANSWER_DEADLINE_S

    def admits(self, chunk: bytes) -> bool:
        self._bytes += len(chunk)
        return self._bytes <= MAX_PROBLEM_BYTES and time.monotonic() <= self._ends_s


class _EventLimit:
    """Fails a stream in which an event does not end within `MAX_EVENT_BYTES`."""

    def __init__(self) -> None:
        self._bytes = 0
        self._tail = b""

    def admits(self, chunk: bytes) -> bool:
        # The end of an event may be split between two chunks.
        self._bytes -= len(self._tail)
        *ended, rest = _EVENT_END.split(self._tail + chunk)
        for event in ended:
            self._add(event)
            self._bytes = 0
        self._add(rest)
        self._tail = rest[1 - _END_BYTES :]
        return True

    def _add(self, part: bytes) -> None:
        self._bytes += len(part)
        if self._bytes > MAX_EVENT_BYTES:
            msg = f"an event of the stream has more than {MAX_EVENT_BYTES:,} bytes"
            raise EventTooLargeError(msg)


class _BoundedBody(httpx.SyncByteStream, httpx.AsyncByteStream):
    """The body of a response within a limit, for both kinds of clients."""

    def __init__(self, body: Any, limit: _Limit) -> None:  # noqa: ANN401 - either kind of stream
        self._body = body
        self._limit = limit

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._body:
            if not self._limit.admits(chunk):
                return
            yield chunk

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._body:
            if not self._limit.admits(chunk):
                return
            yield chunk

    def close(self) -> None:
        self._body.close()

    async def aclose(self) -> None:
        await self._body.aclose()


def bound_answer(response: httpx.Response) -> None:
    """Limit the body of a response that has not been read yet; an event hook of httpx.

    Reading it then raises ``httpx.TransportError`` if an answer exceeds a limit, and `EventTooLargeError` if
    an event does. The body of a refusal ends at its limit.
    """
    response.headers.pop("Content-Encoding", None)
    response.encoding = "utf-8"
    response.stream = _BoundedBody(response.stream, _limit_of(response))


def _limit_of(response: httpx.Response) -> _Limit:
    """Return the limit for what was requested, whatever type the server says that it sends."""
    if response.status_code != _TAKEN:
        return _ProblemLimit()
    is_stream = response.request.headers.get("Accept") == EVENT_STREAM
    return _EventLimit() if is_stream else _AnswerLimit()

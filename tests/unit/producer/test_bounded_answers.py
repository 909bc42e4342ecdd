"""Limits of what the clients of the transaction API read. Bodies are streamed, as a server sends them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Final

import httpx
import pytest

from fraudstream.domain.transaction import Transaction
from producer import bounded_answers
from producer.bounded_answers import EventTooLargeError
from producer.client import ApiError, AsyncTransactionClient, TransactionBatch, TransactionClient

RECORD: Final = Transaction(
    transaction_id="T1", event_time_ms=1_767_200_400_123, account_id="A1", transaction_amount_vnd=5_000.0
).to_json()
EVENT: Final = b'id: a.1\ndata: {"transactions":[%s]}\n\n' % RECORD
EVENT_STREAM: Final = {"Content-Type": "text/event-stream"}
CHUNK: Final = b"x" * 1_000

Read = Callable[[httpx.Response], list[TransactionBatch]]
"""Reads the stream, or transactions, from a response until the client ends it."""


class Body(httpx.SyncByteStream, httpx.AsyncByteStream):
    """Sends ``first``, and then a chunk again and again, if there is one."""

    def __init__(self, *first: bytes, endless: bytes = b"") -> None:
        self.sent_bytes = 0
        self.is_closed = False
        self._first = first
        self._endless = endless

    def __iter__(self) -> Iterator[bytes]:
        """Send as long as somebody reads."""
        yield from self._first
        while self._endless:
            self.sent_bytes += len(self._endless)
            yield self._endless

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Send as long as somebody reads."""
        for chunk in self:
            yield chunk

    def close(self) -> None:
        """Note that the client reads no more."""
        self.is_closed = True

    async def aclose(self) -> None:
        """Note that the client reads no more."""
        self.is_closed = True


def blocking(response: httpx.Response) -> TransactionClient:
    return TransactionClient("http://api.test", transport=httpx.MockTransport(lambda _request: response))


def read_blocking(response: httpx.Response) -> list[TransactionBatch]:
    with blocking(response) as client:
        return [next(client.stream())]


def read_async(response: httpx.Response) -> list[TransactionBatch]:
    async def first() -> list[TransactionBatch]:
        transport = httpx.MockTransport(lambda _request: response)
        async with AsyncTransactionClient("http://api.test", transport=transport) as client:
            return [await anext(client.stream())]

    return asyncio.run(first())


def ask_blocking(response: httpx.Response) -> list[TransactionBatch]:
    with blocking(response) as client:
        return [TransactionBatch("", tuple(client.transactions(1)), follows_gap=False)]


def ask_async(response: httpx.Response) -> list[TransactionBatch]:
    async def ask() -> list[TransactionBatch]:
        transport = httpx.MockTransport(lambda _request: response)
        async with AsyncTransactionClient("http://api.test", transport=transport) as client:
            return [TransactionBatch("", tuple(await client.transactions(1)), follows_gap=False)]

    return asyncio.run(ask())


@pytest.mark.parametrize("ask", [ask_blocking, ask_async])
@pytest.mark.parametrize("content_type", ["application/json", "text/event-stream"])
def test_an_answer_without_end_is_given_up(ask: Read, content_type: str) -> None:
    body = Body(endless=b"[" * 65_536)
    with pytest.raises(httpx.TransportError, match="more than 16,777,216 bytes"):
        ask(httpx.Response(200, headers={"Content-Type": content_type}, stream=body))
    assert (body.is_closed, body.sent_bytes) == (True, bounded_answers.MAX_ANSWER_BYTES + 65_536)


@pytest.mark.parametrize("read", [ask_blocking, ask_async, read_blocking, read_async])
def test_a_refusal_without_end_is_reported_by_its_status(read: Read) -> None:
    body = Body(b'{"title": "', endless=CHUNK)
    with pytest.raises(ApiError, match="403 Forbidden"):
        read(httpx.Response(403, stream=body))
    assert body.is_closed
    assert body.sent_bytes <= bounded_answers.MAX_PROBLEM_BYTES + len(CHUNK)


@pytest.mark.parametrize("read", [ask_blocking, ask_async, read_blocking, read_async])
def test_a_slow_refusal_is_reported_by_its_status(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_answers, "ANSWER_DEADLINE_S", -1.0)
    with pytest.raises(ApiError, match="403 Forbidden"):
        read(httpx.Response(403, stream=Body(b'{"title": "', endless=b"x")))


@pytest.mark.parametrize("read", [read_blocking, read_async])
@pytest.mark.parametrize("endless", [b"x", b"data: x\n", b"data: x\r\n", b": x\n", b"\r\ndata: x"], ids=repr)
def test_an_event_without_end_is_an_error(read: Read, endless: bytes) -> None:
    body = Body(b"data: ", endless=endless * 1_000)
    with pytest.raises(EventTooLargeError, match="more than 2,097,152 bytes"):
        read(httpx.Response(200, headers=EVENT_STREAM, stream=body))
    assert body.is_closed
    assert body.sent_bytes <= bounded_answers.MAX_EVENT_BYTES + 1_000 * len(endless)


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("chunk_bytes", [1, 2, 3, 7, 100_000])
def test_events_within_the_limit_are_read_without_end(
    line_end: bytes, chunk_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_answers, "MAX_EVENT_BYTES", 2 * len(EVENT))
    data = (EVENT + b": heartbeat\n\n").replace(b"\n", line_end) * 20
    chunks = [data[at : at + chunk_bytes] for at in range(0, len(data), chunk_bytes)]
    with blocking(httpx.Response(200, headers=EVENT_STREAM, stream=Body(*chunks))) as client:
        batches = client.stream()
        assert [next(batches).event_id for _ in range(20)] == ["a.1"] * 20


@pytest.mark.parametrize("read", [read_blocking, read_async])
def test_the_server_does_not_choose_how_the_stream_is_decoded(read: Read) -> None:
    headers = {"Content-Type": "text/event-stream; charset=zip", "Content-Encoding": "gzip"}
    (batch,) = read(httpx.Response(200, headers=headers, stream=Body(EVENT)))
    assert batch.event_id == "a.1"


@pytest.mark.parametrize("ask", [ask_blocking, ask_async])
def test_a_body_is_not_decompressed(ask: Read) -> None:
    body = Body(b'{"transactions":[%s]}' % RECORD)
    (batch,) = ask(httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=body))
    assert len(batch.transactions) == 1


@pytest.mark.parametrize("ask", [ask_blocking, ask_async])
def test_a_slow_answer_has_a_total_deadline(ask: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_answers, "ANSWER_DEADLINE_S", -1.0)
    with pytest.raises(httpx.TransportError, match="took more than"):
        ask(httpx.Response(200, stream=Body(RECORD)))

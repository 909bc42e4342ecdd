"""The clients of the transaction API against canned responses."""

import asyncio
from collections.abc import Iterable
from typing import Final

import httpx
import pytest

from fraudstream.domain.transaction import Transaction
from producer.client import (
    DEFAULT_TIMEOUT_S,
    SILENCE_S,
    ApiError,
    AsyncTransactionClient,
    DroppedError,
    TransactionBatch,
    TransactionClient,
)

TRANSACTION: Final = Transaction(
    transaction_id="T1", event_time_ms=1_767_200_400_123, account_id="A1", transaction_amount_vnd=5_000.0
)
RECORD: Final = TRANSACTION.to_json()
URL: Final = "http://api.test"


def many(count: int) -> bytes:
    return b'{"count":%d,"transactions":[%s]}' % (count, b",".join([RECORD] * count))


def event(event_id: str, count: int = 1) -> bytes:
    return b"id: %s\ndata: %s\n\n" % (event_id.encode(), many(count))


def named(name: str, reason: str) -> bytes:
    return b'event: %s\ndata: {"reason":"%s"}\n\n' % (name.encode(), reason.encode())


def problem(status: int, title: str = "No", detail: str = "way") -> httpx.Response:
    return httpx.Response(status, json={"title": title, "detail": detail, "status": status})


def sse(*parts: bytes) -> httpx.Response:
    return httpx.Response(200, headers={"Content-Type": "text/event-stream"}, content=b"".join(parts))


class Api:
    """Answers each request with the next of ``answers``; an exception is raised instead."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.requests: list[httpx.Request] = []
        self.slept_s: list[float] = []
        self._answers = iter(answers)

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def client(self, **access: str) -> TransactionClient:
        transport = httpx.MockTransport(self.handle)
        return TransactionClient(URL + "/", transport=transport, sleep=self.slept_s.append, **access)

    def resumed_after(self) -> list[str | None]:
        return [request.headers.get("Last-Event-ID") for request in self.requests]


def take(batches: Iterable[TransactionBatch], count: int) -> list[TransactionBatch]:
    return [batch for _, batch in zip(range(count), batches, strict=False)]


def test_one_and_many_transactions_are_read() -> None:
    api = Api(httpx.Response(200, content=RECORD), httpx.Response(200, content=many(3)))
    with api.client() as client:
        assert client.transaction() == TRANSACTION
        assert client.transactions(3) == [TRANSACTION] * 3
    assert [str(request.url) for request in api.requests] == [f"{URL}/transaction", f"{URL}/transactions/3"]


@pytest.mark.parametrize(
    ("access", "header", "value"),
    [({"api_key": "k"}, "X-API-Key", "k"), ({"token": "t"}, "Authorization", "Bearer t")],
)
def test_each_request_carries_the_key_or_the_token(access: dict[str, str], header: str, value: str) -> None:
    api = Api(httpx.Response(200, content=RECORD), sse(event("a.1")))
    client = api.client(**access)
    client.transaction()
    take(client.stream(), 1)
    assert [request.headers.get(header) for request in api.requests] == [value, value]


def test_an_error_has_the_message_of_the_api() -> None:
    with pytest.raises(ApiError, match="401 Who are you: no key") as refused:
        Api(problem(401, "Who are you", "no key")).client().transaction()
    assert refused.value.status == 401


def test_an_error_of_a_proxy_is_reported_too() -> None:
    with pytest.raises(ApiError, match="502 Bad Gateway"):
        Api(httpx.Response(502, text="<html>")).client().transactions(1)


def test_a_stream_is_requested_at_its_own_pace() -> None:
    api = Api(sse(event("a.1", 2)))
    batches = take(api.client().stream(frequency_seconds=0.5, batch_size=2, last_event_id="a.0"), 1)
    assert batches == [TransactionBatch("a.1", (TRANSACTION, TRANSACTION), follows_gap=False)]
    assert dict(api.requests[0].url.params) == {"frequency_seconds": "0.5", "batch_size": "2"}
    assert api.resumed_after() == ["a.0"]


def test_a_stream_resumes_after_its_last_event_whatever_ends_a_connection() -> None:
    api = Api(
        sse(b": heartbeat\n\n", event("a.1"), event("a.2")),
        httpx.ConnectError("refused"),
        problem(503),
        sse(named("bye", "the server is shutting down")),
        sse(named("gap", "no longer kept"), event("b.1"), event("b.2")),
    )
    batches = take(api.client().stream(), 4)
    assert [(batch.event_id, batch.follows_gap) for batch in batches] == [
        ("a.1", False),
        ("a.2", False),
        ("b.1", True),
        ("b.2", False),
    ]
    assert api.resumed_after() == [None, "a.2", "a.2", "a.2", "a.2"]


def test_the_backoff_grows_until_an_event_arrives() -> None:
    lost = [httpx.ConnectError("refused") for _ in range(7)]
    api = Api(*lost, sse(event("a.1")), httpx.ReadTimeout("silent"), sse(event("a.2")))
    take(api.client().stream(), 2)
    assert api.slept_s == [1, 2, 4, 8, 16, 30, 30, 1, 2]


def test_the_api_may_set_the_first_backoff() -> None:
    lost = [httpx.ConnectError("refused") for _ in range(2)]
    api = Api(sse(b"retry: 250\n\n", event("a.1")), *lost, sse(event("a.2")), sse(event("a.3")))
    take(api.client().stream(), 3)
    assert api.slept_s == [0.25, 0.5, 1.0, 0.25]


@pytest.mark.parametrize(
    ("milliseconds", "wait_s"), [(b"-1", 0), (b"0", 0), (b"999999999999", 30), (b"9" * 400, 30)]
)
def test_the_api_cannot_set_a_wait_without_end_or_below_zero(milliseconds: bytes, wait_s: float) -> None:
    api = Api(sse(b"retry: %s\n\n" % milliseconds, event("a.1")), sse(event("a.2")))
    take(api.client().stream(), 2)
    assert api.slept_s == [wait_s]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 422])
def test_a_stream_rejected_permanently_is_not_requested_again(status: int) -> None:
    api = Api(problem(status), sse(event("a.1")))
    with pytest.raises(ApiError, match=str(status)):
        take(api.client().stream(), 1)
    assert len(api.requests) == 1


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_stream_rejected_temporarily_is_requested_again(status: int) -> None:
    api = Api(problem(status), sse(event("a.1")))
    assert len(take(api.client().stream(), 1)) == 1
    assert api.slept_s == [1]


def test_a_stream_without_heartbeats_is_reconnected() -> None:
    api = Api(sse(event("a.1")), httpx.Response(200, content=RECORD))
    client = api.client()
    take(client.stream(), 1)
    client.transaction()
    waits_s = [request.extensions["timeout"]["read"] for request in api.requests]
    assert waits_s == [SILENCE_S, DEFAULT_TIMEOUT_S]


def test_the_status_is_returned() -> None:
    answer = {"mode": "streaming", "clients": 3}
    api = Api(httpx.Response(200, json=answer), httpx.Response(200, json=answer), problem(401))
    with api.client() as client:
        assert client.status() == answer

    async def use() -> None:
        async with AsyncTransactionClient(URL, transport=httpx.MockTransport(api.handle)) as waiting:
            assert await waiting.status() == answer
            with pytest.raises(ApiError, match="401"):
                await waiting.status()

    asyncio.run(use())
    assert [str(request.url) for request in api.requests] == [f"{URL}/status"] * 3


def test_a_client_that_was_too_slow_learns_where_to_resume() -> None:
    api = Api(sse(event("a.1"), named("dropped", "queue_full")))
    batches = api.client().stream()
    assert next(batches).event_id == "a.1"
    with pytest.raises(DroppedError, match="queue_full") as dropped:
        next(batches)
    assert dropped.value.last_event_id == "a.1"


def test_the_async_client_behaves_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(
        httpx.Response(200, content=RECORD),
        httpx.Response(200, content=many(2)),
        sse(event("a.1")),
        problem(503),
        sse(named("gap", "no longer kept"), event("b.1")),
    )
    slept_s: list[float] = []

    async def sleep(seconds: float) -> None:
        slept_s.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)

    async def use() -> list[TransactionBatch]:
        transport = httpx.MockTransport(api.handle)
        async with AsyncTransactionClient(URL, api_key="k", transport=transport) as client:
            assert await client.transaction() == TRANSACTION
            assert await client.transactions(2) == [TRANSACTION] * 2
            batches: list[TransactionBatch] = []
            async for batch in client.stream():
                batches.append(batch)
                if len(batches) == 2:
                    return batches
        raise AssertionError

    batches = asyncio.run(use())
    assert [(batch.event_id, batch.follows_gap) for batch in batches] == [("a.1", False), ("b.1", True)]
    assert api.resumed_after()[2:] == [None, "a.1", "a.1"]
    assert slept_s[:2] == [1, 2]
    assert {request.headers["X-API-Key"] for request in api.requests} == {"k"}


@pytest.mark.parametrize(
    "body", [b"", b"no json", b"[" * 100_000, b"[]", b'"x"', b'{"transactions": 7}', b'{"transactions": [7]}']
)
def test_an_answer_that_is_not_the_apis_is_refused_in_words(body: bytes) -> None:
    with pytest.raises(ApiError, match="not an answer of the transaction API"):
        Api(httpx.Response(200, content=body)).client().transactions(1)

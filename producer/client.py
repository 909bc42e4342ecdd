"""Client of the transaction API, blocking or asynchronous: one transaction, many, or the stream.

What the server sends is limited by `producer.bounded_answers`, in both clients.

with TransactionClient("http://127.0.0.1:8000", api_key=key) as client:
    for batch in client.stream():
        ...
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

import httpx
import orjson
from httpx_sse import ServerSentEvent, aconnect_sse, connect_sse

from fraudstream.domain.transaction import Transaction
from fraudstream.runtime.loopback import is_loopback_url
from producer.bounded_answers import bound_answer

DEFAULT_TIMEOUT_S: Final = 10.0
SILENCE_S: Final = 60.0
"""A stream that sends nothing for this long, not even a heartbeat, counts as lost. The API sends heartbeats
every 15 s by default."""
FIRST_RETRY_S: Final = 1.0
"""Default; the API can set another wait, up to `MAX_RETRY_S`."""
MAX_RETRY_S: Final = 30.0
_PASSING: Final = frozenset({429, 500, 502, 503, 504})
"""Transient HTTP statuses: another attempt may succeed."""
_TAKEN: Final = 200


class ApiError(Exception):
    """The API refused a request; ``status`` is its HTTP status, the message its title and detail."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status} {message}")
        self.status = status


class DroppedError(Exception):
    """The API dropped this client because it read too slowly; resume after ``last_event_id``."""

    def __init__(self, reason: str, last_event_id: str | None) -> None:
        super().__init__(f"dropped by the API: {reason}")
        self.last_event_id = last_event_id


def is_passing(error: Exception) -> bool:
    """Whether the error is transient: no answer at all, or a status that another attempt may fix."""
    if isinstance(error, ApiError):
        return error.status in _PASSING
    return isinstance(error, httpx.TransportError)


@dataclass(frozen=True, slots=True)
class TransactionBatch:
    """Transactions of one event of the stream."""

    event_id: str
    transactions: tuple[Transaction, ...]
    follows_gap: bool
    """Whether events before this one are missing: the API had dropped them when this client reconnected."""


@dataclass(slots=True)
class _Position:
    """Position in the stream, kept across connections."""

    last_event_id: str | None
    first_retry_s: float = FIRST_RETRY_S
    retry_s: float = FIRST_RETRY_S
    is_after_gap: bool = False

    def headers(self) -> dict[str, str]:
        return {} if self.last_event_id is None else {"Last-Event-ID": self.last_event_id}

    def on_event(self, event: ServerSentEvent) -> TransactionBatch | None:
        """Return the batch of an event, or None if the event has no transactions.

        Raises `DroppedError` if the event says that the API drops this client.
        """
        if event.retry is not None:
            self.first_retry_s = self.retry_s = min(1000 * MAX_RETRY_S, max(0, event.retry)) / 1000
        if event.event == "dropped":
            raise DroppedError(str(orjson.loads(event.data).get("reason")), self.last_event_id)
        if event.event == "gap":
            self.is_after_gap = True
        if event.event != "message" or not event.data:
            return None
        transactions = tuple(_transaction(record) for record in orjson.loads(event.data)["transactions"])
        batch = TransactionBatch(event.id, transactions, self.is_after_gap)
        self.last_event_id, self.is_after_gap, self.retry_s = event.id, False, self.first_retry_s
        return batch

    def wait_s(self) -> float:
        """Return the wait before the next connection; it doubles until transactions arrive."""
        wait_s = self.retry_s
        self.retry_s = min(MAX_RETRY_S, 2 * wait_s)
        return wait_s


class TransactionClient:
    """Blocking client, one per thread. Close it, or use it in a ``with`` statement."""

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None = None,
        token: str | None = None,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._sleep = sleep
        self._http = httpx.Client(
            transport=transport,
            event_hooks={"response": [bound_answer]},
            **_options(url, api_key, token),
        )

    def __enter__(self) -> Self:
        """Return the client itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def status(self) -> dict[str, Any]:
        """Return mode, counts and configuration; raises `ApiError` or ``httpx.TransportError``."""
        return self._get("/status")

    def transaction(self) -> Transaction:
        """Return one transaction with an event time of about now.

        Raises `ApiError` or ``httpx.TransportError``.
        """
        return _one(self._get("/transaction"))

    def transactions(self, count: int) -> list[Transaction]:
        """Return ``count`` transactions, 1 to 1,000; raises `ApiError` or ``httpx.TransportError``."""
        return _several(self._get(f"/transactions/{count}"))

    def _get(self, path: str) -> dict[str, Any]:
        return _answer(self._http.get(path))

    def stream(
        self,
        *,
        frequency_seconds: float | None = None,
        batch_size: int | None = None,
        last_event_id: str | None = None,
    ) -> Iterator[TransactionBatch]:
        """Yield batches without an end, reconnecting when necessary.

        No batch is lost that the API still keeps when this client reconnects. Raises `ApiError` if a request
        is refused permanently, `DroppedError` if this client read too slowly, and
        `producer.bounded_answers.EventTooLargeError` if an event has no end.
        """
        position = _Position(last_event_id)
        parameters = _parameters(frequency_seconds, batch_size)
        while True:
            try:
                with connect_sse(self._http, **_stream_request(parameters, position)) as source:
                    if source.response.status_code != _TAKEN:
                        source.response.read()
                    _check(source.response)
                    for event in source.iter_sse():
                        batch = position.on_event(event)
                        if batch is not None:
                            yield batch
            except (httpx.TransportError, ApiError) as error:
                _raise_if_final(error)
            self._sleep(position.wait_s())


class AsyncTransactionClient:
    """Asynchronous counterpart of `TransactionClient`. Close it, or use it in an ``async with`` statement."""

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None = None,
        token: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._http = httpx.AsyncClient(
            transport=transport,
            event_hooks={"response": [_bound_answer_async]},
            **_options(url, api_key, token),
        )

    async def __aenter__(self) -> Self:
        """Return the client itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def status(self) -> dict[str, Any]:
        """Return mode, counts and configuration; raises `ApiError` or ``httpx.TransportError``."""
        return await self._get("/status")

    async def transaction(self) -> Transaction:
        """Return one transaction with an event time of about now.

        Raises `ApiError` or ``httpx.TransportError``.
        """
        return _one(await self._get("/transaction"))

    async def transactions(self, count: int) -> list[Transaction]:
        """Return ``count`` transactions, 1 to 1,000; raises `ApiError` or ``httpx.TransportError``."""
        return _several(await self._get(f"/transactions/{count}"))

    async def _get(self, path: str) -> dict[str, Any]:
        return _answer(await self._http.get(path))

    async def stream(
        self,
        *,
        frequency_seconds: float | None = None,
        batch_size: int | None = None,
        last_event_id: str | None = None,
    ) -> AsyncIterator[TransactionBatch]:
        """Yield batches as `TransactionClient.stream` does."""
        position = _Position(last_event_id)
        parameters = _parameters(frequency_seconds, batch_size)
        while True:
            try:
                async with aconnect_sse(self._http, **_stream_request(parameters, position)) as source:
                    if source.response.status_code != _TAKEN:
                        await source.response.aread()
                    _check(source.response)
                    async for event in source.aiter_sse():
                        batch = position.on_event(event)
                        if batch is not None:
                            yield batch
            except (httpx.TransportError, ApiError) as error:
                _raise_if_final(error)
            await asyncio.sleep(position.wait_s())


def credential_headers(api_key: str | None, token: str | None) -> dict[str, str]:
    """Return the headers that authenticate a request: a key, a JWT, both or neither."""
    headers = {}
    if api_key is not None:
        headers["X-API-Key"] = api_key
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    return headers


def _options(url: str, api_key: str | None, token: str | None) -> dict[str, Any]:
    """Return the options that both clients of httpx have in common."""
    return {
        "base_url": url,
        "headers": {"Accept-Encoding": "identity"} | credential_headers(api_key, token),
        "timeout": DEFAULT_TIMEOUT_S,
        "trust_env": not is_loopback_url(url),
    }


async def _bound_answer_async(response: httpx.Response) -> None:
    bound_answer(response)


def _parameters(frequency_seconds: float | None, batch_size: int | None) -> dict[str, float]:
    given = {"frequency_seconds": frequency_seconds, "batch_size": batch_size}
    return {name: value for name, value in given.items() if value is not None}


def _stream_request(parameters: Mapping[str, float], position: _Position) -> dict[str, Any]:
    return {
        "method": "GET",
        "url": "/stream",
        "params": parameters,
        "headers": position.headers(),
        "timeout": httpx.Timeout(DEFAULT_TIMEOUT_S, read=SILENCE_S),
    }


def _transaction(record: dict[str, Any]) -> Transaction:
    return Transaction.from_json(orjson.dumps(record))


@contextmanager
def _malformed_refused() -> Iterator[None]:
    """Convert the errors of an answer that is not the API's to `ApiError`."""
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"not an answer of the transaction API: {type(error).__name__}: {error}"
        raise ApiError(_TAKEN, message) from error


def _one(answer: dict[str, Any]) -> Transaction:
    with _malformed_refused():
        return _transaction(answer)


def _several(answer: dict[str, Any]) -> list[Transaction]:
    with _malformed_refused():
        return [_transaction(record) for record in answer["transactions"]]


def _answer(response: httpx.Response) -> dict[str, Any]:
    _check(response)
    with _malformed_refused():
        answer: dict[str, Any] = orjson.loads(response.content)
    return answer


def _check(response: httpx.Response) -> None:
    """Raise `ApiError` for a refusal, whose body has been read."""
    if response.status_code == _TAKEN:
        return
    try:
        problem = orjson.loads(response.content)
        message = f"{problem['title']}: {problem['detail']}"
    except (orjson.JSONDecodeError, KeyError, TypeError):
        # Not an answer of the API: a proxy's error page, for example.
        message = response.reason_phrase
    raise ApiError(response.status_code, message)


def _raise_if_final(error: Exception) -> None:
    if not is_passing(error):
        raise error

"""Asynchronous client of the decision API; see `fraudstream.sdk.fraud_detector`."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, overload

import httpx

from fraudstream.domain.transaction import Transaction
from fraudstream.runtime.terminal import redacted
from fraudstream.sdk.call_attempts import AnswerBody, CallAttempts, RetryPolicy
from fraudstream.sdk.detector_setup import client_options, detector_access
from fraudstream.sdk.sdk_answers import FraudCheck
from fraudstream.sdk.sdk_errors import FraudDetectorError, RequestRefusedError
from fraudstream.sdk.service_calls import (
    ServiceAnswer,
    ServiceCall,
    TransactionInput,
    check_call,
    check_of,
    decision_calls,
    read_answer,
    results_of,
    send_calls,
)


class AsyncFraudDetector:
    """Asynchronous counterpart of `FraudDetector`. Close it, or use it in an ``async with`` statement."""

    def __init__(  # noqa: PLR0913 - independent options
        self,
        url: str | None = None,
        api_key: str | None = None,
        *,
        token: str | None = None,
        timeout_s: float = 10.0,
        retries: int = 3,
        ssl_context: ssl.SSLContext | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        access = detector_access(url, api_key, token)
        self._shown_url = redacted(access.url)
        self._policy = RetryPolicy(deadline_s=timeout_s, retries=retries)
        self._sleep = sleep
        self._http = httpx.AsyncClient(transport=transport, **client_options(access, ssl_context))

    def __repr__(self) -> str:
        """Return the class and the address, without credentials."""
        return f"{type(self).__name__}({self._shown_url!r})"

    async def __aenter__(self) -> Self:
        """Return the detector itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def check(self, transaction: TransactionInput) -> FraudCheck:
        """Return the score, the risk level and the factors of one transaction; see `FraudDetector.check`."""
        return check_of(await self._call(check_call(transaction)))

    async def predict(self, transaction: TransactionInput) -> FraudCheck:
        """Return the same as `check`."""
        return await self.check(transaction)

    @overload
    async def decide(
        self,
        transactions: Mapping[str, Any] | Transaction,
        *,
        features: bool = False,
        record: bool = False,
    ) -> dict[str, Any]: ...

    @overload
    async def decide(
        self, transactions: Sequence[TransactionInput], *, features: bool = False, record: bool = False
    ) -> list[dict[str, Any]]: ...

    async def decide(
        self,
        transactions: TransactionInput | Sequence[TransactionInput],
        *,
        features: bool = False,
        record: bool = False,
    ) -> dict[str, Any] | list[dict[str, Any]]:
        """Return the decision on a transaction, or on each of several; see `FraudDetector.decide`."""
        found = await self._results(decision_calls(transactions, features=features, record=record))
        return found[0] if isinstance(transactions, Mapping | Transaction) else found

    async def send(
        self,
        transactions: TransactionInput | Sequence[TransactionInput],
        *,
        idempotency_key: str | None = None,
    ) -> list[dict[str, Any]]:
        """Put one transaction or several onto the stream; see `FraudDetector.send`."""
        return await self._results(send_calls(transactions, idempotency_key))

    async def _results(self, calls: Iterable[ServiceCall]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        try:
            for call in calls:
                found += results_of(await self._call(call), call)
        except FraudDetectorError as error:
            error.earlier_results = found
            raise
        return found

    async def _call(self, call: ServiceCall) -> Any:  # noqa: ANN401 - any JSON
        attempts = CallAttempts(call, self._policy)
        while True:
            try:
                async with asyncio.timeout(attempts.left_s()):
                    answer = await self._answer(call, attempts)
                return read_answer(answer)
            except (httpx.TransportError, TimeoutError, RequestRefusedError) as error:
                wait_s = attempts.wait_s(error)
            await self._sleep(wait_s)

    async def _answer(self, call: ServiceCall, attempts: CallAttempts) -> ServiceAnswer:
        async with self._http.stream(
            "POST", call.path, content=call.body, headers=call.headers, timeout=None
        ) as response:
            body = AnswerBody(attempts)
            async for chunk in response.aiter_raw():
                body.add(chunk)
        retry_after = response.headers.get("Retry-After")
        return ServiceAnswer(response.status_code, response.reason_phrase, retry_after, body.content())

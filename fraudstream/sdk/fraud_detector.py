"""Blocking client of the decision API and the ingestion gateway.

with FraudDetector("https://decisions.bank.example", api_key=key) as detector:
    result = detector.predict({"user_id": "USER001", "amount": 1500.0, "merchant_id": "MERCH001"})
"""

import ssl
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, overload

import httpx

from fraudstream.domain.transaction import Transaction
from fraudstream.runtime.terminal import redacted
from fraudstream.sdk.call_attempts import AnswerBody, CallAttempts, RetryPolicy
from fraudstream.sdk.detector_setup import client_options, detector_access
from fraudstream.sdk.sdk_answers import FraudCheck
from fraudstream.sdk.sdk_errors import FraudDetectorError, RequestRefusedError, SetupError
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

if TYPE_CHECKING:
    from fraudstream.online.online_kernel import KernelLimits
    from fraudstream.sdk.local_detector import LocalDetector


class FraudDetector:
    """Asks a decision API; usable from several threads. Close it, or use it in a ``with`` statement.

    Arguments that are not given come from the environment: DECISION_API_URL, _KEY or _KEY_FILE, and _TOKEN.
    The URL's default is http://127.0.0.1:8000. ``timeout_s`` is the deadline of a call, with all of its
    retries. A call is retried only where that is safe. Raises `SetupError` if the access can't be used.

    Every method raises `RequestRefusedError`, `NoAnswerError` or `UnexpectedAnswerError`.
    """

    def __init__(  # noqa: PLR0913 - independent options
        self,
        url: str | None = None,
        api_key: str | None = None,
        *,
        token: str | None = None,
        timeout_s: float = 10.0,
        retries: int = 3,
        ssl_context: ssl.SSLContext | None = None,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        access = detector_access(url, api_key, token)
        self._shown_url = redacted(access.url)
        self._policy = RetryPolicy(deadline_s=timeout_s, retries=retries)
        self._sleep = sleep
        self._http = httpx.Client(transport=transport, **client_options(access, ssl_context))

    @staticmethod
    def local(  # noqa: PLR0913 - independent options
        model: str | Path | None = None,
        store: str | None = None,
        hash_key: str | None = None,
        *,
        catalogue: str | Path | None = None,
        threshold: float | None = None,
        usd_vnd_rate: float | None = None,
        limits: "KernelLimits | None" = None,
    ) -> "LocalDetector":
        """Return a detector that decides in this process, without a server.

        ``model`` is the folder of a version; by default, in a checkout, the shipped one. ``store`` is the URL
        of the profile store that the job writes, and ``hash_key`` the job's key. Without a store every
        decision is on the transaction alone, and its ``profile`` is ``missing``. ``catalogue`` is the file of
        the model's catalogue if that is not the built-in one, ``threshold`` replaces the model's, and
        ``usd_vnd_rate`` converts the ``amount`` of `check`. ``limits`` are those of the job where its
        lateness or its tolerance is not the default.

        Needs ``fraudstream[local]`` and Java 11 or later. Raises `SetupError` with the remedy if something is
        missing or can't be used.
        """
        try:
            from fraudstream.sdk.local_detector import local_detector  # noqa: PLC0415 - the client needs no model
        except ModuleNotFoundError as error:
            msg = f"FraudDetector.local needs {error.name}: pip install 'fraudstream[local]'"
            raise SetupError(msg) from error
        options = {} if usd_vnd_rate is None else {"usd_vnd_rate": usd_vnd_rate}
        return local_detector(
            model, store, hash_key, catalogue=catalogue, threshold=threshold, limits=limits, **options
        )

    def __repr__(self) -> str:
        """Return the class and the address, without credentials."""
        return f"{type(self).__name__}({self._shown_url!r})"

    def __enter__(self) -> Self:
        """Return the detector itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def check(self, transaction: TransactionInput) -> FraudCheck:
        """Return the score, the risk level and the factors of one transaction; changes nothing.

        Accepts the fields of ``POST /api/check-fraud``: ``user_id``, ``amount`` (in dollars), ``merchant_id``
        and others. A missing id or time is generated.
        """
        return check_of(self._call(check_call(transaction)))

    def predict(self, transaction: TransactionInput) -> FraudCheck:
        """Return the same as `check`."""
        return self.check(transaction)

    @overload
    def decide(
        self,
        transactions: Mapping[str, Any] | Transaction,
        *,
        features: bool = False,
        record: bool = False,
    ) -> dict[str, Any]: ...

    @overload
    def decide(
        self, transactions: Sequence[TransactionInput], *, features: bool = False, record: bool = False
    ) -> list[dict[str, Any]]: ...

    def decide(
        self,
        transactions: TransactionInput | Sequence[TransactionInput],
        *,
        features: bool = False,
        record: bool = False,
    ) -> dict[str, Any] | list[dict[str, Any]]:
        """Return the decision on a transaction, or a list of those on several, in their order.

        ``features``: with the feature vector. ``record``: also put the transactions onto the stream; then a
        call is repeated after a lost answer only if each one has its ``transaction_id`` and ``event_time``.
        More than 500 are several requests; if one fails, its error has the results of the earlier ones.
        """
        calls = decision_calls(transactions, features=features, record=record)
        found = self._results(calls)
        return found[0] if isinstance(transactions, Mapping | Transaction) else found

    def send(
        self,
        transactions: TransactionInput | Sequence[TransactionInput],
        *,
        idempotency_key: str | None = None,
    ) -> list[dict[str, Any]]:
        """Put one transaction or several onto the stream; returns a result for each, in their order.

        ``result`` is ``accepted`` or ``refused``. If all are refused, or one is not confirmed, the call fails
        with a `RequestRefusedError` whose ``members["results"]`` has the results.

        Repeating is safe: each request has an idempotency key, by default a new one. To repeat a call after
        an error, give it the same key again, with the same transactions, 500 at most.
        """
        return self._results(send_calls(transactions, idempotency_key))

    def _results(self, calls: Iterable[ServiceCall]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        try:
            for call in calls:
                found += results_of(self._call(call), call)
        except FraudDetectorError as error:
            error.earlier_results = found
            raise
        return found

    def _call(self, call: ServiceCall) -> Any:  # noqa: ANN401 - any JSON
        attempts = CallAttempts(call, self._policy)
        while True:
            try:
                return read_answer(self._answer(call, attempts))
            except (httpx.TransportError, TimeoutError, RequestRefusedError) as error:
                wait_s = attempts.wait_s(error)
            self._sleep(wait_s)

    def _answer(self, call: ServiceCall, attempts: CallAttempts) -> ServiceAnswer:
        with self._http.stream(
            "POST", call.path, content=call.body, headers=call.headers, timeout=attempts.left_s()
        ) as response:
            body = AnswerBody(attempts)
            for chunk in response.iter_raw():
                body.add(chunk)
        retry_after = response.headers.get("Retry-After")
        return ServiceAnswer(response.status_code, response.reason_phrase, retry_after, body.content())

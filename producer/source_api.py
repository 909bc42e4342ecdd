"""Transactions from the transaction API: its stream for a producer, large answers for a load test."""

import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Final, Self

import httpx

from fraudstream.domain.transaction import Transaction
from fraudstream.runtime.backoff import Backoff
from fraudstream.sdk.service_access import ServiceAccess
from fraudstream.streams.protocols import Record
from fraudstream.streams.stream_errors import StreamError
from producer.client import (
    ApiError,
    DroppedError,
    TransactionBatch,
    TransactionClient,
    credential_headers,
    is_passing,
)
from producer.mixing import RecordItem

MAX_PER_REQUEST: Final = 1_000
"""Most transactions in one answer of the API."""
MAX_ATTEMPTS: Final = 10
"""Attempts for one answer; with the default backoff the last one comes after about 20 s."""
MAX_QUEUED_EVENTS: Final = 100
"""Events that may wait to be sent. At this number, reading stops. If that lasts, the API drops this client,
which then reconnects and resumes where it was."""
POLL_S: Final = 0.1
"""Longest time until a stop is noticed."""

Report = Callable[[str], None]
"""Receives a line of text for the user."""


class ApiAccess(ServiceAccess):
    """Address of the transaction API, and the credentials for it."""

    @classmethod
    def from_variables(cls, variables: Mapping[str, str | None], prefix: str = "TRANSACTION_API_") -> Self:
        """Read the prefix's URL, KEY or KEY_FILE, and TOKEN; see `ServiceAccess.of`."""
        return cls.of(variables, prefix)

    @property
    def identity(self) -> str:
        """The kind of credentials, for messages; never the credentials themselves."""
        if self.api_key and self.token:
            return "the API key and the JWT"
        return "the API key" if self.api_key else "the JWT" if self.token else "requests without a key"

    def headers(self) -> dict[str, str]:
        """Return the headers that authenticate a request."""
        return credential_headers(self.api_key, self.token)

    def client(self, sleep: Callable[[float], object]) -> TransactionClient:
        """Return a client that waits with ``sleep``."""
        return TransactionClient(self.url, api_key=self.api_key, token=self.token, sleep=sleep)


def check_api(client: TransactionClient, url: str) -> None:
    """Check that the API answers and accepts this client; raises `StreamError` with the fix if not."""
    try:
        client.status()
    except (httpx.HTTPError, httpx.InvalidURL, ApiError) as error:
        raise _stream_error(error, url) from error


def first_transaction(client: TransactionClient, url: str) -> Transaction:
    """Return one transaction of the API; raises `StreamError` with the fix if it can't be had or read."""
    try:
        transaction = client.transaction()
        _check_amount(transaction)
    except (httpx.HTTPError, httpx.InvalidURL, ApiError) as error:
        raise _stream_error(error, url) from error
    return transaction


def _check_amount(transaction: Transaction) -> None:
    amount: object = transaction.transaction_amount_vnd
    if isinstance(amount, bool) or not isinstance(amount, int | float):
        raise ApiError(HTTPStatus.OK, f"transaction_amount_vnd={amount!r} is not a number")


def api_records(
    client: TransactionClient,
    url: str,
    sleep: Callable[[float], object],
    backoff: Backoff | None = None,
) -> Iterator[Record]:
    """Yield transactions without an end, `MAX_PER_REQUEST` per request.

    Transient errors (429, a server error, a lost connection) are retried, `MAX_ATTEMPTS` attempts in all.
    Raises `StreamError` after that, or at once if the API refuses the request.
    """
    waits = backoff or Backoff()
    while True:
        for transaction in _batch(client, url, sleep, waits):
            yield _record(transaction)


def _batch(
    client: TransactionClient, url: str, sleep: Callable[[float], object], backoff: Backoff
) -> list[Transaction]:
    retry = 0
    while True:
        try:
            return client.transactions(MAX_PER_REQUEST)
        except (httpx.TransportError, ApiError) as error:
            if not is_passing(error) or retry == MAX_ATTEMPTS - 1:
                raise _stream_error(error, url) from error
        sleep(backoff.wait_s(retry))
        retry += 1


class ApiStream:
    """Stream of the API, read by a separate thread so that a stop need not wait for the next event.

    Each transaction comes once, in the API's order, across all connections. ``lost_places`` counts the gaps,
    where the API no longer kept the events between two batches; each gap is also passed to ``report``.
    """

    def __init__(self, client: TransactionClient, url: str, stop: threading.Event, report: Report) -> None:
        self.lost_places = 0
        self._client = client
        self._url = url
        self._stop = stop
        self._report = report
        self._waiting: queue.Queue[TransactionBatch | Exception] = queue.Queue(MAX_QUEUED_EVENTS)

    def items(self, frequency_s: float, batch_size: int) -> Iterator[RecordItem]:
        """Yield transactions at this pace until ``stop`` is set; raises `StreamError` if the API refuses."""
        threading.Thread(target=self._read, args=(frequency_s, batch_size), daemon=True).start()
        while not self._stop.is_set():
            try:
                got = self._waiting.get(timeout=POLL_S)
            except queue.Empty:
                continue
            if isinstance(got, Exception):
                raise _stream_error(got, self._url) from got
            self._note_gap(got)
            for transaction in got.transactions:
                yield RecordItem("good", _record(transaction), transaction.event_time_ms)

    def _read(self, frequency_s: float, batch_size: int) -> None:
        last_event_id = None
        try:
            while True:
                try:
                    for batch in self._client.stream(
                        frequency_seconds=frequency_s, batch_size=batch_size, last_event_id=last_event_id
                    ):
                        self._waiting.put(batch)
                except DroppedError as error:
                    self._report(f"{error}; reconnecting")
                    last_event_id = error.last_event_id
        except Exception as error:  # noqa: BLE001 - `items` reports it
            self._waiting.put(error)

    def _note_gap(self, batch: TransactionBatch) -> None:
        if batch.follows_gap:
            self.lost_places += 1
            self._report(f"events before {batch.event_id} are missing: the API no longer keeps them")


def _record(transaction: Transaction) -> Record:
    return Record(transaction.to_json(), transaction.account_id)


def _stream_error(error: Exception, url: str) -> StreamError:
    if isinstance(error, ApiError):
        remedy = _REMEDIES.get(error.status, "see docs/transaction-api.md")
        return StreamError(f"the transaction API at {url} refused the request: {error}; {remedy}")
    if isinstance(error, httpx.HTTPError | httpx.InvalidURL):
        return StreamError(
            f"the transaction API at {url} does not respond ({error!r}): start it, or fix TRANSACTION_API_URL"
        )
    return StreamError(
        f"the transaction API at {url} sent an invalid response: {error!r}; check TRANSACTION_API_URL"
    )


_REMEDIES: Final = {
    401: "set TRANSACTION_API_KEY to a valid key, or TRANSACTION_API_TOKEN to a valid JWT",
    404: "TRANSACTION_API_URL is not the address of a transaction API: fix it",
}

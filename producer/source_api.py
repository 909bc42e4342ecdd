"""Transactions from the transaction API: its stream for a producer, many at once for a load test."""

import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx

from fraudstream.domain.transaction import Transaction
from fraudstream.runtime.backoff import Backoff
from fraudstream.streams.protocols import Record
from fraudstream.streams.stream_errors import StreamError
from producer.client import ApiError, DroppedError, TransactionBatch, TransactionClient, is_passing
from producer.mixing import RecordItem

AT_ONCE: Final = 1_000
"""The most that one answer of the API may hold."""
MOST_TRIES: Final = 10
"""For one answer; with the default back-off the last one comes after about 20 s."""
MOST_WAITING: Final = 100
"""Events that may wait to be sent. When they are that many, reading stops; should that be for long, the API
drops this client, which then comes back and goes on where it was."""
POLL_S: Final = 0.1
"""So long a stop may go unnoticed."""

Report = Callable[[str], None]
"""Takes a line for a person."""


@dataclass(frozen=True, slots=True)
class ApiAccess:
    """Where the API is and what lets us in."""

    url: str
    api_key: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)

    @classmethod
    def from_variables(cls, variables: Mapping[str, str | None]) -> "ApiAccess":
        """Read TRANSACTION_API_URL, …_KEY or …_KEY_FILE, and …_TOKEN; what is empty is not there.

        Raises ``ValueError`` if there is no URL, or a file that can't be read.
        """
        url = variables.get("TRANSACTION_API_URL")
        if not url or not url.startswith(("http://", "https://")):
            msg = f"TRANSACTION_API_URL={url or ''}: set it to the API's address, like http://127.0.0.1:8000"
            raise ValueError(msg)
        key = variables.get("TRANSACTION_API_KEY") or _in_file(variables.get("TRANSACTION_API_KEY_FILE"))
        return cls(url, key or None, variables.get("TRANSACTION_API_TOKEN") or None)

    def client(self, sleep: Callable[[float], object]) -> TransactionClient:
        """Return a client that waits by ``sleep``."""
        return TransactionClient(self.url, api_key=self.api_key, token=self.token, sleep=sleep)


def _in_file(name: str | None) -> str | None:
    if not name:
        return None
    try:
        return Path(name).read_text().strip()
    except OSError as error:
        msg = f"TRANSACTION_API_KEY_FILE={name}: can't be read ({error.strerror}); give a file with it"
        raise ValueError(msg) from error


def check_api(client: TransactionClient, url: str) -> None:
    """Return if the API answers and lets this client in; raises `StreamError` with the remedy if not."""
    try:
        client.status()
    except (httpx.HTTPError, httpx.InvalidURL, ApiError) as error:
        raise _told(error, url) from error


def api_records(
    client: TransactionClient,
    url: str,
    sleep: Callable[[float], object],
    backoff: Backoff | None = None,
) -> Iterator[Record]:
    """Yield transactions without an end, `AT_ONCE` asked for at a time.

    What may pass (429, a fault of the server, a lost connection) is tried again, up to `MOST_TRIES` times.
    Raises `StreamError` after that, or at once if the API refuses.
    """
    waits = backoff or Backoff()
    while True:
        for transaction in _several(client, url, sleep, waits):
            yield _record(transaction)


def _several(
    client: TransactionClient, url: str, sleep: Callable[[float], object], backoff: Backoff
) -> list[Transaction]:
    retry = 0
    while True:
        try:
            return client.transactions(AT_ONCE)
        except (httpx.TransportError, ApiError) as error:
            if not is_passing(error) or retry == MOST_TRIES - 1:
                raise _told(error, url) from error
        sleep(backoff.wait_s(retry))
        retry += 1


class ApiStream:
    """The API's stream, read by a thread of its own: so a stop need not wait for the next event.

    Each transaction comes once, in the API's order, over all the connections that it takes. ``lost_places``
    counts how often the API no longer kept what came between two of them, which ``report`` says too.
    """

    def __init__(self, client: TransactionClient, url: str, stop: threading.Event, report: Report) -> None:
        self.lost_places = 0
        self._client = client
        self._url = url
        self._stop = stop
        self._report = report
        self._waiting: queue.Queue[TransactionBatch | Exception] = queue.Queue(MOST_WAITING)

    def items(self, frequency_s: float, batch_size: int) -> Iterator[RecordItem]:
        """Yield what comes at this pace until ``stop`` is set; raises `StreamError` if the API refuses."""
        threading.Thread(target=self._read, args=(frequency_s, batch_size), daemon=True).start()
        while not self._stop.is_set():
            try:
                got = self._waiting.get(timeout=POLL_S)
            except queue.Empty:
                continue
            if isinstance(got, Exception):
                raise _told(got, self._url) from got
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
                    self._report(f"{error}; coming back")
                    last_event_id = error.last_event_id
        except Exception as error:  # noqa: BLE001 - whoever takes the items tells it
            self._waiting.put(error)

    def _note_gap(self, batch: TransactionBatch) -> None:
        if batch.follows_gap:
            self.lost_places += 1
            self._report(f"events before {batch.event_id} are missing: the API no longer kept them")


def _record(transaction: Transaction) -> Record:
    return Record(transaction.to_json(), transaction.account_id)


def _told(error: Exception, url: str) -> StreamError:
    if isinstance(error, ApiError):
        remedy = _REMEDIES.get(error.status, "see docs/transaction-api.md")
        return StreamError(f"the transaction API at {url} refuses: {error}; {remedy}")
    if isinstance(error, httpx.HTTPError | httpx.InvalidURL):
        return StreamError(
            f"the transaction API at {url} gives no answer ({error!r}): start it, or fix TRANSACTION_API_URL"
        )
    return StreamError(f"the transaction API at {url} sends what can't be read: {error!r}")


_REMEDIES: Final = {
    401: "set TRANSACTION_API_KEY to a key that it knows, or TRANSACTION_API_TOKEN to a JWT",
    404: "TRANSACTION_API_URL is the address of something else: fix it",
}

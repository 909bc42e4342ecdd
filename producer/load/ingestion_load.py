"""Load test of the ingestion gateway, which reads the stream to find every record that was accepted."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Self

from rich.console import Console

from fraudstream.streams.protocols import RecordReader
from producer.load.ingestion_ledger import IngestionLedger
from producer.load.live_display import shown_live
from producer.load.open_loop import OpenLoop, RequestTarget
from producer.load.request_bodies import TransactionPool
from producer.load.request_view import RequestView
from producer.load.send_schedule import schedule_of

READ_INTERVAL_S: Final = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestionLoad:
    """Load test of ``POST /v1/transactions``; ``batch_size`` is the number of records in a request.

    ``reader`` reads the stream that the gateway writes to, from the newest record on. After the last answer
    the test waits up to ``settle_s`` seconds without a new record for those that are missing.
    """

    target: RequestTarget
    pool: TransactionPool
    batch_size: int
    reader: RecordReader
    settle_s: float

    def run(self, rps: float, duration_s: float, stop: threading.Event, console: Console) -> dict[str, Any]:
        """Send ``rps`` requests per second for ``duration_s`` seconds; return the summary.

        Raises `StreamError` if the stream can't be read.
        """
        ledger = IngestionLedger()
        # The first round fixes where reading starts.
        ledger.on_found(record.data for record in self.reader.poll())
        schedule = schedule_of(None, rps, duration_s)
        loop = OpenLoop(self.target, self._bodies(ledger), schedule, ledger.on_answer)

        def counts() -> dict[str, Counter[Any]]:
            with ledger.lock:
                return {"records": Counter(ledger.results)}

        view = RequestView(loop.statistics, schedule, loop.now_s, counts)
        with shown_live(view, console), _Reading(self.reader, ledger) as reading:
            loop.run(stop)
            ledger.close()
            view.stage = "reading the stream"
            reading.until_found(self.settle_s)
        return loop.statistics.summary(rps) | ledger.summary()

    def _bodies(self, ledger: IngestionLedger) -> Iterator[bytes]:
        records, number = iter(self.pool), 0
        while batch := list(islice(records, self.batch_size)):
            ledger.on_request(number, batch)
            number += 1
            yield batch[0] if self.batch_size == 1 else b"[" + b",".join(batch) + b"]"


class _Reading:
    """A thread that reads the stream into the ledger while the block runs."""

    def __init__(self, reader: RecordReader, ledger: IngestionLedger) -> None:
        self._reader = reader
        self._ledger = ledger
        self._ended = threading.Event()
        self._error: Exception | None = None
        self._last_found_s = time.monotonic()
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        if self._error is not None:
            raise self._error

    def until_found(self, settle_s: float) -> None:
        """Wait until no accepted record is missing, or nothing was read for ``settle_s`` seconds."""
        waiting_since_s = time.monotonic()
        while self._ledger.missing and self._error is None:
            if time.monotonic() - max(waiting_since_s, self._last_found_s) > settle_s:
                return
            time.sleep(READ_INTERVAL_S / 5)

    def _read(self) -> None:
        try:
            while not self._ended.wait(READ_INTERVAL_S):
                if records := self._reader.poll():
                    self._ledger.on_found(record.data for record in records)
                    self._last_found_s = time.monotonic()
        except Exception as error:  # noqa: BLE001 - raised in the thread of the caller
            self._error = error

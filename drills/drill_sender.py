"""Sender of a drill's load: a steady rate, with retries while the stream is unavailable."""

import threading
import time
from collections import Counter
from collections.abc import Sequence
from typing import Final

from drills.load import SentItem
from fraudstream.streams.kinesis.kinesis_writer import MAX_RECORDS
from fraudstream.streams.protocols import PutResult, Record, RecordWriter
from fraudstream.streams.stream_errors import StreamError

BATCHES_PER_S: Final = 10
REFUSAL_PATIENCE_S: Final = 150.0
"""Time of nothing but refusals after which the sender fails; longer than any outage of a drill."""
REFUSAL_PAUSE_S: Final = 0.5


class DrillSender:
    """Send ``items`` in order from a thread; records that are not accepted are sent again.

    After the fraction ``pause_fraction`` of the items it waits for `resume`, so that a part of the load is
    left for the fault. ``writer`` may give up on records, as `StreamWriter` does; the sender then passes them
    to it again. It also tries again if the stream refuses the request, because a fault may be expired
    credentials; ``refusal_patience_s`` after the first of a row of refusals, the refusal ends the sending.
    """

    def __init__(
        self,
        writer: RecordWriter,
        items: Sequence[SentItem],
        rate: float,
        pause_fraction: float = 1.0,
        refusal_patience_s: float = REFUSAL_PATIENCE_S,
    ) -> None:
        self._writer = writer
        self._refusal_patience_s = refusal_patience_s
        self._pause_at = round(pause_fraction * len(items))
        self._resumed = threading.Event()
        self._items = items
        self._batch = min(MAX_RECORDS, max(1, round(rate / BATCHES_PER_S)))
        self._interval_s = self._batch / rate
        self._stop = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.sent = 0
        """Number of records in the stream."""
        self.shards: Counter[str] = Counter()
        """Number of records by the shard that accepted them."""

    def start(self) -> None:
        """Start sending."""
        self._thread.start()

    def resume(self) -> None:
        """Send the rest of the load, without waiting at ``pause_fraction``."""
        self._resumed.set()

    def write_to(self, writer: RecordWriter) -> None:
        """Send the rest of the load with another writer; call it while nothing is being sent."""
        self._writer = writer

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being sent: all items are in the stream, or the rest waits for `resume`."""
        return self.sent >= (len(self._items) if self._resumed.is_set() else self._pause_at)

    def raise_if_failed(self) -> None:
        """Raise the error that ended the sending, if there was one."""
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Stop sending, whether it has finished, is running or was never started."""
        self._stop.set()
        self._resumed.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            due_s = time.monotonic()
            for begin in range(0, len(self._items), self._batch):
                if begin >= self._pause_at and not self._resumed.is_set():
                    self._resumed.wait()
                    due_s = time.monotonic()
                if self._stop.wait(max(0.0, due_s - time.monotonic())):
                    return
                self._send(self._items[begin : begin + self._batch])
                due_s += self._interval_s
        except Exception as error:  # noqa: BLE001 - raised by `raise_if_failed` in the waiting thread
            self._error = error

    def _send(self, items: Sequence[SentItem]) -> None:
        records = [item.record for item in items]
        while records and not self._stop.is_set():
            result = self._put(records)
            self.sent += result.sent
            self.shards += result.shards
            records = [failure.record for failure in result.failures]

    def _put(self, records: Sequence[Record]) -> PutResult:
        until_s = time.monotonic() + self._refusal_patience_s
        while True:
            try:
                return self._writer.put(records)
            except StreamError:
                if time.monotonic() >= until_s or self._stop.wait(REFUSAL_PAUSE_S):
                    raise

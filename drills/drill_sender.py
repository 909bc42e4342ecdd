"""Puts a load into the stream at a steady rate, and does not give up while the stream is away."""

import threading
import time
from collections import Counter
from collections.abc import Sequence
from typing import Final

from drills.load import SentItem
from fraudstream.runtime.clock import wall_clock_ms
from fraudstream.streams.kinesis.kinesis_writer import MAX_RECORDS
from fraudstream.streams.protocols import RecordWriter

BATCHES_PER_S: Final = 10


class DrillSender:
    """Sends ``items`` in their order in a thread of its own; what is not accepted is sent again.

    At the share ``hold_at`` of them it waits for `go_on`, so that a part is left for what comes then.
    ``writer`` may give up on records, as `StreamWriter` does; they are then handed to it once more.
    """

    def __init__(
        self, writer: RecordWriter, items: Sequence[SentItem], rate: float, hold_at: float = 1.0
    ) -> None:
        self._writer = writer
        self._held = round(hold_at * len(items))
        self._may_go_on = threading.Event()
        self._items = items
        self._batch = min(MAX_RECORDS, max(1, round(rate / BATCHES_PER_S)))
        self._interval_s = self._batch / rate
        self._stop = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.sent = 0
        """Records that are in the stream."""
        self.shards: Counter[str] = Counter()
        """The same by the shard that took them."""
        self.first_try_ms: dict[str, int] = {}
        """When each transaction was first tried (epoch milliseconds), by its id."""

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def go_on(self) -> None:
        """Send the rest without waiting."""
        self._may_go_on.set()

    @property
    def is_idle(self) -> bool:
        """Whether nothing is sent for now: all is in the stream, or the rest waits for `go_on`."""
        return self.sent >= (len(self._items) if self._may_go_on.is_set() else self._held)

    def check(self) -> None:
        """Raise what ended the sending, if anything did."""
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """End the sending, be it done or not, or not even begun."""
        self._stop.set()
        self._may_go_on.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            due_s = time.monotonic()
            for begin in range(0, len(self._items), self._batch):
                if begin >= self._held and not self._may_go_on.is_set():
                    self._may_go_on.wait()
                    due_s = time.monotonic()
                if self._stop.wait(max(0.0, due_s - time.monotonic())):
                    return
                self._send(self._items[begin : begin + self._batch])
                due_s += self._interval_s
        except Exception as error:  # noqa: BLE001 - handed to the thread that waits, which raises it
            self._error = error

    def _send(self, items: Sequence[SentItem]) -> None:
        now_ms = wall_clock_ms()
        for item in items:
            if item.transaction is not None:
                self.first_try_ms.setdefault(item.transaction.transaction_id, now_ms)
        records = [item.record for item in items]
        while records and not self._stop.is_set():
            result = self._writer.put(records)
            self.sent += result.sent
            self.shards += result.shards
            records = [failure.record for failure in result.failures]

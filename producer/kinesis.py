"""Sends transactions to the stream at an even pace, and their truth to the stream of labels.

The pace is open-loop: batch k is due at the start plus k intervals, whatever the sends before it
took. A slow stream makes batches late and then close together; it does not lower the rate.

Event time is simulated and runs at the pace of the simulated bank, not of the sends. It may run
`MAX_AHEAD_MS` ahead of the wall clock and no further: from there on a batch waits until the clock
has followed, so an endless run settles at the rate at which its accounts really make transactions.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Final

from producer.mixing import Item
from producer.simulation import LabelledTransaction
from producer.statistics import Statistics
from streams.errors import StreamError
from streams.writer import PutResult, Record, RecordWriter

MAX_AHEAD_MS: Final = int(timedelta(hours=6) / timedelta(milliseconds=1))
"""A simulated night or rush hour is off the average by less; the job refuses a day ahead."""
LONGEST_SLEEP_S: Final = 0.1
"""So long a stop may go unnoticed."""

OnSent = Callable[[Sequence[LabelledTransaction], int], None]


def _no_callback(_batch: Sequence[LabelledTransaction], _put_at_ms: int) -> None:
    pass


def wall_clock_ms() -> int:
    """Return the epoch milliseconds."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """The time sources of a run: wall clock (epoch milliseconds), monotonic seconds, and sleep."""

    now_ms: Callable[[], int] = wall_clock_ms
    monotonic_s: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class TransactionSender:
    """Sends items in batches; `statistics` may be read from another thread while it runs.

    ``on_sent`` is called after each batch with its good transactions that are in the stream
    (doubles are left out) and the wall clock right before they were put. ``labels`` is the writer
    of the truth, or None to keep it back.
    """

    def __init__(  # noqa: PLR0913 - each is a part of the run that its caller decides
        self,
        items: Iterator[Item],
        transactions: RecordWriter,
        labels: RecordWriter | None,
        *,
        batch_size: int,
        interval_s: float,
        max_batches: int | None = None,
        on_sent: OnSent = _no_callback,
        clock: Clock | None = None,
    ) -> None:
        self.statistics = Statistics()
        self._items = items
        self._transactions = transactions
        self._labels = labels
        self._batch_size = batch_size
        self._interval_s = interval_s
        self._max_batches = max_batches
        self._on_sent = on_sent
        self._clock = clock or Clock()

    def run(self, stop: threading.Event) -> Statistics:
        """Send until the items end, ``max_batches`` are out or ``stop`` is set.

        A batch that is begun is brought to its end, retries and labels included. Raises
        `StreamError` where a stream can't be used at all; the batch in hand counts as failed.
        """
        began_s = self._clock.monotonic_s()
        while self.statistics.batches != self._max_batches:
            self._wait_until_s(began_s + self.statistics.batches * self._interval_s, stop)
            batch = [] if stop.is_set() else list(islice(self._items, self._batch_size))
            if not batch:
                break
            self._wait_for_clock(batch, stop)
            self._send(batch)
        return self.statistics

    def _wait_until_s(self, due_s: float, stop: threading.Event) -> None:
        while not stop.is_set() and (left_s := due_s - self._clock.monotonic_s()) > 0:
            self._clock.sleep(min(left_s, LONGEST_SLEEP_S))

    def _wait_for_clock(self, batch: list[Item], stop: threading.Event) -> None:
        times_ms = [item.labelled.transaction.event_time_ms for item in batch if item.labelled]
        ahead_ms = max(times_ms, default=0) - self._clock.now_ms() - MAX_AHEAD_MS
        if ahead_ms > 0:
            self.statistics.waits_for_clock += 1
            self._wait_until_s(self._clock.monotonic_s() + ahead_ms / 1000, stop)

    def _send(self, batch: list[Item]) -> None:
        self.statistics.batches += 1
        put_at_ms = self._clock.now_ms()
        try:
            result = self._transactions.put([item.record for item in batch])
        except StreamError:
            self.statistics.failed += len(batch)
            raise
        good = self._count(batch, result)
        if good:
            self._on_sent(good, put_at_ms)
        self._send_labels(good)

    def _count(self, batch: list[Item], result: PutResult) -> list[LabelledTransaction]:
        """Add the result to the statistics; returns the good transactions that are in the stream."""
        failed = {failure.position for failure in result.failures}
        sent = [item for position, item in enumerate(batch) if position not in failed]
        good = [item.labelled for item in sent if item.kind == "good" and item.labelled]
        statistics = self.statistics
        statistics.sent_good += len(good)
        statistics.sent_broken += sum(item.kind == "broken" for item in sent)
        statistics.sent_doubled += sum(item.kind == "doubled" for item in sent)
        statistics.failed += len(failed)
        statistics.complete_batches += not failed
        statistics.shards = statistics.shards + result.shards
        self._count_request(result)
        statistics.count_fraud(sum(labelled.label.is_fraud for labelled in good), len(good))
        return good

    def _count_request(self, result: PutResult) -> None:
        self.statistics.retries += result.retries
        self.statistics.error_codes.update(failure.error_code for failure in result.failures)

    def _send_labels(self, good: list[LabelledTransaction]) -> None:
        if self._labels is None or not good:
            return
        records = [Record(label.to_json(), label.account_id) for _, label in good]
        try:
            result = self._labels.put(records)
        except StreamError:
            self.statistics.failed_labels += len(records)
            raise
        self.statistics.sent_labels += result.sent
        self.statistics.failed_labels += len(result.failures)
        self._count_request(result)

"""Sender of transactions and their labels to their streams, at one of two paces.

Both paces are open-loop: due times are fixed before the run and do not depend on how long the sends take. A
slow stream makes batches late and then close together; it does not lower the rate.

- Evenly: batch k is due at the start plus k intervals. Event time then advances at the pace of the simulated
  bank, not of the sends. It may be at most `MAX_AHEAD_MS` ahead of the wall clock; beyond that, a batch waits
  for the clock, so an endless run settles at the rate at which its accounts make transactions.
- By event time: a transaction is due at its own event time, which runs a given number of times as fast as the
  clock.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Final

from fraudstream.runtime.clock import SYSTEM_CLOCK, Clock
from fraudstream.streams.protocols import PutResult, Record, RecordWriter
from fraudstream.streams.stream_errors import StreamError
from producer.mixing import RecordItem
from producer.sending_statistics import BatchOutcome, Statistics
from producer.simulation import LabelledTransaction

MAX_AHEAD_MS: Final = int(timedelta(hours=6) / timedelta(milliseconds=1))
"""More than a simulated night or rush hour deviates from the average; the job rejects transactions a day
ahead."""
MAX_SLEEP_S: Final = 0.1
"""Longest time until a stop is noticed."""

OnSent = Callable[[Sequence[LabelledTransaction], int], None]


OnBatch = Callable[[BatchOutcome], None]


def _no_callback(_batch: Sequence[LabelledTransaction], _put_at_ms: int) -> None:
    pass


def no_batch_callback(_batch: BatchOutcome) -> None:
    """Ignore the outcome of a batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPace:
    """Event time begins at ``start_ms`` (epoch) and runs ``speedup`` times as fast as the clock."""

    start_ms: int
    speedup: float

    def due_s(self, event_time_ms: int) -> float:
        """Return when an event time is due, in seconds from the start of the run."""
        return (event_time_ms - self.start_ms) / 1000 / self.speedup


class TransactionSender:
    """Sends items in batches; `statistics` may be read from another thread while it runs.

    After each batch, ``on_sent`` gets its labelled good transactions that are in the stream (without
    duplicates), and the wall clock right before they were put, and ``on_batch`` its outcome, which the
    statistics already contain. ``labels`` is the writer of the labels, or
    None to send none. With an ``event_pace``, ``batch_size`` is the largest batch and ``interval_s`` is
    ignored. ``max_ahead_ms`` is None for sources whose event time can't be held back.
    """

    def __init__(  # noqa: PLR0913 - each is a part of the run that its caller decides
        self,
        items: Iterator[RecordItem],
        transactions: RecordWriter,
        labels: RecordWriter | None,
        *,
        batch_size: int,
        interval_s: float,
        max_batches: int | None = None,
        max_ahead_ms: int | None = MAX_AHEAD_MS,
        event_pace: EventPace | None = None,
        on_sent: OnSent = _no_callback,
        on_batch: OnBatch = no_batch_callback,
        statistics: Statistics | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.statistics = Statistics() if statistics is None else statistics
        self._items = items
        self._transactions = transactions
        self._labels = labels
        self._batch_size = batch_size
        self._interval_s = interval_s
        self._max_batches = max_batches
        self._max_ahead_ms = max_ahead_ms
        self._event_pace = event_pace
        self._on_sent = on_sent
        self._on_batch = on_batch
        self._clock = clock

    def run(self, stop: threading.Event) -> Statistics:
        """Send until the items end, ``max_batches`` are sent or ``stop`` is set.

        A batch that has begun is completed, retries and labels included. Raises `StreamError` if a stream
        can't be used at all; the current batch then counts as failed.
        """
        pace = self._event_pace
        for batch in self._evenly(stop) if pace is None else self._by_event_time(pace, stop):
            self._send(batch)
        return self.statistics

    def _evenly(self, stop: threading.Event) -> Iterator[list[RecordItem]]:
        began_s = self._clock.monotonic_s()
        while self.statistics.batches != self._max_batches:
            self._wait_until_s(began_s + self.statistics.batches * self._interval_s, stop)
            batch = [] if stop.is_set() else list(islice(self._items, self._batch_size))
            if not batch:
                return
            self._wait_for_clock(batch, stop)
            yield batch

    def _by_event_time(self, pace: EventPace, stop: threading.Event) -> Iterator[list[RecordItem]]:
        """Yield items that are due together; an item without an event time goes with the one before it."""
        began_s = due_s = self._clock.monotonic_s()
        batch: list[RecordItem] = []
        for item in self._items:
            if item.event_time_ms is not None:
                due_s = began_s + pace.due_s(item.event_time_ms)
            if batch and (len(batch) == self._batch_size or due_s > self._clock.monotonic_s()):
                yield batch
                batch = []
            self._wait_until_s(due_s, stop)
            if stop.is_set():
                break
            batch.append(item)
        if batch:
            yield batch

    def _wait_until_s(self, due_s: float, stop: threading.Event) -> None:
        while not stop.is_set() and (left_s := due_s - self._clock.monotonic_s()) > 0:
            self._clock.sleep(min(left_s, MAX_SLEEP_S))

    def _wait_for_clock(self, batch: list[RecordItem], stop: threading.Event) -> None:
        if self._max_ahead_ms is None:
            return
        times_ms = [item.event_time_ms for item in batch if item.event_time_ms is not None]
        ahead_ms = max(times_ms, default=0) - self._clock.now_ms() - self._max_ahead_ms
        if ahead_ms > 0:
            self.statistics.waits_for_clock += 1
            self._wait_until_s(self._clock.monotonic_s() + ahead_ms / 1000, stop)

    def _send(self, batch: list[RecordItem]) -> None:
        self.statistics.batches += 1
        put_at_ms = self._clock.now_ms()
        try:
            result = self._transactions.put([item.record for item in batch])
        except StreamError:
            self.statistics.failed += len(batch)
            raise
        failed = {failure.position for failure in result.failures}
        sent = [item for position, item in enumerate(batch) if position not in failed]
        self._count(batch, sent, result)
        outcome = self._outcome(batch, sent)
        self.statistics.count_fraud(outcome)
        good = [item.labelled for item in sent if item.kind == "good" and item.labelled]
        if good:
            self._on_sent(good, put_at_ms)
        self._on_batch(outcome)
        self._send_labels(good)

    def _count(self, batch: list[RecordItem], sent: list[RecordItem], result: PutResult) -> None:
        failed = len(batch) - len(sent)
        statistics = self.statistics
        statistics.sent_good += sum(item.kind == "good" for item in sent)
        statistics.sent_broken += sum(item.kind == "broken" for item in sent)
        statistics.sent_duplicates += sum(item.kind == "duplicate" for item in sent)
        statistics.failed += failed
        statistics.complete_batches += not failed
        statistics.shards = statistics.shards + result.shards
        self._count_request(result)

    def _outcome(self, batch: list[RecordItem], sent: list[RecordItem]) -> BatchOutcome:
        good = [item for item in sent if item.kind == "good"]
        frauds = [item.labelled.label.is_fraud for item in good if item.labelled]
        suspicions = [item.is_suspected for item in good if item.is_suspected is not None]
        judged = frauds or suspicions
        counts = (len(batch), len(sent), len(judged), sum(judged))
        return BatchOutcome(self.statistics.batches, *counts, is_suspicion=not frauds and bool(suspicions))

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

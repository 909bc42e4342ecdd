"""Sender of one lane's records, one request after the other."""

import threading
from collections.abc import Callable

import numpy as np

from fraudstream.streams.protocols import PutResult, RecordWriter
from producer.load.lanes import Due, Lane
from producer.load.load_statistics import LoadStatistics
from producer.load.metering import NOT_SENT, MeteredClient


class LaneSender:
    """Takes up to ``batch_size`` waiting records at a time, without waiting for more: a lull adds no delay.

    ``now_s`` is the clock of the run, in seconds from its start.
    """

    def __init__(  # noqa: PLR0913 - each is a part of the run that its maker decides
        self,
        lane: Lane,
        client: MeteredClient,
        writer: RecordWriter,
        statistics: LoadStatistics,
        *,
        batch_size: int,
        gave_up: threading.Event,
        now_s: Callable[[], float],
    ) -> None:
        self._lane = lane
        self._client = client
        self._writer = writer
        self._statistics = statistics
        self._batch_size = batch_size
        self._gave_up = gave_up
        self._now_s = now_s
        self._in_hand = 0
        self._sent_before = 0

    @property
    def in_doubt(self) -> int:
        """Transactions of a request that has no answer yet: they may be in the stream."""
        return max(0, self._in_hand - (self._client.sent - self._sent_before))

    def run(self, stop: threading.Event) -> None:
        """Send until the lane is closed and empty, or the run is given up.

        If the stream can't be used, the error is recorded in the statistics, ``stop`` is set for all senders,
        and the rest of this lane stays unsent.
        """
        try:
            while not self._gave_up.is_set() and (batch := self._lane.take(self._batch_size)):
                self._send(batch)
        except Exception as error:  # noqa: BLE001 - reported at the end of the run
            self._statistics.on_error(error)
            stop.set()
        finally:
            # Otherwise the maker would wait for room in it forever.
            self._lane.close()

    def _send(self, batch: list[Due]) -> None:
        self._in_hand, self._sent_before = len(batch), self._client.sent
        try:
            result = self._writer.put([due.record for due in batch])
        except Exception as error:
            self._statistics.on_failed([type(error).__name__] * self.in_doubt)
            raise
        else:
            self._count(batch, result)
        finally:
            self._in_hand = 0

    def _count(self, batch: list[Due], result: PutResult) -> None:
        refused = {failure.position for failure in result.failures}
        due_s = np.array([due.due_s for place, due in enumerate(batch) if place not in refused])
        self._statistics.on_acknowledged(due_s, self._now_s())
        codes = [failure.error_code for failure in result.failures]
        self._statistics.on_failed(code for code in codes if code != NOT_SENT)
        self._statistics.on_not_sent(codes.count(NOT_SENT))
        if NOT_SENT not in codes:
            # After the run is given up, the writer's retries are not sent.
            self._statistics.on_retries(result.retries)

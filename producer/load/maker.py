"""Maker of the records: takes them from the source when they are due, and hands them to the lanes."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Final

from fraudstream.streams.protocols import Record
from producer.load.lanes import Due, Lane, lane_number
from producer.load.load_statistics import LoadStatistics
from producer.load.send_schedule import SendSchedule

TICK_S: Final = 0.005
"""Records that are due within this time are made together: a wake-up for each would cost more than making it.
"""
MAX_PER_ROUND: Final = 250
"""Most records in one hand-over, even far behind the schedule, so that a stop is noticed soon."""


class Maker:
    """Follows the schedule; if a lane is full it waits, and the records after that are late.

    A record's due time is the scheduled one, however late it is made. ``now_s`` is the clock of the run, in
    seconds from its start.
    """

    def __init__(
        self,
        source: Iterator[Record],
        schedule: SendSchedule,
        lanes: Sequence[Lane],
        statistics: LoadStatistics,
        now_s: Callable[[], float],
    ) -> None:
        self._source = source
        self._schedule = schedule
        self._lanes = lanes
        self._statistics = statistics
        self._now_s = now_s
        self._made = 0

    def run(self, stop: threading.Event) -> None:
        """Make records until the schedule or the source ends, or ``stop`` is set.

        If the source fails, the error is recorded in the statistics and ``stop`` is set; earlier records are
        sent.
        """
        try:
            while not stop.is_set() and self._made != self._schedule.records:
                if not self._make_due(stop):
                    return
        except Exception as error:  # noqa: BLE001 - reported at the end of the run
            self._statistics.on_error(error)
            stop.set()

    def _make_due(self, stop: threading.Event) -> bool:
        """Make the due records, after a wait if there are none yet; returns False at the source's end."""
        wanted = self._wanted()
        if wanted == 0:
            # Until the next record is due, but at least a tick, so that there is no wake-up for each record.
            stop.wait(max(TICK_S, self._schedule.due_s(self._made, 0.0) - self._now_s()))
            return True
        now_s = self._now_s()
        records: list[Due] = []
        try:
            for record in islice(self._source, wanted):
                records.append(Due(self._schedule.due_s(self._made, now_s), record))
                self._made += 1
        finally:
            self._statistics.on_made(len(records))
            self._hand_over(records)
        return len(records) == wanted

    def _wanted(self) -> int:
        due = self._schedule.due_until(self._now_s())
        wanted = MAX_PER_ROUND if due is None else due - self._made
        left = MAX_PER_ROUND if self._schedule.records is None else self._schedule.records - self._made
        return min(wanted, left, MAX_PER_ROUND)

    def _hand_over(self, records: list[Due]) -> None:
        by_lane: dict[int, list[Due]] = defaultdict(list)
        for due in records:
            by_lane[lane_number(due.record.partition_key, len(self._lanes))].append(due)
        for number, of_lane in by_lane.items():
            if not self._lanes[number].put(of_lane):
                self._statistics.on_not_sent(len(of_lane))

"""Run of a load test: the maker and the senders, one thread each, until all records are accounted for."""

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.console import Console

from fraudstream.runtime.clock import Clock
from fraudstream.streams.kinesis.aggregation import AggregatingWriter
from fraudstream.streams.kinesis.kinesis_writer import StreamWriter
from fraudstream.streams.protocols import Record, RecordWriter
from producer.load.lane_sender import LaneSender
from producer.load.lanes import Lane
from producer.load.live_display import shown_live
from producer.load.load_statistics import LoadStatistics
from producer.load.load_view import LoadView
from producer.load.maker import Maker
from producer.load.metering import MeteredClient
from producer.load.send_schedule import SendSchedule
from producer.load.throttling import AdaptivePace

if TYPE_CHECKING:
    from mypy_boto3_kinesis.client import KinesisClient

LANE_BATCHES: Final = 20
"""Requests that may wait for a sender: enough to bridge a pause, and bounded in memory."""
POLL_S: Final = 0.1
"""Longest time until a stop is noticed."""
GRACE_S: Final = 0.5
"""Time for a sender to end after the run is given up; one whose request hangs is left behind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOptions:
    """Options for sending.

    ``batch_size`` is the largest number of transactions in a request, ``flush_s`` the seconds for sending
    what is left after a stop. With ``joined``, several transactions share a record of the stream.
    """

    stream_name: str
    open_shards: int
    batch_size: int
    flush_s: float
    joined: bool = False


class LoadRun:
    """Sends the records of ``source`` at the times of the schedule, with one sender per client."""

    def __init__(
        self,
        source: Iterator[Record],
        schedule: SendSchedule,
        clients: Sequence["KinesisClient"],
        options: LoadOptions,
    ) -> None:
        self.statistics = LoadStatistics()
        self.view = LoadView(self.statistics, schedule, options.open_shards, self.now_s)
        self._schedule = schedule
        self._options = options
        self._gave_up = threading.Event()
        self._began_s = 0.0
        self._lanes = [Lane(LANE_BATCHES * options.batch_size) for _ in clients]
        self._maker = Maker(source, schedule, self._lanes, self.statistics, self.now_s)
        self._senders = [
            self._sender(lane, client) for lane, client in zip(self._lanes, clients, strict=True)
        ]

    def now_s(self) -> float:
        """Return the seconds since the start."""
        return time.monotonic() - self._began_s

    def run(self, stop: threading.Event, console: Console) -> int:
        """Send everything, or until ``stop``; returns the number of transactions whose request had no answer.

        After a stop the source is not read any more, and the records already made are sent within ``flush_s``
        seconds; the rest counts as not sent. Threads that hang longer are left until the process ends.
        """
        self._began_s = time.monotonic()
        threads = [_thread(self._maker.run, stop), *(_thread(sender.run, stop) for sender in self._senders)]
        with shown_live(self.view, console):
            self._until_sent(threads, stop)
        in_doubt = sum(sender.in_doubt for sender in self._senders)
        self.statistics.on_not_sent(in_doubt + sum(map(len, self._lanes)))
        return in_doubt

    def _sender(self, lane: Lane, client: "KinesisClient") -> LaneSender:
        clock = Clock(sleep=self._gave_up.wait)
        pace = AdaptivePace(clock)
        metered = MeteredClient(client, self.statistics, pace, self._gave_up)
        writer: RecordWriter = StreamWriter(metered.client, self._options.stream_name, clock=clock)
        return LaneSender(
            lane,
            metered,
            AggregatingWriter(writer) if self._options.joined else writer,
            self.statistics,
            batch_size=self._options.batch_size,
            gave_up=self._gave_up,
            now_s=self.now_s,
        )

    def _until_sent(self, threads: Sequence[threading.Thread], stop: threading.Event) -> None:
        maker, *senders = threads
        _join([maker], stop)
        if not stop.is_set():
            self._close_lanes()
            _join(senders, stop)
        if stop.is_set():
            self._flush(maker, senders)

    def _flush(self, maker: threading.Thread, senders: Sequence[threading.Thread]) -> None:
        """Send the records already made while there is time, then give up the rest."""
        self.view.stage = "flushing"
        deadline_s = time.monotonic() + self._options.flush_s
        # The maker's current records move into the lanes as these empty.
        _join_until([maker], deadline_s)
        self._close_lanes()
        _join_until(senders, deadline_s)
        self._gave_up.set()
        _join_until([maker, *senders], time.monotonic() + GRACE_S)

    def _close_lanes(self) -> None:
        for lane in self._lanes:
            lane.close()


def _thread(work: object, *arguments: object) -> threading.Thread:
    thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]
    thread.start()
    return thread


def _join(threads: Sequence[threading.Thread], stop: threading.Event) -> None:
    while not stop.is_set() and any(thread.is_alive() for thread in threads):
        stop.wait(POLL_S)


def _join_until(threads: Sequence[threading.Thread], deadline_s: float) -> None:
    for thread in threads:
        thread.join(max(0.0, deadline_s - time.monotonic()))

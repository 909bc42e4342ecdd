"""Local run: sender, readers and view, each in its own thread, until all transactions are accounted for."""

import contextlib
import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.live import Live

from alerts.message_consumer import Consumer
from fraudstream.domain.alert import Alert
from fraudstream.domain.dead_letter import DeadLetter
from fraudstream.runtime.clock import wall_clock_ms
from fraudstream.scoring.manifest import Manifest
from fraudstream.streams.kinesis.aggregation import AggregatingWriter
from fraudstream.streams.kinesis.kinesis_client import kinesis_client
from fraudstream.streams.kinesis.kinesis_reader import StreamReader
from fraudstream.streams.kinesis.kinesis_writer import MAX_RECORDS, StreamWriter
from fraudstream.streams.protocols import RecordWriter, StreamRecord
from fraudstream.streams.stream_errors import StreamError
from jobs.job_settings import JobSettings
from localrun.job_process import JobProcess
from localrun.local_run_view import LocalRunView
from localrun.tally import Tally
from producer.mixing import Mixture, mix
from producer.simulation import TrafficOptions, generate
from producer.transaction_sender import TransactionSender

if TYPE_CHECKING:
    from mypy_boto3_kinesis.client import KinesisClient

READ_INTERVAL_MS: Final = 500
"""Interval between reads of the view. Arrival times are the stream's, so it does not add to latencies."""
BATCHES_PER_S: Final = 10
SETTLE_S: Final = 30.0
"""Time without new output after which a run ends although transactions are unaccounted for."""
STOPPED_SETTLE_S: Final = 5.0
"""The same for a run that was asked to stop."""
QUIET_S: Final = 2.0
"""Time without new output after which a run ends when all transactions are accounted for."""
LINE_INTERVAL_S: Final = 5.0


class Run:
    """Send the mixture at ``rate`` records per second and account for each transaction."""

    def __init__(  # noqa: PLR0913 - dependencies and options
        self,
        settings: JobSettings,
        traffic: TrafficOptions,
        mixture: Mixture,
        rate: float,
        console: Console,
        *,
        joined: bool = False,
    ) -> None:
        threshold = settings.alert_threshold
        self.tally = Tally(
            threshold=Manifest.load(settings.model).threshold if threshold is None else threshold
        )
        self._settings = settings
        self._console = console
        batch_size = min(MAX_RECORDS, max(1, round(rate / BATCHES_PER_S)))
        items = mix(generate(traffic), mixture, random.Random(traffic.seed), wall_clock_ms)
        writer: RecordWriter = StreamWriter(self._client(), settings.transactions_stream)
        self.sender = TransactionSender(
            items,
            AggregatingWriter(writer) if joined else writer,
            StreamWriter(self._client(), settings.labels_stream),
            batch_size=batch_size,
            interval_s=batch_size / rate,
            on_sent=self.tally.on_sent,
        )
        self.view = LocalRunView(self.tally, self.sender.statistics, mixture.good or 0)
        self._errors: list[Exception] = []
        self._ended = threading.Event()

    def until_done(self, job: JobProcess, stop: threading.Event) -> None:
        """Send everything, or until ``stop`` is set; then wait until all of it is accounted for."""
        sending = self._thread(lambda: self.sender.run(stop))
        readers = [self._thread(loop) for loop in self._reading()]
        try:
            with self._live_view():
                self.view.stage = "sending"
                while sending.is_alive():
                    self._check(job)
                    sending.join(0.5)
                self.view.stage = "waiting for the last results"
                self._settle(job, stop)
                self.view.stage = "done"
        finally:
            stop.set()
            self._ended.set()
            for thread in (sending, *readers):
                thread.join()

    def _settle(self, job: JobProcess, stop: threading.Event) -> None:
        before, since_s = self.tally.progress(), time.monotonic()
        while time.monotonic() - since_s < self._patience_s(stop):
            self._check(job)
            time.sleep(0.2)
            if (now := self.tally.progress()) != before:
                before, since_s = now, time.monotonic()

    def _patience_s(self, stop: threading.Event) -> float:
        if self._is_complete():
            return QUIET_S
        return STOPPED_SETTLE_S if stop.is_set() else SETTLE_S

    def _is_complete(self) -> bool:
        statistics = self.sender.statistics
        return (
            self.tally.lost() == 0
            and self.tally.awaited_alerts() == 0
            and self.tally.dead_letters >= statistics.sent_broken
            and self.tally.duplicates >= statistics.sent_duplicates
        )

    def _check(self, job: JobProcess) -> None:
        if self._errors:
            raise self._errors[0]
        job.check()

    def _reading(self) -> list[Callable[[], None]]:
        def unreadable(_record: StreamRecord, problem: str) -> None:
            msg = f"the job wrote a record that its consumer can't read: {problem}"
            raise StreamError(msg)

        scored = self._reader(self._settings.scored_stream)
        alerts = Consumer(self._reader(self._settings.alerts_stream), Alert, on_unreadable=unreadable)
        dead = Consumer(
            self._reader(self._settings.dead_letters_stream), DeadLetter, on_unreadable=unreadable
        )

        def read_scored() -> None:
            self.tally.on_scored(scored.poll())

        def read_alerts() -> None:
            for received in alerts.poll():
                self.tally.on_alert(received.message, received.record.arrival_ms)

        def read_dead() -> None:
            for received in dead.poll():
                self.tally.on_dead_letter(received.message)

        return [self._until_ended(step) for step in (read_scored, read_alerts, read_dead)]

    def _until_ended(self, step: Callable[[], None]) -> Callable[[], None]:
        def loop() -> None:
            while not self._ended.is_set():
                step()

        return loop

    def _reader(self, stream: str) -> StreamReader:
        return StreamReader(self._client(), stream, poll_interval_ms=READ_INTERVAL_MS)

    def _client(self) -> "KinesisClient":
        return kinesis_client(self._settings)

    def _thread(self, work: Callable[[], object]) -> threading.Thread:
        def guarded() -> None:
            try:
                work()
            except Exception as error:  # noqa: BLE001 - handed to the main thread, which raises it
                self._errors.append(error)

        thread = threading.Thread(target=guarded, daemon=True)
        thread.start()
        return thread

    @contextlib.contextmanager
    def _live_view(self) -> Iterator[None]:
        if self._console.is_terminal:
            with Live(self.view, console=self._console, refresh_per_second=4):
                yield
            return
        lines = threading.Thread(target=self._print_lines, daemon=True)
        lines.start()
        yield
        self._ended.set()
        lines.join()
        self._console.print(self.view)

    def _print_lines(self) -> None:
        while not self._ended.wait(LINE_INTERVAL_S):
            self._console.print(self.view.line())

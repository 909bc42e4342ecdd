"""Stage of one fault: a job with its own streams, a load being sent, and the collected output."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from drills.alert_consumer_process import AlertConsumer
from drills.arrivals import Arrival, JournalError, arrivals
from drills.cluster import PAUSE_S, Cluster
from drills.drill_sender import DrillSender
from drills.endpoint import FaultyEndpoint
from drills.evidence import Evidence, ExpectedOutput
from drills.expected_refusals import salvaged
from drills.live_job import CREATION_TIMEOUT_S, READ_INTERVAL_MS, Followed, Launcher, LiveJob, WrittenRecord
from drills.load import Effort, SentItem, transactions_of
from drills.send_journal import JournalingClient, client_without_retries, read_journal
from fraudstream.domain.catalogue import BUILT_IN, Catalogue
from fraudstream.domain.transaction import TransactionKey
from fraudstream.runtime.clock import wall_clock_ms
from fraudstream.scoring.judge import Judge
from fraudstream.scoring.manifest import Manifest
from fraudstream.scoring.scorer import Scorer
from fraudstream.streams.kinesis.kinesis_client import kinesis_client
from fraudstream.streams.kinesis.kinesis_reader import StreamReader
from fraudstream.streams.kinesis.kinesis_writer import StreamWriter
from jobs.job_settings import JobSettings
from localstack.streams import create_streams

if TYPE_CHECKING:
    from mypy_boto3_kinesis.client import KinesisClient

    from fraudstream.streams.protocols import StreamRecord

UNDER_WAY_SHARE: Final = 0.3
"""Share of the load that is sent before a fault begins: windows have content, and enough load is left."""
HELD_SHARE: Final = 0.6
"""Largest share of the load that is sent before the fault; on a slow machine the rest waits for it."""
PATIENCE_S: Final = 150.0
"""Time without new output after which the stage gives up although output is missing: twice Flink's longest
pause between two restarts of the job (one minute), plus the time of a start."""
QUIET_S: Final = 3.0
"""Time without new output after which the stage ends when everything has arrived; it leaves time for replayed
records."""
INPUT_TIMEOUT_S: Final = 120.0
WRITER_ATTEMPTS: Final = 3
"""Attempts of a request before the sender checks whether it should stop."""


@dataclass(frozen=True)
class Bench:
    """Resources shared by the stages of a drill: a cluster, the emulator and the settings."""

    launcher: Launcher
    emulator_url: str
    settings: JobSettings
    """Their endpoint is the emulator; each stage replaces their stream names."""
    folder: Path


def transactions_under_review(alert: Mapping[str, Any]) -> int:
    """Return how many transactions a review alert is about; 0 for other alerts.

    The summary of an account's reviews is written up to 70 seconds after its transactions.
    """
    if alert.get("kind") != "review":
        return 0
    count: int = alert["review"].get("count", 1)
    return count


class Stage:
    """A job under load, and its successors.

    ``settings`` name its streams, ``options`` are those of each job, ``say`` receives progress messages.
    """

    def __init__(  # noqa: PLR0913 - dependencies and options
        self,
        bench: Bench,
        settings: JobSettings,
        endpoint: FaultyEndpoint,
        *,
        effort: Effort,
        items: Sequence[SentItem],
        options: Sequence[str],
        say: "Callable[[str, Stage], None]",
    ) -> None:
        self.effort = effort
        self.items = items
        self._options = options
        self.settings = settings
        self.endpoint = endpoint
        self.folder = bench.folder
        self.scored = Followed(settings, settings.scored_stream)
        self.alerts = Followed(settings, settings.alerts_stream)
        self.dead_letters = Followed(settings, settings.dead_letters_stream)
        # Producer and job use the faulty endpoint; the drill itself reads from the emulator directly.
        self._job_settings = settings.model_copy(update={"aws_endpoint_url": endpoint.url})
        self._job_url = endpoint.url
        self._journal = bench.folder / f"{settings.transactions_stream}.journal"
        self._sending_client = JournalingClient(client_without_retries(self._job_settings), self._journal)
        self._earlier: list[StreamRecord] = []
        self.sender = DrillSender(self._writer(), items, effort.rate, HELD_SHARE)
        self._launcher = bench.launcher
        self._say = say
        self._job: LiveJob | None = None
        self._second_job: LiveJob | None = None
        self._consumer: AlertConsumer | None = None
        self._catalogues: list[Catalogue] = []
        self._began_ms = self._ended_ms = 0
        self._wanted = {each.key for each in transactions_of(items)}
        contents = {item.record for item in items if item.transaction}
        conflicts = len(contents) - len(self._wanted)
        self._letters_wanted = conflicts + sum(item.reason is not None for item in items)
        self._reviews_wanted = conflicts + sum(
            item.reason is not None and salvaged(item.record.data).has_ids for item in items
        )
        self._copies_wanted = len(items) - len(self._wanted) - self._letters_wanted
        self.scored_keys: set[TransactionKey] = set()
        self._copies: Counter[TransactionKey] = Counter()
        self._to_alert: set[TransactionKey] = set()
        self._alerted: set[TransactionKey] = set()
        self._judge = Judge.of(Manifest.load(settings.model), BUILT_IN)

    @property
    def cluster(self) -> Cluster:
        """Cluster of the job."""
        return self._launcher.cluster

    @property
    def job(self) -> LiveJob:
        """The current or last job."""
        if self._job is None:
            msg = "the stage has no job yet; call start_job first"
            raise RuntimeError(msg)
        return self._job

    @property
    def consumer(self) -> AlertConsumer:
        """The alert consumer that runs beside the job."""
        if self._consumer is None:
            msg = "the stage has no consumer; set has_consumer of the fault"
            raise RuntimeError(msg)
        return self._consumer

    @property
    def client(self) -> "KinesisClient":
        """A client of the emulator that bypasses the faulty endpoint."""
        return kinesis_client(self.settings)

    def start_job(
        self,
        *arguments: str,
        parallelism: int = 2,
        catalogue: Catalogue = BUILT_IN,
        flink_options: Sequence[str] = (),
    ) -> None:
        """Start the job, or its successor, and wait until it runs; ``arguments`` are options of its own."""
        self.tell("starting the job")
        if catalogue != BUILT_IN:
            path = self.folder / f"{catalogue.version}.json"
            path.write_text(catalogue.to_json())
            arguments = ("--catalogue", str(path), *arguments)
        settings = self._job_settings.model_copy(update={"parallelism": parallelism})
        self._job = self._launcher.start(
            settings,
            *self._options,
            *arguments,
            flink_options=flink_options,
            endpoint_url=self._job_url,
        )
        if catalogue not in self._catalogues:
            self._catalogues.append(catalogue)
        self._job.wait_until_running()

    def start_second_job(self, *arguments: str, parallelism: int) -> LiveJob:
        """Start another job on the same streams, which runs beside the current one until the stage ends."""
        self.tell("starting a second job")
        settings = self._job_settings.model_copy(update={"parallelism": parallelism})
        self._second_job = self._launcher.start(settings, *arguments)
        self._second_job.wait_until_running()
        return self._second_job

    def start_consumer(self, *, has_table: bool = False) -> None:
        """Start the project's alert consumer, with its own store, a file or a table, and its own output."""
        folder = self.folder / self.settings.alerts_stream
        folder.mkdir()
        self._consumer = AlertConsumer(self.cluster, self.settings, folder, has_table=has_table)
        self._consumer.start()

    def call_endpoint(self, host: str) -> None:
        """Let the jobs that are started from now on reach the faulty endpoint by this host name."""
        self._job_url = f"http://{host}:{self.endpoint.port}"

    def move_input(self, stream: str) -> None:
        """Send the rest of the load to another stream, which the jobs from now on read.

        Keeps the records of the present one, which may be gone afterwards; nothing may be being sent.
        """
        self._earlier += self._contents()
        update = {"transactions_stream": stream}
        self.settings = self.settings.model_copy(update=update)
        self._job_settings = self._job_settings.model_copy(update=update)
        create_streams(self.client, self.settings, wait_s=CREATION_TIMEOUT_S)
        self.sender.write_to(self._writer())

    def wait_until_under_way(self, *, awaits_checkpoint: bool = True) -> None:
        """Wait until part of the load is sent, a checkpoint is complete and more is scored after it."""
        self.wait_until_sent(UNDER_WAY_SHARE)
        if awaits_checkpoint:
            completed = self.job.completed_checkpoints()
            self.wait("a checkpoint", lambda: self.job.completed_checkpoints() > completed)
        self.wait_for_more()

    def wait_until_sent(self, share: float = 1.0) -> None:
        """Wait until this share of the load is in the stream."""
        awaited = share * len(self.items)
        what = "the end of the load" if share == 1 else "part of the load"
        self.wait(what, lambda: self.sender.sent >= awaited)

    def wait_for_more(self) -> None:
        """Wait until more transactions are scored, or the sender is idle so that none may come."""
        before = len(self.scored_keys)
        self.wait("more scores", lambda: len(self.scored_keys) > before or self.sender.is_idle)

    def wait(self, what: str, is_there: Callable[[], bool]) -> None:
        """Wait as `Cluster.wait_for` does, and read the output meanwhile."""
        self.tell(f"waiting for {what}")

        def look() -> bool:
            self.read()
            return is_there()

        self.cluster.wait_for(what, look)

    def pause(self, seconds: float) -> None:
        """Wait this many seconds, and read the output meanwhile."""
        until_s = time.monotonic() + seconds
        while time.monotonic() < until_s:
            self.read()
            time.sleep(PAUSE_S)

    def unhandled_alerts(self) -> set[str]:
        """Return the ids of the alerts that the consumer's handler has not received yet."""
        return _ids(self.alerts.records) - _ids(self.consumer.records)

    @contextmanager
    def fault(self, what: str) -> Iterator[None]:
        """Record the start and end of the fault, which lasts while the block runs; ``what`` describes it.

        Of several faults, the first start and the last end count.
        """
        self.tell(what)
        self._began_ms = self._began_ms or wall_clock_ms()
        self.sender.resume()
        yield
        self._ended_ms = wall_clock_ms()

    def read(self) -> bool:
        """Read new output; returns whether there was any."""
        scored = self.scored.read()
        for record in scored:
            if record.content["outcome"] == "duplicate":
                self._copies[TransactionKey.of(record.content)] += 1
                continue
            self.scored_keys.add(TransactionKey.of(record.content))
            if self._judge.is_due(record.content["score"]):
                self._to_alert.add(TransactionKey.of(record.content))
        alerts = self.alerts.read()
        handed_out = self._consumer.read_new() if self._consumer else []
        self._alerted |= {
            TransactionKey.of(alert.content) for alert in alerts if alert.content.get("kind") != "review"
        }
        letters = self.dead_letters.read()
        self.sender.raise_if_failed()
        self.tell()
        return bool(scored or alerts or handed_out or letters)

    def wait_until_all_is_there(self) -> None:
        """Wait until the output is complete and nothing more arrives, or until nothing arrives at all."""
        self.tell("waiting for the last results")
        since_s = time.monotonic()
        while time.monotonic() - since_s < (QUIET_S if self._is_complete() else PATIENCE_S):
            self.cluster.check("the last transactions")
            if self.read() or self.sender.sent < len(self.items):
                since_s = time.monotonic()
            time.sleep(PAUSE_S)

    def _is_complete(self) -> bool:
        return (
            self.sender.sent >= len(self.items)
            and self._wanted <= self.scored_keys
            and self._to_alert <= self._alerted
            and not (self._consumer and self.unhandled_alerts())
            and self._copies.total() >= self._copies_wanted
            and self._letters() >= self._letters_wanted
            and sum(transactions_under_review(alert.content) for alert in self.alerts.records)
            >= self._reviews_wanted
        )

    def _letters(self) -> int:
        # Some letters sum up many records.
        return sum(each.content.get("count", 1) for each in self.dead_letters.records)

    def evidence(self, *, may_repeat: bool, skew_ms: int) -> Evidence:
        """Return everything that was sent and received; the arguments are those of `Evidence`."""
        return Evidence(
            items=self.items,
            arrivals=self.arrivals(),
            scored=self.scored.records,
            alerts=self.alerts.records,
            handed_out=self._consumer.records if self._consumer else None,
            dead_letters=self.dead_letters.records,
            began_ms=self._began_ms,
            ended_ms=self._ended_ms,
            may_repeat=may_repeat,
            skew_ms=skew_ms,
        )

    def arrivals(self) -> list[Arrival]:
        """Return the records of the transaction stream in its order, from the journal and the stream."""
        return arrivals(self.items, read_journal(self._journal), [*self._earlier, *self._contents()])

    def _contents(self) -> "list[StreamRecord]":
        """Return the records of the current transaction stream; it must have all that were accepted."""
        accepted = sum(entry.place is not None for entry in read_journal(self._journal))
        reader = StreamReader(
            self.client, self.settings.transactions_stream, poll_interval_ms=READ_INTERVAL_MS
        )
        contents: list[StreamRecord] = []
        until_s = time.monotonic() + INPUT_TIMEOUT_S
        while (found := reader.poll()) or len(self._earlier) + len(contents) < accepted:
            contents += found
            if time.monotonic() >= until_s:
                there = len(self._earlier) + len(contents)
                msg = f"the transaction stream has {there} records, but it accepted {accepted}"
                raise JournalError(msg)
        return contents

    def _writer(self) -> StreamWriter:
        return StreamWriter(
            cast("KinesisClient", self._sending_client),
            self.settings.transactions_stream,
            max_attempts=WRITER_ATTEMPTS,
        )

    def expected_output(self) -> ExpectedOutput:
        """Return the expected output."""
        model = self.settings.model
        return ExpectedOutput.of(
            [(catalogue, Scorer.load(model, catalogue)) for catalogue in self._catalogues]
        )

    def close(self) -> None:
        """Stop the sender, the consumer and the job."""
        self.sender.stop()
        self._sending_client.close()
        if self._consumer is not None:
            self._consumer.close()
        for job in (self._second_job, self._job):
            if job is not None:
                job.cancel()

    def tell(self, what: str = "") -> None:
        """Report a new activity, or, if ``what`` is empty, that the numbers have changed."""
        self._say(what, self)


def _ids(alerts: Iterable[WrittenRecord]) -> set[str]:
    return {alert.content["alert_id"] for alert in alerts}


def kill(pid: int) -> None:
    """Kill a process of the cluster without warning, as in a power failure."""
    os.kill(pid, signal.SIGKILL)

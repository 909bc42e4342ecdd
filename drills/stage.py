"""Where one fault happens: a job with streams of its own, a load on its way, and what comes out."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from drills.alert_consumer_process import AlertConsumer
from drills.cluster import PAUSE_S, Cluster
from drills.drill_sender import DrillSender
from drills.endpoint import FaultyEndpoint
from drills.live_job import Followed, Launcher, LiveJob, WrittenRecord
from drills.load import Effort, SentItem, transactions_of
from drills.verdict import Evidence, Truth
from fraudstream.domain.catalogue import BUILT_IN, Catalogue
from fraudstream.runtime.clock import wall_clock_ms
from fraudstream.scoring.judge import Judge
from fraudstream.scoring.manifest import Manifest
from fraudstream.scoring.scorer import Scorer
from fraudstream.streams.kinesis.kinesis_client import kinesis_client
from fraudstream.streams.kinesis.kinesis_writer import StreamWriter
from jobs.job_settings import JobSettings

if TYPE_CHECKING:
    from mypy_boto3_kinesis.client import KinesisClient

UNDER_WAY_SHARE: Final = 0.3
"""A fault begins when so much of the load is sent: windows are full, and enough is still to come."""
HELD_SHARE: Final = 0.6
"""So much is sent before the fault at most: on a slow machine the rest waits for it."""
PATIENCE_S: Final = 150.0
"""So long without anything new is the end, though something is missing: twice Flink's longest pause
between two attempts to restart the job (a minute), and the time that a start takes."""
QUIET_S: Final = 3.0
"""When everything is there: so long without anything further is the end, replayed records included."""
WRITER_ATTEMPTS: Final = 3
"""Tries of a request before the sender looks whether it is to stop."""


@dataclass(frozen=True)
class Bench:
    """What the stages of a drill share: a cluster, the emulator, and the settings that lead to it."""

    launcher: Launcher
    emulator_url: str
    settings: JobSettings
    """The emulator is their endpoint; their streams are nobody's."""
    folder: Path


class Stage:
    """A job under load. ``settings`` name its streams; ``say`` takes news of it for whoever watches."""

    def __init__(  # noqa: PLR0913 - what a stage is made of
        self,
        bench: Bench,
        settings: JobSettings,
        endpoint: FaultyEndpoint,
        *,
        effort: Effort,
        items: Sequence[SentItem],
        say: "Callable[[str, Stage], None]",
    ) -> None:
        self.effort = effort
        self.items = items
        self.settings = settings
        self.endpoint = endpoint
        self.folder = bench.folder
        self.scored = Followed(settings, settings.scored_stream)
        self.alerts = Followed(settings, settings.alerts_stream)
        self.dead_letters = Followed(settings, settings.dead_letters_stream)
        # Producer and job go through the endpoint that fails; the drill itself must see everything.
        self._job_settings = settings.model_copy(update={"aws_endpoint_url": endpoint.url})
        writer = StreamWriter(
            kinesis_client(self._job_settings), settings.transactions_stream, max_attempts=WRITER_ATTEMPTS
        )
        self.sender = DrillSender(writer, items, effort.rate, HELD_SHARE)
        self._launcher = bench.launcher
        self._say = say
        self._job: LiveJob | None = None
        self._consumer: AlertConsumer | None = None
        self._catalogues: list[Catalogue] = []
        self._began_ms = self._ended_ms = 0
        self._wanted = {each.transaction_id for each in transactions_of(items)}
        self._letters_wanted = sum(item.reason is not None for item in items)
        self._copies_wanted = len(items) - len(self._wanted) - self._letters_wanted
        self.scored_ids: set[str] = set()
        self._copies: Counter[str] = Counter()
        self._to_alert: set[str] = set()
        self._alerted: set[str] = set()
        self._judge = Judge.of(Manifest.load(settings.model), BUILT_IN)

    @property
    def cluster(self) -> Cluster:
        """The cluster that the job runs on."""
        return self._launcher.cluster

    @property
    def job(self) -> LiveJob:
        """The job that works now, or worked last."""
        if self._job is None:
            msg = "the stage has no job yet: start one"
            raise RuntimeError(msg)
        return self._job

    @property
    def consumer(self) -> AlertConsumer:
        """The consumer of alerts that works beside the job."""
        if self._consumer is None:
            msg = "the stage has no consumer: the fault must say that it needs one"
            raise RuntimeError(msg)
        return self._consumer

    @property
    def client(self) -> "KinesisClient":
        """A client that always reaches the emulator."""
        return kinesis_client(self.settings)

    def start_job(
        self,
        *arguments: str,
        parallelism: int = 2,
        catalogue: Catalogue = BUILT_IN,
        flink_options: Sequence[str] = (),
    ) -> None:
        """Start the job, or the one that goes on after it, and wait until it runs."""
        self.tell("starting the job")
        if catalogue != BUILT_IN:
            path = self.folder / f"{catalogue.version}.json"
            path.write_text(catalogue.to_json())
            arguments = ("--catalogue", str(path), *arguments)
        settings = self._job_settings.model_copy(update={"parallelism": parallelism})
        self._job = self._launcher.start(settings, *arguments, flink_options=flink_options)
        if catalogue not in self._catalogues:
            self._catalogues.append(catalogue)
        self._job.wait_until_running()

    def start_consumer(self) -> None:
        """Start the project's consumer of alerts, with a store and a file of its own."""
        folder = self.folder / self.settings.alerts_stream
        folder.mkdir()
        self._consumer = AlertConsumer(self.cluster, self.settings, folder)
        self._consumer.start()

    def wait_until_under_way(self) -> None:
        """Wait until a good part is scored and saved, and something is scored that no checkpoint has."""
        awaited = UNDER_WAY_SHARE * len(self.items)
        self.wait("load under way", lambda: self.sender.sent >= awaited)
        completed = self.job.completed_checkpoints()
        self.wait("checkpoint", lambda: self.job.completed_checkpoints() > completed)
        self.wait_for_more()

    def wait_for_more(self) -> None:
        """Wait until transactions are scored that were not when this was called, if any can come."""
        before = len(self.scored_ids)
        self.wait("more scores", lambda: len(self.scored_ids) > before or self.sender.is_idle)

    def wait(self, what: str, is_there: Callable[[], bool]) -> None:
        """Wait as `Cluster.wait_for` does; what comes out meanwhile is read."""
        self.tell(f"waiting for {what}")

        def look() -> bool:
            self.read()
            return is_there()

        self.cluster.wait_for(what, look)

    def pause(self, seconds: float) -> None:
        """Let a fault last so long; what comes out meanwhile is read."""
        until_s = time.monotonic() + seconds
        while time.monotonic() < until_s:
            self.read()
            time.sleep(PAUSE_S)

    def unhandled_alerts(self) -> set[str]:
        """Return the ids of those alerts that the consumer's handler has yet to receive."""
        return _ids(self.alerts.records) - _ids(self.consumer.records)

    @contextmanager
    def fault(self, what: str) -> Iterator[None]:
        """Take note of when the fault began and was over: ``what`` happens while the block runs."""
        self.tell(what)
        self._began_ms = wall_clock_ms()
        self.sender.go_on()
        yield
        self._ended_ms = wall_clock_ms()

    def read(self) -> bool:
        """Read what has come out; whether anything was new."""
        scored = self.scored.read()
        for record in scored:
            if record.content["outcome"] == "duplicate":
                self._copies[record.content["transaction_id"]] += 1
                continue
            self.scored_ids.add(record.content["transaction_id"])
            if self._judge.is_due(record.content["score"]):
                self._to_alert.add(record.content["transaction_id"])
        alerts = self.alerts.read()
        handed_out = self._consumer.read() if self._consumer else []
        self._alerted |= {alert.content["transaction_id"] for alert in alerts}
        letters = self.dead_letters.read()
        self.sender.check()
        self.tell()
        return bool(scored or alerts or handed_out or letters)

    def wait_until_all_is_there(self) -> None:
        """Wait until all that was sent has come out, and nothing further; or until nothing comes at all."""
        self.tell("waiting for the last ones")
        since_s = time.monotonic()
        while time.monotonic() - since_s < (QUIET_S if self._is_complete() else PATIENCE_S):
            self.cluster.check("the last transactions")
            if self.read() or self.sender.sent < len(self.items):
                since_s = time.monotonic()
            time.sleep(PAUSE_S)

    def _is_complete(self) -> bool:
        return (
            self.sender.sent >= len(self.items)
            and self._wanted <= self.scored_ids
            and self._to_alert <= self._alerted
            and not (self._consumer and self.unhandled_alerts())
            and self._copies.total() >= self._copies_wanted
            and len(self.dead_letters.records) >= self._letters_wanted
        )

    def evidence(self) -> Evidence:
        """Return all that was seen."""
        return Evidence(
            items=self.items,
            first_try_ms=self.sender.first_try_ms,
            scored=self.scored.records,
            alerts=self.alerts.records,
            handed_out=self._consumer.records if self._consumer else None,
            dead_letters=self.dead_letters.records,
            began_ms=self._began_ms,
            ended_ms=self._ended_ms,
        )

    def truth(self) -> Truth:
        """Return what must have come out."""
        model = self.settings.model
        return Truth.of([(catalogue, Scorer.load(model, catalogue)) for catalogue in self._catalogues])

    def close(self) -> None:
        """End the sending, the consumer and the job."""
        self.sender.stop()
        if self._consumer is not None:
            self._consumer.close()
        if self._job is not None:
            self._job.cancel()

    def tell(self, what: str = "") -> None:
        """Pass on what happens now, or that numbers have changed."""
        self._say(what, self)


def _ids(alerts: Iterable[WrittenRecord]) -> set[str]:
    return {alert.content["alert_id"] for alert in alerts}


def kill(pid: int) -> None:
    """End a process of the cluster as a power cut does."""
    os.kill(pid, signal.SIGKILL)

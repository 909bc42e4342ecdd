"""A job of this project on a cluster, with the streams that it reads and writes."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import orjson

from drills.cluster import Cluster, ClusterError, detached_job, flink, submitted_job
from drills.emulator_environment import stream_names
from drills.reference_comparison import Scored
from fraudstream.domain.transaction import Transaction
from fraudstream.streams.kinesis.kinesis_client import kinesis_client
from fraudstream.streams.kinesis.kinesis_reader import StreamReader
from fraudstream.streams.kinesis.kinesis_writer import StreamWriter
from fraudstream.streams.protocols import Record
from fraudstream.streams.stream_errors import StreamError
from jobs.job_settings import JobSettings
from localstack.streams import create_streams

CREATION_TIMEOUT_S: Final = 30
READ_INTERVAL_MS: Final = 10
"""Between two rounds over the shards of an emulator, which has no limit of reads a second."""
ENDS: Final = frozenset({"FINISHED", "CANCELED", "FAILED"})
"""The states of a job that is over (Flink's ``JobStatus``)."""


class WrittenRecord(NamedTuple):
    """A record that the job wrote, and when the stream took it (epoch milliseconds)."""

    content: dict[str, Any]
    arrival_ms: int


@dataclass(frozen=True)
class Launcher:
    """Starts jobs on ``cluster``; ``archive`` is the project's code, as `deploy.package` writes it."""

    cluster: Cluster
    archive: Path

    def start(self, settings: JobSettings, *arguments: str, flink_options: Sequence[str] = ()) -> "LiveJob":
        """Start a job on the streams of ``settings``, which are made if they are not there.

        ``arguments`` are the job's own, ``flink_options`` those of Flink's client. The parallelism is that
        of the settings: Flink's client would take the job's option for its own.
        """
        create_streams(kinesis_client(settings), settings, wait_s=CREATION_TIMEOUT_S)
        command = (*detached_job(self.archive, *flink_options), *arguments)
        environment = stream_names(settings) | {
            "AWS_ENDPOINT_URL": settings.endpoint_url or "",
            "FRAUDSTREAM_PARALLELISM": str(settings.parallelism),
        }
        said = flink(self.cluster, *command, environment=environment)
        self.cluster.worker_jobs += 1
        return LiveJob(self.cluster, settings, submitted_job(said))

    @contextmanager
    def running(
        self, settings: JobSettings, *arguments: str, flink_options: Sequence[str] = ()
    ) -> Iterator["LiveJob"]:
        """Run a job as `start` does while the block runs; its slots are free again for the next one."""
        job = self.start(settings, *arguments, flink_options=flink_options)
        try:
            yield job
        finally:
            job.cancel()


class Followed:
    """A stream that is read again and again, each record once."""

    def __init__(self, settings: JobSettings, stream: str) -> None:
        self._reader = StreamReader(kinesis_client(settings), stream, poll_interval_ms=READ_INTERVAL_MS)
        self.records: list[WrittenRecord] = []

    def read(self) -> list[WrittenRecord]:
        """Return what is new, up to where a round brings nothing; the records of a shard keep their order."""
        new = []
        while found := self._reader.poll():
            new += [WrittenRecord(orjson.loads(record.data), record.arrival_ms) for record in found]
        self.records += new
        return new


@dataclass(frozen=True)
class LiveJob:
    """A job by its id; its streams are those of ``settings``."""

    cluster: Cluster
    settings: JobSettings
    job_id: str
    _followed: "dict[str, Followed]" = field(default_factory=dict)

    def send(self, transactions: Iterable[Transaction]) -> None:
        """Put transactions into the stream, those of an account in one shard and in their order."""
        writer = StreamWriter(kinesis_client(self.settings), self.settings.transactions_stream)
        result = writer.put([Record(each.to_json(), each.account_id) for each in transactions])
        if result.failures:
            msg = f"{len(result.failures)} transactions are not in the stream: {result.failures[0].message}"
            raise StreamError(msg)

    def scored(self) -> list[Scored]:
        """Return all records of the scored stream so far; those of a transaction are in their order."""
        return self._read(self.settings.scored_stream)

    def alerts(self) -> list[dict[str, Any]]:
        """Return all alerts so far."""
        return self._read(self.settings.alerts_stream)

    def dead_letters(self) -> list[dict[str, Any]]:
        """Return all dead letters so far."""
        return self._read(self.settings.dead_letters_stream)

    def _read(self, stream: str) -> list[dict[str, Any]]:
        if stream not in self._followed:
            self._followed[stream] = Followed(self.settings, stream)
        self._followed[stream].read()
        return [record.content for record in self._followed[stream].records]

    def wait_until_scored(self, transactions: Iterable[Transaction]) -> None:
        """Wait until each of the transactions has a record in the scored stream."""
        ids = {each.transaction_id for each in transactions}
        self.wait_for_scored(lambda records: ids <= {record["transaction_id"] for record in records})

    def wait_for_scored(self, are_there: Callable[[list[Scored]], bool]) -> None:
        """Wait until the scored stream holds what is asked for."""
        self.cluster.wait_for("scored transactions", lambda: are_there(self.scored()))

    def checkpoint(self) -> None:
        """Take a checkpoint and wait until it is complete."""
        self._done("checkpoints", self._ask("/checkpoints", {"checkpointType": "FULL"}))

    def completed_checkpoints(self) -> int:
        """Return how many checkpoints are complete since the job was submitted."""
        completed: int = self._ask("/checkpoints")["counts"]["completed"]
        return completed

    def newest_checkpoint(self) -> str:
        """Return the URI of the newest complete checkpoint on disk, which needs no JobManager to tell.

        Raises `ClusterError` if there is none.
        """
        found = list((self.cluster.checkpoints / self.job_id).glob("chk-*/_metadata"))
        if not found:
            msg = f"job {self.job_id} has no complete checkpoint in {self.cluster.checkpoints}"
            raise ClusterError(msg)
        return max(found, key=_checkpoint_number).parent.as_uri()

    def wait_until_running(self) -> None:
        """Wait until all of the job's tasks run; before that Flink takes no checkpoint."""
        self.cluster.wait_for("running tasks", self.is_running)

    def is_running(self) -> bool:
        """Whether all of the job's tasks run."""
        tasks = self._ask("")["status-counts"]
        return bool(tasks["RUNNING"] == sum(tasks.values()))

    def savepoint(self, folder: Path, form: Literal["CANONICAL", "NATIVE"] = "CANONICAL") -> str:
        """Take a savepoint in ``folder`` while the job goes on; return its URI.

        Each state backend can read the canonical form, only the one that wrote it the native.
        """
        request = {"target-directory": folder.as_uri(), "formatType": form}
        uri: str = self._done("savepoints", self._ask("/savepoints", request))["location"]
        return uri

    def stop_with_savepoint(self, folder: Path) -> str:
        """End the job with a savepoint in ``folder``; return the URI of that."""
        request = {"targetDirectory": folder.as_uri(), "drain": False}
        uri: str = self._done("savepoints", self._ask("/stop", request))["location"]
        self._wait_for_end()
        return uri

    def cancel(self) -> None:
        """End the job, its state with it; one that is over already is left as it is."""
        if self._ask("")["state"] not in ENDS:
            self._ask("?mode=cancel", {}, "PATCH")
            self._wait_for_end()

    def restored_from(self) -> dict[str, Any] | None:
        """Return what Flink says of the checkpoint that the job went on from; None if there is none."""
        restored: dict[str, Any] | None = self._ask("/checkpoints")["latest"]["restored"]
        return restored

    def parallelism(self) -> int:
        """Return how many slots the job takes."""
        return max(int(vertex["parallelism"]) for vertex in self._ask("")["vertices"])

    def state_backend(self) -> str:
        """Return Flink's name of where the job's state lives."""
        name: str = self._ask("/checkpoints/config")["state_backend"]
        return name

    def _done(self, kind: str, trigger: dict[str, str]) -> dict[str, Any]:
        path = f"/{kind}/{trigger['request-id']}"
        self.cluster.wait_for(kind, lambda: self._ask(path)["status"]["id"] == "COMPLETED")
        done: dict[str, Any] = self._ask(path)["operation"]
        if "failure-cause" in done:
            msg = f"{kind} of job {self.job_id} failed: {done['failure-cause']}"
            raise ClusterError(msg)
        return done

    def _wait_for_end(self) -> None:
        self.cluster.wait_for("end of the job", lambda: self._ask("")["state"] in ENDS)

    def _ask(self, path: str, body: object = None, method: str | None = None) -> Any:  # noqa: ANN401 - JSON
        return self.cluster.ask(f"/jobs/{self.job_id}{path}", body, method)


def _checkpoint_number(metadata: Path) -> int:
    return int(metadata.parent.name.removeprefix("chk-"))

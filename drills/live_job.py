"""Running job of this project on a cluster, with its input and output streams."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple
from urllib.error import HTTPError

import orjson

from drills.cluster import Cluster, ClusterError, detached_job, flink, submitted_job
from drills.emulator_environment import stream_names
from drills.reference_comparison import Scored
from fraudstream.domain.transaction import Transaction, TransactionKey
from fraudstream.streams.kinesis.kinesis_client import kinesis_client
from fraudstream.streams.kinesis.kinesis_reader import StreamReader
from fraudstream.streams.kinesis.kinesis_writer import StreamWriter
from fraudstream.streams.protocols import Record
from fraudstream.streams.stream_errors import StreamError
from jobs.job_settings import JobSettings
from localstack.streams import create_streams

CREATION_TIMEOUT_S: Final = 30
READ_INTERVAL_MS: Final = 10
"""Pause between two rounds over the shards; the emulator does not limit reads per second."""
ENDS: Final = frozenset({"FINISHED", "CANCELED", "FAILED"})
"""Terminal states of a job (Flink's ``JobStatus``)."""
RESTARTS: Final = (
    "Not all required tasks are currently running",
    "Checkpoint Coordinator is suspending",
    "failed during stopping",
)
"""Flink's messages for a savepoint that met a restart of the job: those of ``CheckpointFailureReason``
and of ``StopWithSavepointStoppingException``."""
MAX_SAVEPOINT_ATTEMPTS: Final = 10


class WrittenRecord(NamedTuple):
    """A record that the job wrote, and its arrival time in the stream (epoch milliseconds)."""

    content: dict[str, Any]
    arrival_ms: int


@dataclass(frozen=True)
class Launcher:
    """Starts jobs on ``cluster``; ``archive`` is the project's Python code, as `deploy.package` writes it."""

    cluster: Cluster
    archive: Path

    def start(
        self,
        settings: JobSettings,
        *arguments: str,
        flink_options: Sequence[str] = (),
        endpoint_url: str | None = None,
    ) -> "LiveJob":
        """Start a job on the streams of ``settings``, which are created if they do not exist.

        ``arguments`` are the job's options, ``flink_options`` those of the Flink client, ``endpoint_url``
        what the job has instead of the endpoint of ``settings``. The parallelism is passed through the
        environment, because the client would parse the job's option as its own.
        """
        create_streams(kinesis_client(settings), settings, wait_s=CREATION_TIMEOUT_S)
        command = (*detached_job(self.archive, *flink_options), *arguments)
        environment = stream_names(settings) | {
            "AWS_ENDPOINT_URL": endpoint_url or settings.endpoint_url or "",
            "FRAUDSTREAM_PARALLELISM": str(settings.parallelism),
        }
        said = flink(self.cluster, *command, environment=environment)
        self.cluster.worker_jobs += 1
        return LiveJob(self.cluster, settings, submitted_job(said))

    @contextmanager
    def running(
        self, settings: JobSettings, *arguments: str, flink_options: Sequence[str] = ()
    ) -> Iterator["LiveJob"]:
        """Run a job as `start` does while the block runs, then cancel it, which frees its slots."""
        job = self.start(settings, *arguments, flink_options=flink_options)
        try:
            yield job
        finally:
            job.cancel()


class Followed:
    """A stream that is read repeatedly; each record is returned once."""

    def __init__(self, settings: JobSettings, stream: str) -> None:
        self._reader = StreamReader(kinesis_client(settings), stream, poll_interval_ms=READ_INTERVAL_MS)
        self.records: list[WrittenRecord] = []

    def read(self) -> list[WrittenRecord]:
        """Return new records until a round finds none; the records of a shard keep their order."""
        new = []
        while found := self._reader.poll():
            new += [WrittenRecord(orjson.loads(record.data), record.arrival_ms) for record in found]
        self.records += new
        return new


@dataclass(frozen=True)
class LiveJob:
    """A job, identified by its id, on the streams of ``settings``."""

    cluster: Cluster
    settings: JobSettings
    job_id: str
    _followed: "dict[str, Followed]" = field(default_factory=dict)

    def send(self, transactions: Iterable[Transaction]) -> None:
        """Put transactions into the stream; those of an account go to one shard and keep their order."""
        writer = StreamWriter(kinesis_client(self.settings), self.settings.transactions_stream)
        result = writer.put([Record(each.to_json(), each.account_id) for each in transactions])
        if result.failures:
            msg = f"{len(result.failures)} transactions were not written: {result.failures[0].message}"
            raise StreamError(msg)

    def scored(self) -> list[Scored]:
        """Return all records of the scored stream so far; the records of a transaction are in order."""
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
        keys = {each.key for each in transactions}
        self.wait_for_scored(lambda records: keys <= set(map(TransactionKey.of, records)))

    def wait_for_scored(self, are_there: Callable[[list[Scored]], bool]) -> None:
        """Wait until ``are_there`` accepts the records of the scored stream."""
        self.cluster.wait_for("scored transactions", lambda: are_there(self.scored()))

    def checkpoint(self) -> None:
        """Take a checkpoint and wait until it is complete."""
        self._done("checkpoints", self._ask("/checkpoints", {"checkpointType": "FULL"}))

    def completed_checkpoints(self) -> int:
        """Return the number of checkpoints completed since the job was submitted."""
        completed: int = self._ask("/checkpoints")["counts"]["completed"]
        return completed

    def newest_checkpoint(self) -> str:
        """Return the URI of the newest complete checkpoint, found on disk without the JobManager.

        Raises `ClusterError` if there is none.
        """
        found = list((self.cluster.checkpoints / self.job_id).glob("chk-*/_metadata"))
        if not found:
            msg = f"job {self.job_id} has no complete checkpoint in {self.cluster.checkpoints}"
            raise ClusterError(msg)
        return max(found, key=_checkpoint_number).parent.as_uri()

    def wait_until_running(self) -> None:
        """Wait until all tasks of the job run; Flink takes no checkpoint before that."""
        self.cluster.wait_for("running tasks", self.is_running)

    def is_running(self) -> bool:
        """Return whether all tasks of the job run."""
        tasks = self._ask("")["status-counts"]
        return bool(tasks["RUNNING"] == sum(tasks.values()))

    def failures(self) -> str:
        """Return the stack traces of the job's latest failures, as Flink's web page shows them."""
        entries = self._ask("/exceptions")["exceptionHistory"]["entries"]
        return "\n".join(str(entry["stacktrace"]) for entry in entries)

    def savepoint(self, folder: Path, form: Literal["CANONICAL", "NATIVE"] = "CANONICAL") -> str:
        """Take a savepoint in ``folder`` without stopping the job; return its URI.

        Every state backend can read the canonical form; the native form only the backend that wrote it.
        """
        return self._savepoint("/savepoints", {"target-directory": folder.as_uri(), "formatType": form})

    def stop_with_savepoint(self, folder: Path) -> str:
        """Stop the job with a savepoint in ``folder``; return the URI of the savepoint."""
        uri = self._savepoint("/stop", {"targetDirectory": folder.as_uri(), "drain": False})
        self._wait_for_end()
        return uri

    def cancel(self) -> None:
        """Cancel the job and discard its state; does nothing if the job has ended already.

        A JobManager that was restarted does not know the jobs of its predecessor.
        """
        try:
            has_ended = self._ask("")["state"] in ENDS
        except HTTPError as error:
            if error.code != HTTPStatus.NOT_FOUND:
                raise
            return
        if not has_ended:
            self._ask("?mode=cancel", {}, "PATCH")
            self._wait_for_end()

    def restored_from(self) -> dict[str, Any] | None:
        """Return Flink's description of the checkpoint that the job was restored from; None if none."""
        restored: dict[str, Any] | None = self._ask("/checkpoints")["latest"]["restored"]
        return restored

    def parallelism(self) -> int:
        """Return the number of slots of the job."""
        return max(int(vertex["parallelism"]) for vertex in self._ask("")["vertices"])

    def state_backend(self) -> str:
        """Return Flink's name of the job's state backend."""
        name: str = self._ask("/checkpoints/config")["state_backend"]
        return name

    def _done(self, kind: str, trigger: dict[str, str]) -> dict[str, Any]:
        path = f"/{kind}/{trigger['request-id']}"
        self.cluster.wait_for(kind, lambda: self._ask(path)["status"]["id"] == "COMPLETED")
        done: dict[str, Any] = self._ask(path)["operation"]
        if "failure-cause" in done:
            cause = str(done["failure-cause"]["stack-trace"]).partition("\n")[0]
            msg = f"{kind} of job {self.job_id} failed: {cause}"
            raise ClusterError(msg)
        return done

    def _savepoint(self, path: str, request: dict[str, object]) -> str:
        """Take a savepoint. An attempt that meets a restart of the job is repeated, as an operator would."""
        for attempt in range(1, MAX_SAVEPOINT_ATTEMPTS + 1):
            self.wait_until_running()
            try:
                uri: str = self._done("savepoints", self._ask(path, request))["location"]
            except ClusterError as error:
                if attempt == MAX_SAVEPOINT_ATTEMPTS or not any(reason in str(error) for reason in RESTARTS):
                    raise
            else:
                break
        return uri

    def _wait_for_end(self) -> None:
        self.cluster.wait_for("end of the job", lambda: self._ask("")["state"] in ENDS)

    def _ask(self, path: str, body: object = None, method: str | None = None) -> Any:  # noqa: ANN401 - JSON
        return self.cluster.ask(f"/jobs/{self.job_id}{path}", body, method)


def _checkpoint_number(metadata: Path) -> int:
    return int(metadata.parent.name.removeprefix("chk-"))

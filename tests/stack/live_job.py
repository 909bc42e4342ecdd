"""A job of this project on a cluster of the tests, with the streams that it reads and writes."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import orjson

from fraudstream.settings import Settings
from fraudstream.transaction import Transaction
from localstack.streams import create_streams
from streams.client import kinesis_client
from streams.reader import StreamReader
from streams.writer import Record, StreamWriter
from tests.stack.flink_cluster import Cluster, detached_job, flink, submitted_job
from tests.stack.stack_helpers import stream_names

CREATION_TIMEOUT_S = 30

Scored = dict[str, Any]
"""A record of the stream of scored transactions."""


@dataclass(frozen=True)
class Launcher:
    """Starts jobs on ``cluster``; ``archive`` is the project's code, as `deploy.package` writes it."""

    cluster: Cluster
    archive: Path

    def start(self, settings: Settings, *arguments: str, flink_options: Sequence[str] = ()) -> "LiveJob":
        """Start a job on the streams of ``settings``, which are made if they are not there.

        ``arguments`` are the job's own, ``flink_options`` those of Flink's client.
        """
        create_streams(kinesis_client(settings), settings, wait_s=CREATION_TIMEOUT_S)
        command = (*detached_job(self.archive, *flink_options), *arguments)
        said = flink(self.cluster, *command, environment=stream_names(settings))
        return LiveJob(self.cluster, settings, submitted_job(said))

    @contextmanager
    def running(
        self, settings: Settings, *arguments: str, flink_options: Sequence[str] = ()
    ) -> Iterator["LiveJob"]:
        """Run a job as `start` does while the block runs; its slots are free again for the next one."""
        job = self.start(settings, *arguments, flink_options=flink_options)
        try:
            yield job
        finally:
            job.cancel()


class Followed:
    """A stream that is read again and again, each record once."""

    def __init__(self, settings: Settings, stream: str) -> None:
        self._reader = StreamReader(kinesis_client(settings), stream, poll_interval_ms=10)
        self._records: list[dict[str, Any]] = []

    def all_so_far(self) -> list[dict[str, Any]]:
        """Return everything from the stream's beginning on; the records of a shard are in their order."""
        while found := self._reader.poll():
            self._records += [orjson.loads(record.data) for record in found]
        return list(self._records)


@dataclass(frozen=True)
class LiveJob:
    """A job by its id; its streams are those of ``settings``."""

    cluster: Cluster
    settings: Settings
    job_id: str
    _followed: "dict[str, Followed]" = field(default_factory=dict)

    def send(self, transactions: Iterable[Transaction]) -> None:
        """Put transactions into the stream, those of an account in one shard and in their order."""
        writer = StreamWriter(kinesis_client(self.settings), self.settings.transactions_stream)
        result = writer.put([Record(each.to_json(), each.account_id) for each in transactions])
        assert not result.failures

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
        return self._followed[stream].all_so_far()

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

    def wait_until_running(self) -> None:
        """Wait until all of the job's tasks run; before that Flink takes no checkpoint."""

        def is_running() -> bool:
            tasks = self._ask("")["status-counts"]
            return bool(tasks["RUNNING"] == sum(tasks.values()))

        self.cluster.wait_for("running tasks", is_running)

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
        """End the job, its state with it."""
        self._ask("?mode=cancel", {}, "PATCH")
        self._wait_for_end()

    def restored_from(self) -> dict[str, Any] | None:
        """Return what Flink says of the checkpoint that the job went on from; None if there is none."""
        restored: dict[str, Any] | None = self._ask("/checkpoints")["latest"]["restored"]
        return restored

    def state_backend(self) -> str:
        """Return Flink's name of where the job's state lives."""
        name: str = self._ask("/checkpoints/config")["state_backend"]
        return name

    def _done(self, kind: str, trigger: dict[str, str]) -> dict[str, Any]:
        path = f"/{kind}/{trigger['request-id']}"
        self.cluster.wait_for(kind, lambda: self._ask(path)["status"]["id"] == "COMPLETED")
        done: dict[str, Any] = self._ask(path)["operation"]
        assert "failure-cause" not in done, done["failure-cause"]
        return done

    def _wait_for_end(self) -> None:
        ends = {"FINISHED", "CANCELED", "FAILED"}
        self.cluster.wait_for("end of the job", lambda: self._ask("")["state"] in ends)

    def _ask(self, path: str, body: object = None, method: str | None = None) -> Any:  # noqa: ANN401 - JSON
        return self.cluster.ask(f"/jobs/{self.job_id}{path}", body, method)

"""Consumers whose stream and store are unreachable for a while, as processes against the emulator."""

import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from uuid import uuid4

import pytest

from drills.endpoint import FaultyEndpoint
from fraudstream.runtime.project_root import ROOT
from fraudstream.streams.kinesis.kinesis_client import kinesis_client
from jobs.job_settings import JobSettings
from localstack.streams import create_streams
from localstack.tables import create_tables
from tests.stack.stack_helpers import write_all
from tests.unit.alerts.alert_samples import alert

pytestmark = pytest.mark.parametrize("emulator", ["embedded"], indirect=True)

PATIENCE_S = 60.0


class Lines:
    """Lines of a pipe, which a test waits for."""

    def __init__(self, pipe: IO[str]) -> None:
        self._lines: queue.Queue[str] = queue.Queue()
        self.thread = threading.Thread(target=self._read, args=(pipe,))
        self.thread.start()

    def next(self, part: str) -> None:
        """Wait for the next line with this part."""
        while part not in self._lines.get(timeout=PATIENCE_S):
            pass

    def _read(self, pipe: IO[str]) -> None:
        for line in pipe:
            self._lines.put(line)


class ConsumerProcess:
    """A consumer, and what it writes."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        self.process = process
        self._output, self._errors = Lines(process.stdout), Lines(process.stderr)

    def alert(self, number: int) -> None:
        """Wait until it has printed this alert."""
        self._output.next(f'"alert-{number}"')

    def close(self) -> None:
        """End the process and read what is left."""
        self.process.kill()
        self._output.thread.join()
        self._errors.thread.join()

    def error(self, part: str) -> None:
        """Wait until it has written a line with this part to standard error."""
        self._errors.next(part)


@contextmanager
def running(command: str) -> Iterator[ConsumerProcess]:
    """Run ``python -m alerts`` while the block runs."""
    with subprocess.Popen(
        [sys.executable, "-m", "alerts", command, "--json"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        consumer = ConsumerProcess(process)
        try:
            yield consumer
        finally:
            consumer.close()


def test_a_consumer_survives_an_outage_of_stream_and_store_and_another_one_can_be_stopped_in_it(
    kinesis_settings: JobSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = kinesis_settings
    create_streams(kinesis_client(settings), settings, wait_s=30)
    table = f"Progress-{uuid4().hex[:8]}"
    create_tables(settings, table, f"Alerts-{table}")
    endpoint = FaultyEndpoint(settings.endpoint_url or "", seed=1)
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint.url)
    monkeypatch.setenv("AWS_CBOR_DISABLE", "1")
    monkeypatch.setenv("ALERTS_STORE", f"dynamodb:{table}")
    monkeypatch.setenv("ALERTS_REFUSED", str(tmp_path / "refused.jsonl"))

    def write(*numbers: int) -> None:
        write_all(settings, settings.alerts_stream, [alert(number) for number in numbers])

    write(0)
    with running("run") as run, running("tail") as tail:
        for consumer in (run, tail):
            consumer.alert(0)
        with endpoint.gone():
            write(1, 2)
            for consumer in (run, tail):
                consumer.error("OUTAGE of")
            tail.process.send_signal(signal.SIGTERM)
            assert tail.process.wait(PATIENCE_S) == 0
        run.alert(1)
        run.alert(2)
        run.error("responds again after")
    endpoint.close()

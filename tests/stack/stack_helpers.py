"""What the tests against the emulator share: running a command, emptying a stream."""

import subprocess
import sys

from fraudstream.settings import ROOT, Settings
from streams.client import kinesis_client
from streams.reader import StreamReader, StreamRecord
from streams.writer import Record, StreamWriter


def run_module(*arguments: str, timeout_s: float = 60) -> subprocess.CompletedProcess[str]:
    """Run ``python -m …`` from the project's root, in the environment of the test."""
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout_s,
    )


def read_all(settings: Settings, stream_name: str) -> list[StreamRecord]:
    """Read a stream from its beginning to where a round brings nothing more."""
    reader = StreamReader(kinesis_client(settings), stream_name, poll_interval_ms=10)
    records: list[StreamRecord] = []
    while found := reader.poll():
        records += found
    return records


def write_all(settings: Settings, stream_name: str, data: list[bytes]) -> None:
    """Write records, each under a key of its own."""
    writer = StreamWriter(kinesis_client(settings), stream_name)
    result = writer.put([Record(item, f"key-{n}") for n, item in enumerate(data)])
    assert not result.failures

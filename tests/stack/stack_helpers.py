"""Helpers of the tests against the emulator: run a command, read and fill a stream."""

import subprocess
import sys
from uuid import uuid4

import pytest

from fraudstream.runtime.project_root import ROOT
from fraudstream.streams.kinesis.kinesis_client import kinesis_client
from fraudstream.streams.kinesis.kinesis_reader import StreamReader
from fraudstream.streams.kinesis.kinesis_writer import StreamWriter
from fraudstream.streams.protocols import Record, StreamRecord
from jobs.job_settings import JobSettings


def settings_with_own_streams(emulator_url: str, monkeypatch: pytest.MonkeyPatch) -> JobSettings:
    """Name streams for one test alone and export the names to child processes."""
    suffix = uuid4().hex[:8]
    environment = {
        "AWS_ENDPOINT_URL": emulator_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "ap-southeast-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "FRAUDSTREAM_TRANSACTIONS_STREAM": f"Transactions-{suffix}",
        "FRAUDSTREAM_ALERTS_STREAM": f"Alerts-{suffix}",
        "FRAUDSTREAM_DEAD_LETTERS_STREAM": f"DeadLetters-{suffix}",
        "FRAUDSTREAM_LABELS_STREAM": f"Labels-{suffix}",
        "FRAUDSTREAM_SCORED_STREAM": f"Scored-{suffix}",
    }
    for name in ("AWS_REGION", "AWS_PROFILE", "AWS_SESSION_TOKEN", "LOCALSTACK_HOST"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return JobSettings.load(env_file=None)


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


def read_all(settings: JobSettings, stream_name: str) -> list[StreamRecord]:
    """Read a stream from its beginning until a round returns no records."""
    reader = StreamReader(kinesis_client(settings), stream_name, poll_interval_ms=10)
    records: list[StreamRecord] = []
    while found := reader.poll():
        records += found
    return records


def write_all(settings: JobSettings, stream_name: str, data: list[bytes]) -> None:
    """Write records, each under its own key."""
    writer = StreamWriter(kinesis_client(settings), stream_name)
    result = writer.put([Record(item, f"key-{n}") for n, item in enumerate(data)])
    assert not result.failures

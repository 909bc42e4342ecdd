"""A models command that is interrupted while the job computes its features."""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from fraudstream.runtime.project_root import ROOT

TIMEOUT_S = 60


@pytest.fixture
def train(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`models train` over one transaction, in its own process group."""
    # A new transaction each time: features are cached for known data.
    transaction_id = uuid.uuid4().hex
    transactions, labels = tmp_path / "transactions.jsonl", tmp_path / "labels.jsonl"
    transactions.write_text(
        f'{{"transaction_id":"{transaction_id}","event_time":"2026-01-02T03:04:05Z","account_id":"a",'
        '"transaction_amount_vnd":1}\n'
    )
    labels.write_text(
        f'{{"transaction_id":"{transaction_id}","is_fraud":true,"label_time":"2026-01-03T03:04:05Z"}}\n'
    )
    command = [sys.executable, "-m", "models", "train", "--folder", str(tmp_path / "models")]
    command += ["--transactions", str(transactions), "--labels", str(labels)]
    process = subprocess.Popen(command, cwd=ROOT, start_new_session=True)
    yield process
    if commands_of(process):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def commands_of(process: subprocess.Popen[bytes]) -> str:
    """Return the command line of each process of the group."""
    return subprocess.run(
        ["ps", "-ww", "-o", "args=", "-g", str(process.pid)],  # noqa: S607 - wherever the machine has it
        capture_output=True,
        text=True,
        check=False,
    ).stdout


def test_sigterm_also_stops_the_job(train: subprocess.Popen[bytes]) -> None:
    deadline_s = time.monotonic() + TIMEOUT_S
    while "java" not in commands_of(train):
        assert train.poll() is None
        assert time.monotonic() < deadline_s
        time.sleep(0.1)
    train.send_signal(signal.SIGTERM)
    assert train.wait(TIMEOUT_S) != 0
    assert "feature_job.py" not in commands_of(train)
    while left := commands_of(train):
        assert time.monotonic() < deadline_s, left
        time.sleep(0.1)

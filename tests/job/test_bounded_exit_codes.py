"""Bounded mode reports every failure with a nonzero exit code and one sentence."""

import gzip
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fraudstream.runtime.project_root import ROOT
from tests.job.job_helpers import run_feature_job
from tests.job.random_stream import transactions

LINES = [transaction.to_json() for transaction in transactions(1, 200)]
DATA = b"".join(line + b"\n" for line in LINES)
START_TIMEOUT_S = 120
END_TIMEOUT_S = 60


@pytest.fixture(name="source")
def fixture_source(tmp_path: Path) -> Path:
    source = tmp_path / "in.jsonl"
    source.write_bytes(DATA)
    return source


@pytest.fixture(name="out")
def fixture_out(tmp_path: Path) -> Path:
    """Return an output file written by an earlier run."""
    out = tmp_path / "out.jsonl"
    out.write_text("of an earlier run")
    return out


def assert_refused(process: subprocess.CompletedProcess[str], says: str, out: Path) -> None:
    """Check that the error is one sentence without a stack trace, and that nothing was written."""
    assert process.returncode == 2, process.stderr
    *_, last = process.stderr.splitlines()
    assert last.startswith("error: ")
    assert says in last
    assert "Traceback" not in process.stderr
    assert "\tat " not in process.stderr
    assert out.read_text() == "of an earlier run"


def test_a_truncated_source_fails_the_job(tmp_path: Path, out: Path) -> None:
    source = tmp_path / "in.jsonl.gz"
    source.write_bytes(gzip.compress(DATA)[:-100])
    process = run_feature_job("--source", source, "--features-out", out)
    assert_refused(process, f"{source} is not a complete gzip file", out)


def test_a_parquet_file_without_a_required_column_fails_the_job(tmp_path: Path, out: Path) -> None:
    source = tmp_path / "in.parquet"
    pq.write_table(pa.table({"transaction_id": ["t"], "amount": [1.0]}), source)
    process = run_feature_job("--source", source, "--features-out", out)
    says = f"{source} has no column event_time, account_id, transaction_amount_vnd"
    assert_refused(process, says, out)


def test_a_source_of_which_nothing_is_accepted_fails_with_the_reasons(tmp_path: Path, out: Path) -> None:
    source, letters = tmp_path / "in.csv", tmp_path / "letters.jsonl"
    header = "transaction_id,account_id,event_time,transaction_amount_vnd"
    source.write_text(f"{header}\nT1,A,2026-01-02 03:04:05Z,many\nT2,,2026-01-02 03:04:05Z,1\n\n")
    process = run_feature_job(
        "--source", source, "--features-out", out, "--dead-letters-out", letters, "--parallelism", "2"
    )
    assert process.returncode == 3, process.stderr
    *_, summary, warning, error = process.stderr.splitlines()
    refused = "2 refused (1 missing_field, 1 wrong_type)"
    assert summary == f"transactions: 2 read, 0 accepted, {refused}, 0 duplicates"
    assert warning.startswith("warning: 100.0% of the transactions were refused")
    assert error.startswith("error: none of 2 transactions was accepted (1 missing_field, 1 wrong_type)")
    assert out.read_text() == ""
    assert len(letters.read_text().splitlines()) == 2


def test_an_unwritable_output_fails_the_job(source: Path, out: Path) -> None:
    out.with_name("out.jsonl.parts").write_text("in the way")
    process = run_feature_job("--source", source, "--features-out", out)
    assert_refused(process, f"{out} can't be written: {out}.parts can't be created (File exists)", out)


def test_a_stopped_job_writes_nothing_and_reports_it(tmp_path: Path, source: Path, out: Path) -> None:
    command = [sys.executable, "jobs/feature_job.py", "--source", str(source), "--source-rate", "1"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with subprocess.Popen(
        [*command, "--features-out", str(out)], cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        wait_for_the_first_part(tmp_path / "out.jsonl.parts")
        process.send_signal(signal.SIGTERM)
        _, stderr = process.communicate(timeout=END_TIMEOUT_S)
    assert process.returncode == 1
    assert stderr.splitlines()[-1].startswith("error: ")
    assert "Traceback" not in stderr
    assert out.read_text() == "of an earlier run"


def wait_for_the_first_part(folder: Path) -> None:
    deadline_s = time.monotonic() + START_TIMEOUT_S
    while not (folder.is_dir() and list(folder.iterdir())):
        assert time.monotonic() < deadline_s, "the job has not begun"
        time.sleep(0.2)

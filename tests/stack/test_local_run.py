"""The whole system end to end, as `make run` starts it: on the embedded emulator, and on LocalStack."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fraudstream.domain.patterns import FRAUD_TYPES
from fraudstream.runtime.project_root import ROOT
from tests.stack.stack_helpers import read_all, settings_with_own_streams

BROKEN = 14
DUPLICATES = 10


def run(out: Path, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "localrun", "--broken", str(BROKEN), "--duplicates", str(DUPLICATES)]
    process = subprocess.run(
        [*command, "--out", str(out), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    assert process.returncode == 0, process.stdout + process.stderr
    result: dict[str, Any] = json.loads(out.read_text())
    return result


def check(result: dict[str, Any], sent: int) -> None:
    """Account for every transaction; independent of the machine's speed."""
    assert result["sent"] == sent
    assert result["scored"] == sent
    assert result["lost"] == 0
    assert result["dead_letters"] == BROKEN
    assert result["duplicates"] == DUPLICATES
    assert result["alerts"] > 0
    assert 0 < result["latency_ms"]["p50"] <= result["latency_ms"]["p99"]
    # Event times end now, and fraud depends on the hour: at 14:00 UTC 10 of 1,500 transactions are frauds, at
    # 23:00 UTC 340 of 3,000. So false alerts are held against all transactions, of which 1.2 % were the most.
    assert result["alerts"] * (1 - result["precision"]) <= 0.02 * sent
    # A campaign of small fees is detected by its later transactions, so few contain one or two of them.
    assert result["recall"] >= 0.75
    by_type = result["by_fraud_type"]
    assert set(by_type) == set(FRAUD_TYPES)
    assert sum(numbers["alerts"] for numbers in by_type.values()) <= result["alerts"]


def test_every_transaction_is_scored_rejected_or_detected_as_duplicate(tmp_path: Path) -> None:
    check(run(tmp_path / "run.json", "--transactions", "4000", "--rate", "500"), sent=4_000)
    assert (tmp_path / "run.svg").read_text().startswith("<svg")


def test_aggregated_transactions_are_scored_and_rejected_one_by_one(
    embedded_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_with_own_streams(embedded_url, monkeypatch)
    arguments = ("--transactions", "3000", "--rate", "1000", "--joined", "--endpoint-url", embedded_url)
    check(run(tmp_path / "run.json", *arguments), sent=3_000)
    records = read_all(settings, settings.transactions_stream)
    assert sum(record.data.count(b"\n") > 0 for record in records) > 500
    assert len(records) < 2_500


def test_a_real_localstack_gives_the_same_result(
    localstack_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    slow = ("--transactions", "1500", "--rate", "150", "--endpoint-url", localstack_url)
    check(run(tmp_path / "run.json", *slow), sent=1_500)


def test_ctrl_c_stops_the_run_and_every_sent_transaction_is_accounted_for(tmp_path: Path) -> None:
    """Interrupt while it sends: no further batch, the last batches are scored, the result is written."""
    out = tmp_path / "run.json"
    command = [sys.executable, "-m", "localrun", "--transactions", "100000", "--out", str(out)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("sending:"):
            process.send_signal(2)
            break
    process.stdout.read()
    process.stdout.close()
    assert process.wait(120) == 0
    result = json.loads(out.read_text())
    assert 0 < result["sent"] < 100_000
    assert result["scored"] == result["sent"]
    assert result["lost"] == 0

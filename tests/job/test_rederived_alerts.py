"""The job's alerts can be derived again from the scored transactions and the model's folder."""

import itertools
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

from fraudstream.runtime.project_root import ROOT
from producer.simulation import TrafficOptions, generate
from tests.job.job_helpers import outside_environment, run_feature_job

START_MS = 1_767_571_200_000
TRANSACTIONS = 3_000


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Run the job over a file with one duplicate; return its scored transactions and alerts."""
    folder = tmp_path_factory.mktemp("outputs")
    source, scored, alerts = (folder / f"{name}.jsonl" for name in ("source", "scored", "alerts"))
    options = TrafficOptions(seed=4, accounts=60, start_ms=START_MS)
    records = [each.transaction.to_json() for each in itertools.islice(generate(options), TRANSACTIONS)]
    source.write_bytes(b"\n".join([*records, records[-1]]))
    job = run_feature_job(
        "--source", source, "--scores-out", scored, "--alerts-out", alerts, "--parallelism", "1",
        "--alert-threshold", "0.3",
    )  # fmt: skip
    assert job.returncode == 0, job.stderr
    return scored, alerts


def records_of(lines: bytes) -> list[dict[str, Any]]:
    records = [orjson.loads(line) for line in lines.splitlines()]
    for record in records:
        assert record.pop("scored_at")
    return sorted(records, key=lambda record: record["transaction_id"])


def test_every_alert_is_derived_again_identically_except_for_the_scoring_time(
    outputs: tuple[Path, Path],
) -> None:
    scored, alerts = outputs
    again = subprocess.run(
        [sys.executable, "-m", "models", "explain", "--scored", str(scored), "--threshold", "0.3"],
        cwd=ROOT,
        env=outside_environment(),
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert again.returncode == 0, again.stderr
    expected = records_of(alerts.read_bytes())
    assert len(expected) > 50
    assert records_of(again.stdout) == expected


def test_every_alert_of_the_job_has_reasons(outputs: tuple[Path, Path]) -> None:
    for alert in records_of(outputs[1].read_bytes()):
        assert 1 <= len(alert["reasons"]) <= 5
        assert alert["reasons_missing"] is None

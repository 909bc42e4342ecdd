"""The same code and the same jar on Flink 2 give the same output as on Flink 1.20."""

import json
import random
import subprocess
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from fraudstream.archives.record_escape import as_line
from fraudstream.domain.duration import DAY_MS
from fraudstream.runtime.project_root import ROOT
from producer.simulation import TrafficOptions, generate
from tests.flink2.environment import flink2_python
from tests.job.job_helpers import outside_environment, run_feature_job
from tests.kpl_records import aggregated

SEED = 22
START_MS = 1_767_571_200_000
TRANSACTIONS = 2_000
OUTPUTS = ("features", "scores", "alerts", "dead-letters")
PRINT_RELEASES = """
from pyflink.java_gateway import get_gateway
from pyflink.version import __version__
print(__version__, get_gateway().jvm.org.apache.flink.runtime.util.EnvironmentInformation.getVersion())
"""


def arrivals() -> list[bytes]:
    """Return transactions up to a day out of order, some duplicated, and two invalid records."""
    rng = random.Random(SEED)
    options = TrafficOptions(seed=SEED, accounts=80, start_ms=START_MS)
    transactions = [labelled.transaction for labelled in islice(generate(options), TRANSACTIONS)]
    transactions += rng.sample(transactions, 20)
    delay_ms = {id(transaction): rng.choice((0, 0, 0, rng.randrange(DAY_MS))) for transaction in transactions}
    transactions.sort(key=lambda transaction: transaction.event_time_ms + delay_ms[id(transaction)])
    lines = [transaction.to_json() for transaction in transactions]
    lines.insert(TRANSACTIONS // 2, b"{")
    lines.insert(TRANSACTIONS // 3, as_line(aggregated((b"{}\n{}", "a"))[:-1]))
    return lines


@dataclass(frozen=True)
class Run:
    process: subprocess.CompletedProcess[str]
    folder: Path

    def records(self, output: str) -> list[dict[str, Any]]:
        """Return the records of an output in order, without the time of scoring."""
        records = [json.loads(line) for line in (self.folder / f"{output}.jsonl").read_bytes().splitlines()]
        return [{name: value for name, value in record.items() if name != "scored_at"} for record in records]


def run_over(source: Path, folder: Path, **python: Path) -> Run:
    folder.mkdir()
    outputs = [argument for name in OUTPUTS for argument in (f"--{name}-out", folder / f"{name}.jsonl")]
    options = ("--source", source, "--parallelism", "1", "--allowed-lateness", "6h")
    return Run(run_feature_job(*options, *outputs, **python), folder)


@pytest.fixture(scope="module")
def python() -> Path:
    return flink2_python()


@pytest.fixture(scope="module")
def runs(python: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    """Run the job over one file on Flink 1.20 and on Flink 2."""
    folder = tmp_path_factory.mktemp("flink2")
    source = folder / "in.jsonl"
    source.write_bytes(b"".join(line + b"\n" for line in arrivals()))
    return run_over(source, folder / "on-1"), run_over(source, folder / "on-2", python=python)


def test_the_installed_releases_are_the_expected_ones(python: Path) -> None:
    done = subprocess.run(
        [str(python), "-c", PRINT_RELEASES],
        cwd=ROOT,
        env=outside_environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.split() == ["2.2.1", "2.2.1"]


def test_both_runs_succeed(runs: tuple[Run, Run]) -> None:
    for run in runs:
        assert run.process.returncode == 0, run.process.stderr


@pytest.mark.parametrize("output", ["features", "scores", "alerts"])
def test_both_runs_write_the_same_records_in_the_same_order(runs: tuple[Run, Run], output: str) -> None:
    on_1, on_2 = (run.records(output) for run in runs)
    assert on_1
    for record, expected in zip(on_2, on_1, strict=True):
        # The two use different releases of numpy, whose logarithms differ in the last bit.
        score = expected.get("score")
        assert record == expected | ({"score": pytest.approx(score, rel=1e-12)} if score else {})


def test_both_runs_write_the_same_dead_letters(runs: tuple[Run, Run]) -> None:
    on_1, on_2 = (sorted(run.records("dead-letters"), key=json.dumps) for run in runs)
    assert {letter["reason"] for letter in on_1} == {"late", "malformed_json", "aggregation"}
    assert on_2 == on_1


def test_the_input_has_duplicate_transactions(runs: tuple[Run, Run]) -> None:
    outcomes = [record["outcome"] for record in runs[1].records("scores")]
    assert outcomes.count("duplicate") >= 10
    assert outcomes.count("new") >= TRANSACTIONS // 2


def test_streams_without_an_account_are_rejected_with_the_fix(python: Path) -> None:
    process = run_feature_job("--aws-region", "ap-southeast-1", python=python)
    assert process.returncode == 2, process.stderr
    assert "error: aws_account_id: not set" in process.stderr
    assert "give --aws-account-id" in process.stderr
    assert "Traceback" not in process.stderr

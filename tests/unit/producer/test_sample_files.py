"""The committed sample: what its page's command writes, small, and with every type of fraud."""

import shlex
from collections import Counter
from pathlib import Path

import pytest
from pyarrow import csv
from typer.testing import CliRunner

from fraudstream.domain.patterns import FRAUD_TYPES
from fraudstream.runtime.project_root import ROOT
from producer.__main__ import app

SAMPLES = ROOT / "docs" / "samples"
MAX_BYTES = 100_000


def command() -> list[str]:
    """Return the arguments of `fraudstream produce` on the page of the samples."""
    lines = (SAMPLES / "README.md").read_text().splitlines()
    (line,) = [line for line in lines if line.strip().startswith("fraudstream produce csv")]
    return shlex.split(line)[2:]


def test_the_command_on_the_page_writes_the_committed_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = CliRunner().invoke(app, command())
    assert said.exit_code == 0, said.output
    for name in ("transactions.csv", "transactions.truth.csv"):
        assert (tmp_path / "docs" / "samples" / name).read_bytes() == (SAMPLES / name).read_bytes()


def test_the_sample_is_small_and_has_every_type_of_fraud() -> None:
    truth = csv.read_csv(SAMPLES / "transactions.truth.csv")
    types = Counter(truth["fraud_type"].to_pylist())
    assert truth.num_rows == 200
    assert {name for name in types if name} == set(FRAUD_TYPES)
    assert sum(path.stat().st_size for path in SAMPLES.iterdir()) <= MAX_BYTES

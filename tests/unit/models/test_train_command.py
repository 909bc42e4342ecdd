from pathlib import Path

import pytest
from typer.testing import CliRunner

from models.__main__ import app
from models.data.labelled_dataset import DatasetFiles
from models.data.simulated import Bank
from models.train_command import source_of

TOLD = {"version": "v2", "seed": 5, "threshold": "alerts:100", "catalogue": None}


def test_the_source_of_a_simulated_bank_has_the_command_that_regenerates_it() -> None:
    assert source_of(Bank(5, 300, 40), TOLD) == {
        "source": "The project's simulated bank, 300 accounts for 40 days",
        "command": (
            "python -m models train --version v2 --seed 5 --threshold alerts:100 --accounts 300 --days 40"
        ),
    }


def test_the_source_of_files_names_them_quoted_for_a_shell() -> None:
    told = {**TOLD, "catalogue": Path("my catalogue.json")}
    source = source_of(DatasetFiles(Path("in/tx.parquet"), Path("in/labels.jsonl")), told)
    assert source["source"] == "tx.parquet with labels.jsonl"
    assert source["command"].endswith(
        "--catalogue 'my catalogue.json' --transactions in/tx.parquet --labels in/labels.jsonl"
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--threshold", "best"], "invalid threshold 'best': use cost:50000"),
        (["--catalogue", "nowhere.json"], "nowhere.json can't be read"),
        (["--transactions", "a.jsonl"], "must be given together"),
        (["--transactions", "a.jsonl", "--labels", "b.jsonl"], "a.jsonl can't be read"),
    ],
)
def test_an_unusable_argument_is_reported_with_the_fix(
    options: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    result = CliRunner().invoke(app, ["train", "--folder", str(tmp_path), *options])
    assert result.exit_code == 2
    assert said in " ".join(result.output.split())
    assert not list(tmp_path.iterdir())

"""A complete evaluation over files: features from the job, every fold, metrics and report."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pytest
import xgboost
from rich.console import Console
from typer.testing import CliRunner

from fraudstream.domain.catalogue import Catalogue, TransactionFeature, WindowFeature
from fraudstream.domain.duration import DAY_MS
from fraudstream.domain.patterns import fraud_patterns
from fraudstream.domain.transaction import format_time, parse_time_ms
from fraudstream.scoring.manifest import ModelError
from fraudstream.scoring.members.member import Features
from fraudstream.scoring.members.trees import Trees
from models.__main__ import app
from models.data.labelled_dataset import DatasetFiles
from models.data.simulated import Bank, files_of, write_bank
from models.evaluation.evaluation_report import write_report
from models.evaluation.evaluation_run import EvaluationRequest, evaluate
from models.evaluation.judging import Team
from models.evaluation.steps import Steps
from models.members.kind import Kind
from models.members.trees_training import TreesKind
from models.threshold import BestF1
from models.time_folds import SplitOptions

CATALOGUE = Catalogue(
    (
        TransactionFeature(
            name="amount", entity="transaction", statistic="value", column="transaction_amount_vnd"
        ),
        WindowFeature(name="count", entity="account_id", statistic="count", window_ms=300_000),
        WindowFeature(
            name="rate", entity="device_id", statistic="fraud_rate", window_ms=7 * DAY_MS, delay_ms=DAY_MS
        ),
        WindowFeature(
            name="last",
            entity="account_id",
            statistic="last_n",
            column="transaction_fees_vnd",
            window_ms=DAY_MS,
            n=2,
        ),
    )
)


@dataclass(frozen=True)
class FewTrees(TreesKind):
    """A small model of the project's own kind that counts its trainings."""

    fitted: list[str] = field(default_factory=list)

    def fit(
        self, features: Features, is_fraud: npt.NDArray[np.bool_], catalogue: Catalogue, seed: int
    ) -> Trees:
        self.fitted.append(catalogue.version)
        matrix = xgboost.DMatrix(features, label=is_fraud.astype(np.float32))
        told = {**super().parameters(seed), "objective": "binary:logistic"}
        del told["num_boost_round"]
        booster = xgboost.train(told, matrix, num_boost_round=10)
        return Trees(bytes(booster.save_raw("ubj")), features.shape[1])


@dataclass(frozen=True)
class Unfit(FewTrees):
    name: str = "unfit"

    def reason_unsuitable(self, catalogue: Catalogue) -> str | None:
        return f"{len(catalogue.names)} features are not what it needs"


def request(files: DatasetFiles) -> EvaluationRequest:
    split = SplitOptions(folds=2, test_days=2, delay_days=2, validation_days=2)
    return EvaluationRequest(files, "a bank", CATALOGUE, 5, split, Team(), BestF1())


def run(files: DatasetFiles, kinds: dict[str, Kind], folder: Path) -> tuple[dict[str, Any], str]:
    """Evaluate; return the metrics and the console output."""
    console = Console(record=True, width=200, quiet=False, file=(folder.parent / "seen").open("w"))
    steps = Steps(console)
    with steps.shown():
        report = evaluate(request(files), kinds, folder, steps)
    write_report(report, folder.parent / "evaluation.md")
    return dict(report.evaluation), console.export_text()


@pytest.fixture(name="folder", scope="module")
def fixture_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("evaluation") / "kept"


def _known_ms(label: dict[str, Any]) -> int:
    return parse_time_ms(label["event_time"]) + 2 * DAY_MS


@pytest.fixture(name="files", scope="module")
def fixture_files(folder: Path) -> DatasetFiles:
    """Return ten days of a small bank; a third of the labels of honest transactions are missing."""
    bank = Bank(seed=3, accounts=150, days=10)
    assert list(write_bank(bank, folder))[-1] <= 1.0
    files = files_of(bank, folder)
    # The second run has nothing to do.
    assert list(write_bank(bank, folder)) == []
    labels = [orjson.loads(line) for line in files.labels.read_bytes().splitlines()]
    kept = [label for n, label in enumerate(labels) if n % 3 or label["is_fraud"]]
    # The bank's labels need a week, which is longer than this test's data.
    early = [{**label, "available_at": format_time(_known_ms(label))} for label in kept]
    files.labels.write_bytes(b"".join(orjson.dumps(label) + b"\n" for label in early))
    return files


def test_an_evaluation_is_cached_and_the_same_on_every_run(files: DatasetFiles, folder: Path) -> None:
    trees = FewTrees()
    kinds: dict[str, Kind] = {"xgboost": trees, "unfit": Unfit()}
    first, seen = run(files, kinds, folder)
    pages = {path.name: path.read_bytes() for path in folder.parent.rglob("*.[ms][dv]*")}
    assert len(trees.fitted) == 4
    assert "skipped unfit: 4 features are not what it needs" in seen
    assert "computing the features with the job in bounded mode" in seen

    again, seen = run(files, kinds, folder)
    assert len(trees.fitted) == 4
    assert "using the cached features" in seen
    assert json.dumps(again) == json.dumps(first)
    assert {path.name: path.read_bytes() for path in folder.parent.rglob("*.[ms][dv]*")} == pages
    assert set(pages) == {
        "evaluation.md", "precision-recall.svg", "calibration.svg", "scores.svg", "money.svg",
        "fraud-types.svg", "importance.svg",
    }  # fmt: skip

    assert list(first) == ["xgboost", "ensemble", "amount_only", "data"]
    assert first["xgboost"]["auc_roc"] > first["amount_only"]["auc_roc"]
    assert first["xgboost"]["mean_score"] == pytest.approx(first["xgboost"]["base_rate"], rel=0.25)
    simulated = [pattern.fraud_type for pattern in fraud_patterns() if pattern.default_weight > 0]
    assert list(first["xgboost"]["by_fraud_type"]) == simulated
    facts = first["data"]
    assert facts["ships"] == "xgboost"
    assert [fold["test_start"][:10] for fold in facts["folds"]] == ["2026-01-11", "2026-01-13"]
    assert facts["features"] == 4
    assert str(folder.parent) not in json.dumps(first)
    text = (folder.parent / "evaluation.md").read_text()
    assert "**xgboost ships.**" in text
    assert "| loan_fraud |" in text


def test_only_a_missing_fold_is_computed_again(files: DatasetFiles, folder: Path) -> None:
    trees = FewTrees()
    first, _ = run(files, {"xgboost": trees}, folder)
    done = len(trees.fitted)
    (gone,) = folder.glob("*.xgboost.2.npz")
    gone.unlink()
    again, _ = run(files, {"xgboost": trees}, folder)
    assert len(trees.fitted) == done + 1
    assert json.dumps(again) == json.dumps(first)


def test_data_without_known_fraud_is_rejected_with_the_part_and_the_fix(
    files: DatasetFiles, folder: Path
) -> None:
    honest = folder.parent / "honest.jsonl"
    lines = files.labels.read_bytes().splitlines(keepends=True)
    honest.write_bytes(b"".join(line for line in lines if b'"is_fraud":true' not in line))
    with pytest.raises(
        ModelError, match=r"fold 1: 0 of the \d+ transactions in the fit part are known frauds"
    ):
        run(DatasetFiles(files.transactions, honest), {"xgboost": FewTrees()}, folder)


def test_the_command_writes_the_same_metrics_and_a_report(
    files: DatasetFiles, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, _ = run(files, {"xgboost": FewTrees()}, folder)
    trees = FewTrees()
    monkeypatch.setattr("models.evaluate_command.KINDS", {"xgboost": trees})
    monkeypatch.setattr("models.evaluate_command.FOLDER", folder)
    catalogue = tmp_path / "catalogue.json"
    catalogue.write_text(CATALOGUE.to_json())
    out = tmp_path / "new" / "figures.json"
    options = ["--transactions", files.transactions, "--labels", files.labels, "--catalogue", catalogue]
    options += ["--out", out, "--folds", 2, "--test-days", 2, "--delay-days", 2, "--seed", 5]
    # Ten days are too short for validation parts of a week; after shortening they equal the cached ones.
    found = CliRunner().invoke(app, ["evaluate", *map(str, options)])
    assert found.exit_code == 0, found.output
    written = json.loads(out.read_text())
    assert written["data"]["source"] == f"{files.transactions.name}, {files.labels.name}"
    assert written["data"]["note"].startswith("The data has 10 days, but 15 are needed")
    assert written["xgboost"] == expected["xgboost"]
    assert trees.fitted == []
    assert (out.parent / "figures.md").is_file()
    assert (out.parent / "figures-pictures" / "money.svg").is_file()
    assert "Mean over the folds" in found.output


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--transactions", "t.jsonl"], "--transactions and --labels must be given together"),
        (["--threshold", "high"], "use cost:50000"),
        (["--transactions", "t.jsonl", "--labels", "l.jsonl"], "t.jsonl can't be read"),
        (["--catalogue", "c.json"], "c.json can't be read"),
    ],
)
def test_invalid_input_ends_the_command_with_code_2_and_the_fix(
    options: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.evaluate_command.FOLDER", tmp_path / "kept")
    found = CliRunner().invoke(app, ["evaluate", *options])
    assert found.exit_code == 2
    assert says in found.output


def test_fresh_discards_cached_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    monkeypatch.setattr("models.evaluate_command.FOLDER", kept)
    assert CliRunner().invoke(app, ["evaluate", "--catalogue", "c.json"]).exit_code == 2
    assert kept.is_dir()
    assert CliRunner().invoke(app, ["evaluate", "--catalogue", "c.json", "--fresh"]).exit_code == 2
    assert not kept.exists()

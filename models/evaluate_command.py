"""Command ``evaluate``: judges all models on files, or on the simulated bank."""

import json
import shutil
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from fraudstream.archives.archive_errors import ArchiveError
from fraudstream.domain.catalogue import BUILT_IN_WITH_LABELS, Catalogue, CatalogueError
from fraudstream.runtime.project_root import ROOT
from fraudstream.runtime.terminal import shown
from fraudstream.scoring.manifest import ModelError
from models.data.cache import FOLDER
from models.data.labelled_dataset import DatasetFiles
from models.data.simulated import Bank, files_of, write_bank
from models.evaluation.evaluation_report import EvaluationReport, write_report
from models.evaluation.evaluation_run import EvaluationRequest, evaluate
from models.evaluation.judging import Team
from models.evaluation.steps import Steps
from models.members import KINDS
from models.score_metrics import ALERT_COST_VND, ALERTS_PER_DAY
from models.threshold import ThresholdChoice, parse_choice
from models.time_folds import SplitOptions

SHOWN: Final = ("auc_roc", "average_precision", "f1", "recall_at_fpr_0_5pct", "mean_score", "base_rate")
_SPLIT: Final = SplitOptions()
_BANK: Final = Bank()
console = Console(soft_wrap=True)


def evaluate_command(  # noqa: PLR0913 - the options of a command line
    *,
    transactions: Annotated[
        Path | None, typer.Option(help="Transactions: .jsonl, .jsonl.gz, .parquet")
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(help="Labels of the transactions; without a label a transaction counts as honest"),
    ] = None,
    catalogue: Annotated[Path | None, typer.Option(help="Catalogue of features (default: built-in)")] = None,
    out: Annotated[
        Path, typer.Option(help="Output file of the figures; the report is written beside it")
    ] = ROOT / "build/evaluation.json",
    folds: Annotated[int, typer.Option(min=1, help="Number of test folds")] = _SPLIT.folds,
    test_days: Annotated[
        int, typer.Option(min=1, help="Length of each test fold in days")
    ] = _SPLIT.test_days,
    delay_days: Annotated[int, typer.Option(min=0, help="Days until a label is known")] = _SPLIT.delay_days,
    train_days: Annotated[
        int | None, typer.Option(min=2, help="Days of training data (default: all earlier days)")
    ] = None,
    known_days: Annotated[
        int,
        typer.Option(
            min=0, help="Days before the delay whose known frauds exclude their accounts from the tests"
        ),
    ] = _SPLIT.known_days,
    alerts_per_day: Annotated[
        int, typer.Option(min=1, help="Accounts that the team can review per day")
    ] = ALERTS_PER_DAY,
    alert_cost_vnd: Annotated[
        float, typer.Option(min=0, help="Cost of reviewing an alert, VND")
    ] = ALERT_COST_VND,
    seed: Annotated[
        int, typer.Option(min=0, help="Seed of the simulated bank and of the training")
    ] = _BANK.seed,
    accounts: Annotated[
        int, typer.Option(min=100, help="Number of accounts of the simulated bank")
    ] = _BANK.accounts,
    days: Annotated[int, typer.Option(min=1, help="Days of the simulated bank")] = _BANK.days,
    threshold: Annotated[
        str, typer.Option(help="Rule for the threshold: f1, cost:VND (per alert) or alerts:N (per day)")
    ] = "f1",
    fresh: Annotated[bool, typer.Option("--fresh", help="Ignore cached results")] = False,
) -> None:
    """Evaluate every kind of model and their ensemble by time, on files or on the simulated bank.

    Writes the figures, and a report with pictures beside them. A second run continues where the first one
    ended.
    """
    split = SplitOptions(
        folds=folds, test_days=test_days, delay_days=delay_days, train_days=train_days, known_days=known_days
    )
    if (transactions is None) != (labels is None):
        msg = "--transactions and --labels must be given together; omit both to use the simulated bank"
        raise typer.BadParameter(msg)
    if fresh:
        shutil.rmtree(FOLDER, ignore_errors=True)
    try:
        chosen = BUILT_IN_WITH_LABELS if catalogue is None else Catalogue.load(catalogue)
        steps = Steps(console)
        with steps.shown():
            if transactions is None or labels is None:
                bank = Bank(seed, accounts, days)
                files, source = _simulated(bank, steps), f"the project's simulated bank ({bank.name})"
            else:
                files, source = DatasetFiles(transactions, labels), f"{transactions.name}, {labels.name}"
            team = Team(alerts_per_day, alert_cost_vnd)
            request = EvaluationRequest(files, source, chosen, seed, split, team, _choice(threshold))
            report = evaluate(request, KINDS, FOLDER, steps)
    except (ArchiveError, ModelError, CatalogueError) as error:
        console.print(shown(f"error: {error}"), markup=False)
        raise typer.Exit(2) from None
    _write(report, out)
    console.print(_table(report))
    console.print(f"written: {out}, and {out.with_suffix('.md')} with its pictures")


def _choice(threshold: str) -> ThresholdChoice:
    try:
        return parse_choice(threshold)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _simulated(bank: Bank, steps: Steps) -> DatasetFiles:
    steps.on_progress(f"the simulated bank: {bank.accounts:,} accounts, {bank.days} days, seed {bank.seed}")
    for _ in write_bank(bank, FOLDER):
        pass
    return files_of(bank, FOLDER)


def _write(report: EvaluationReport, out: Path) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(report.evaluation, indent=2) + "\n")
    write_report(report, out.with_suffix(".md"))


def _table(report: EvaluationReport) -> Table:
    table = Table("", *report.judged, title="Mean over the folds")
    for metric in SHOWN:
        values = [report.evaluation[model][metric] for model in report.judged]
        table.add_row(metric, *("-" if value is None else f"{value:.4f}" for value in values))
    return table

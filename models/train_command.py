"""Command ``train``: trains a version and writes its folder."""

import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table

from fraudstream.archives.archive_errors import ArchiveError
from fraudstream.domain.catalogue import Catalogue, CatalogueError
from fraudstream.runtime.project_root import ROOT
from fraudstream.runtime.terminal import shown
from fraudstream.scoring.manifest import Manifest, ModelError
from models.data.cache import FOLDER, load_dataset
from models.data.labelled_dataset import DatasetFiles
from models.data.simulated import Bank, files_of, write_bank
from models.evaluation.steps import Steps
from models.members import KINDS
from models.score_metrics import ALERT_COST_VND
from models.threshold import parse_choice
from models.train import TrainingRequest, train

DEFAULT_CHOICE: Final = f"cost:{ALERT_COST_VND:.0f}"
_BANK: Final = Bank()
console = Console(soft_wrap=True)


def train_command(  # noqa: PLR0913 - the options of a command line
    *,
    version: Annotated[str, typer.Option(help="Name of the version and of its folder")] = "v1",
    transactions: Annotated[
        Path | None, typer.Option(help="Transactions: .jsonl, .jsonl.gz, .parquet")
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(help="Labels of the transactions; without a label a transaction counts as honest"),
    ] = None,
    catalogue: Annotated[Path | None, typer.Option(help="Catalogue of features (default: built-in)")] = None,
    threshold: Annotated[
        str, typer.Option(help="Rule for the threshold: cost:VND (per alert), alerts:N (per day) or f1")
    ] = DEFAULT_CHOICE,
    seed: Annotated[
        int, typer.Option(min=0, help="Seed of the simulated bank and of the training")
    ] = _BANK.seed,
    accounts: Annotated[
        int, typer.Option(min=100, help="Number of accounts of the simulated bank")
    ] = _BANK.accounts,
    days: Annotated[int, typer.Option(min=1, help="Days of the simulated bank")] = _BANK.days,
    folder: Annotated[Path, typer.Option(help="Folder that contains the model versions")] = ROOT / "models",
) -> None:
    """Train a version on files, or on the simulated bank, and write it with manifest and model card."""
    if (transactions is None) != (labels is None):
        msg = "--transactions and --labels must be given together; omit both to use the simulated bank"
        raise typer.BadParameter(msg)
    data: Bank | DatasetFiles = (
        DatasetFiles(transactions, labels) if transactions and labels else Bank(seed, accounts, days)
    )
    try:
        chosen = Catalogue.load(catalogue)
        options = {"version": version, "seed": seed, "threshold": threshold, "catalogue": catalogue}
        request = TrainingRequest(
            version=version,
            seed=seed,
            catalogue=chosen,
            source=source_of(data, options),
            choice=parse_choice(threshold),
        )
        with Steps(console).shown() as on_progress:
            files = data if isinstance(data, DatasetFiles) else _simulated(data, on_progress)
            trained = train(load_dataset(files, chosen, FOLDER, on_progress), request, KINDS, on_progress)
            trained.write(folder / version)
    except (ArchiveError, ModelError, CatalogueError, ValueError) as error:
        console.print(shown(f"error: {error}"), markup=False)
        raise typer.Exit(2) from None
    console.print(_table(trained.manifest))
    console.print(f"written: {folder / version}", markup=False)


def _simulated(bank: Bank, on_progress: Callable[[str], None]) -> DatasetFiles:
    on_progress(f"the simulated bank: {bank.accounts:,} accounts, {bank.days} days, seed {bank.seed}")
    for _ in write_bank(bank, FOLDER):
        pass
    return files_of(bank, FOLDER)


def source_of(data: Bank | DatasetFiles, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return a description of the data, and the command that trains the version on it again."""
    if isinstance(data, Bank):
        source = f"The project's simulated bank, {data.accounts:,} accounts for {data.days} days"
        options = {**options, "accounts": data.accounts, "days": data.days}
    else:
        source = f"{data.transactions.name} with {data.labels.name}"
        options = {**options, "transactions": data.transactions, "labels": data.labels}
    words = [f"--{name} {shlex.quote(str(value))}" for name, value in options.items() if value is not None]
    return {"source": source, "command": " ".join(["python -m models train", *words])}


def _table(manifest: Manifest) -> Table:
    parts = ("choice", "test")
    table = Table("metric", *parts, title=f"model {manifest.version}, threshold {manifest.threshold:.4f}")
    for name in manifest.metrics["test"]:
        values = [manifest.metrics[part][name] for part in parts]
        if name == "recall_by_fraud_type":
            for fraud_type in values[-1]:
                found = [value.get(fraud_type) for value in values]
                table.add_row(f"recall of {fraud_type}", *map(_format_value, found))
        else:
            table.add_row(name, *map(_format_value, values))
    return table


def _format_value(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4f}"

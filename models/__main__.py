"""``python -m models train``: a new model version in a folder of its own."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from fraudstream.settings import ROOT
from models.manifest import ModelError
from models.train import train

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)
console = Console()


@app.callback()
def _commands() -> None:
    """Make ``train`` a command of its own, beside those to come."""


@app.command("train")
def train_command(
    version: Annotated[str, typer.Option(help="Name of the version, and of its folder in models/")] = "v1",
    seed: Annotated[int, typer.Option(help="Seed of the data and of the training")] = 1,
    transactions: Annotated[
        int, typer.Option(min=10_000, help="How many transactions to train on")
    ] = 300_000,
    folder: Annotated[Path, typer.Option(help="Where the versions' folders are")] = ROOT / "models",
) -> None:
    """Make labelled data, compute its features by the job, train, measure, write the version."""
    with console.status("starting") as status:

        def step(text: str) -> None:
            console.log(text)
            status.update(text)

        try:
            manifest = train(
                folder / version, version=version, seed=seed, transactions=transactions, step=step
            )
        except ModelError as error:
            console.print(f"error: {error}")
            raise typer.Exit(1) from None
    table = Table(title=f"model {version}, threshold {manifest.threshold:.3f}")
    table.add_column("metric")
    parts = list(manifest.metrics)
    for part in parts:
        table.add_column(part, justify="right")
    for metric in manifest.metrics[parts[0]]:
        values = [manifest.metrics[part][metric] for part in parts]
        if isinstance(values[0], dict):
            for key in values[0]:
                table.add_row(
                    f"  recall of {key}", *(f"{value.get(key, float('nan')):.4f}" for value in values)
                )
        else:
            table.add_row(
                metric, *(f"{value:,.4f}" if isinstance(value, float) else f"{value:,}" for value in values)
            )
    console.print(table)


if __name__ == "__main__":
    app()

"""Commands ``explain`` and ``types``: rebuild alerts from stored records, and check their fraud types."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Final

import orjson
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from fraudstream.archives.archive_errors import ArchiveError
from fraudstream.archives.record_progress import opened_with_bar
from fraudstream.domain.alert import Alert
from fraudstream.domain.catalogue import Catalogue, CatalogueError
from fraudstream.domain.patterns import FRAUD_TYPES
from fraudstream.domain.transaction import Label, TransactionKey
from fraudstream.runtime.clock import wall_clock_ms
from fraudstream.runtime.project_root import ROOT
from fraudstream.runtime.terminal import printable_json, write_error
from fraudstream.scoring.decider import Decider
from fraudstream.scoring.manifest import ModelError
from fraudstream.scoring.scorer import Scorer
from models.data.records import read_records
from models.rederive import rederive

HONEST: Final = "honest"
"""True type of an honest transaction."""
UNNAMED: Final = "none"
"""Named type of an alert that names none."""

Confusion = Counter[tuple[str, str]]
"""Number of alerts for each pair of true type and named type."""
console = Console(soft_wrap=True)


def explain(
    *,
    scored: Annotated[Path, typer.Option(help="Records of the stream Scored, one JSON object per line")],
    model: Annotated[Path, typer.Option(help="Folder of the model version that scored them")] = ROOT
    / "models/v1",
    catalogue: Annotated[Path | None, typer.Option(help="Catalogue of the job (default: built-in)")] = None,
    threshold: Annotated[
        float | None, typer.Option(help="Threshold of the job (default: the model's)")
    ] = None,
) -> None:
    """Print the alerts of scored transactions again, with their reasons; only ``scored_at`` differs (now)."""
    try:
        for alert in _rederived(scored, model, Catalogue.load(catalogue), threshold):
            sys.stdout.write(f"{printable_json(alert.to_json())}\n")
    except (ArchiveError, ModelError, CatalogueError, OSError, orjson.JSONDecodeError) as error:
        write_error(f"error: {error}")
        raise typer.Exit(2) from None


def types(
    *,
    alerts: Annotated[
        Path, typer.Option(help="Alerts, one JSON object per line, as --alerts-out writes them")
    ],
    labels: Annotated[Path, typer.Option(help="Labels with fraud_type: .jsonl, .jsonl.gz or .parquet")],
) -> None:
    """Show how often the likely fraud type of alerts is the true one."""
    try:
        table = confusion(_alerts(alerts), true_types(labels))
    except (ArchiveError, ModelError, OSError, ValidationError) as error:
        write_error(f"error: {error}")
        raise typer.Exit(2) from None
    console.print(_confusion_table(table))
    console.print(f"correct in {accuracy(table):.2%} of {frauds(table):,} alerts that are fraud")


def true_types(labels: Path) -> Mapping[TransactionKey, str]:
    """Return the fraud type of each labelled fraud by transaction.

    Raises `ModelError` if the file can't be read, or the job refuses every label in it.
    """
    table = read_records(labels, Label, ("account_id", "transaction_id", "fraud_type"))
    keys = map(TransactionKey, table["account_id"].to_pylist(), table["transaction_id"].to_pylist())
    pairs = zip(keys, table["fraud_type"].to_pylist(), strict=True)
    return {key: fraud_type for key, fraud_type in pairs if fraud_type}


def confusion(alerts: Iterable[Alert], truth: Mapping[TransactionKey, str]) -> Confusion:
    """Count the alerts by their true type (`HONEST` if there is none) and the type that they name.

    Review alerts are left out: their transactions have no score.
    """
    return Counter(
        (truth.get(alert.transaction, HONEST), alert.likely_fraud_type or UNNAMED)
        for alert in alerts
        if alert.kind == "score" and alert.transaction is not None
    )


def frauds(table: Confusion) -> int:
    """Return the number of alerts that are fraud of a known type."""
    return sum(number for (true, _), number in table.items() if true != HONEST)


def accuracy(table: Confusion) -> float:
    """Return the share of fraud alerts whose type is named correctly; 0 if there are none."""
    right = sum(number for (true, named), number in table.items() if true == named)
    return right / max(1, frauds(table))


def _confusion_table(table: Confusion) -> Table:
    names = (*FRAUD_TYPES, UNNAMED)
    # One word per line, so that the table fits a narrow terminal.
    shown = Table("true type", *("named\n" + name.replace("_", "\n") for name in names), "correct")
    for true in (*FRAUD_TYPES, HONEST):
        row = [table[true, named] for named in names]
        right = f"{table[true, true] / sum(row):.1%}" if sum(row) and true != HONEST else ""
        shown.add_row(true, *(f"{number:,}" for number in row), right)
    return shown


def _alerts(path: Path) -> Iterator[Alert]:
    with opened_with_bar(path) as lines:
        yield from map(Alert.from_json, lines)


def _rederived(scored: Path, model: Path, catalogue: Catalogue, threshold: float | None) -> Iterator[Alert]:
    decider = Decider(Scorer.load(model, catalogue), catalogue, threshold)
    with opened_with_bar(scored) as lines:
        yield from rederive(lines, decider, catalogue, wall_clock_ms())

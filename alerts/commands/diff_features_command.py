"""``python -m alerts diff-features``: compare the features of two runs and find the causes of differences."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import rich.progress
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from alerts.commands.common import AsJson, complain, console, read_as
from alerts.features_diff import FeatureDifference, FeaturesComparison
from alerts.order import Ids, order_changes
from alerts.scored import ScoredFile, catalogue_of, index
from fraudstream.archives.archive_errors import ArchiveError
from fraudstream.archives.archive_reader import archived_lines
from fraudstream.archives.locations import S3Uri, s3_or_path
from fraudstream.archives.record_progress import opened_with_bar
from fraudstream.domain.catalogue import ENTITIES, Catalogue, CatalogueError, built_in_catalogue
from fraudstream.domain.transaction import Transaction, TransactionKey
from fraudstream.runtime.terminal import printable, printable_json
from fraudstream.streams.stream_commands import load_settings
from fraudstream.streams.stream_settings import StreamSettings

ScoredPath = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]
BUILT_IN_CATALOGUES: Final = [
    built_in_catalogue(has_labels=has_labels, has_metadata=has_metadata)
    for has_metadata in (False, True)
    for has_labels in (False, True)
]
EXPLAINED: Final = ("labels", "metadata", "model", "features")
"""Causes that share one column of the table; the row tells which of them it is."""


@dataclass(frozen=True, slots=True)
class ComparisonResult:
    """Result of comparing two files of scored transactions."""

    compared: int
    only_before: list[TransactionKey]
    only_after: list[TransactionKey]
    features: list[FeatureDifference]

    @property
    def unexplained(self) -> int:
        """Number of differing values without a known cause."""
        return sum(each.causes["unexplained"] for each in self.features)

    @property
    def is_explained(self) -> bool:
        """Whether both runs scored the same transactions and every difference has a known cause."""
        return not (self.unexplained or self.only_before or self.only_after)


def diff_features(
    before: ScoredPath,
    after: ScoredPath,
    *,
    transactions: Annotated[
        str,
        typer.Option(
            help="Input transactions of both runs: file, folder or s3://BUCKET/KEY, like the job's --source"
        ),
    ],
    catalogue: Annotated[
        Path | None, typer.Option(help="Catalogue used by both runs (default: built-in)")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare the scored transactions of two runs, feature by feature.

    A difference is expected if the two runs processed the entity's earlier transactions in a different order
    or number. Exits with code 0 if every difference has a known cause (order, labels, metadata, another
    model, changed features); 1 if a difference has none or a transaction was scored in one run only; 2 if a
    file can't be read.
    """
    settings = load_settings()
    location = read_as(_location, transactions, "--transactions")
    try:
        candidate_catalogues = [Catalogue.load(catalogue)] if catalogue else BUILT_IN_CATALOGUES
        result = _compare(_index_file(before), _index_file(after), candidate_catalogues, location, settings)
    except (ArchiveError, CatalogueError) as error:
        complain(str(error))
        raise typer.Exit(2) from error
    if as_json:
        typer.echo(printable_json(orjson.dumps(_as_json(result)).decode()))
    else:
        _print_result(result)
    raise typer.Exit(0 if result.is_explained else 1)


def _index_file(path: Path) -> ScoredFile:
    with opened_with_bar(path) as file:
        return index(path, file)


def _compare(
    before: ScoredFile,
    after: ScoredFile,
    candidate_catalogues: list[Catalogue],
    transactions: S3Uri | Path,
    settings: StreamSettings,
) -> ComparisonResult:
    catalogue = catalogue_of([before, after], candidate_catalogues)
    ids = _read_entity_ids(transactions, settings)
    common = [each for each in before.offsets if each in after.offsets]
    _check_known(common, ids, transactions)
    comparison = FeaturesComparison(catalogue, order_changes(before.ordinals, after.ordinals, ids))
    with before.opened() as first, after.opened() as second:
        errors = Console(stderr=True)
        for each in rich.progress.track(common, "comparing", console=errors, transient=True):
            comparison.add(first(each), second(each))
    return ComparisonResult(
        comparison.compared,
        [each for each in before.offsets if each not in after.offsets],
        [each for each in after.offsets if each not in before.offsets],
        comparison.found(),
    )


def _location(text: str) -> S3Uri | Path:
    location = s3_or_path(text)
    return location if isinstance(location, S3Uri) else Path(text)


def _read_entity_ids(transactions: S3Uri | Path, settings: StreamSettings) -> dict[TransactionKey, Ids]:
    """Read the entity ids of each transaction. For a duplicate id, the first record wins, as in the job."""
    ids: dict[TransactionKey, Ids] = {}
    for line in archived_lines(transactions, settings, Transaction):
        record = _parse_object(line)
        if record is not None:
            ids.setdefault(TransactionKey.of(record), {each: record.get(each) for each in ENTITIES})
    return ids


def _parse_object(line: bytes) -> dict[str, Any] | None:
    """Parse a line; None if it is not a JSON object, which the job would refuse too."""
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return record if isinstance(record, dict) else None


def _check_known(
    common: list[TransactionKey], ids: dict[TransactionKey, Ids], transactions: S3Uri | Path
) -> None:
    unknown = [each for each in common if each not in ids]
    if unknown:
        msg = (
            f"{len(unknown):,} transactions scored by both runs are missing from {transactions}, e.g. "
            f"{unknown[0]}; --transactions needs the whole input of both runs"
        )
        raise ArchiveError(msg)


def _as_json(result: ComparisonResult) -> dict[str, Any]:
    return {
        "compared": result.compared,
        "unexplained": result.unexplained,
        "only_before": [each._asdict() for each in result.only_before],
        "only_after": [each._asdict() for each in result.only_after],
        "features": [
            {
                "feature": each.name,
                "differing": each.differing,
                "causes": dict(each.causes),
                "largest": each.largest,
                "example": _example(each),
            }
            for each in result.features
        ],
    }


def _example(found: FeatureDifference) -> dict[str, Any]:
    key = found.example._asdict() if found.example else {}
    return key | {"before": found.before, "after": found.after}


def _print_result(result: ComparisonResult) -> None:
    console.print(f"{result.compared:,} transactions in both files", markup=False)
    for only, which in ((result.only_before, "first"), (result.only_after, "second")):
        if only:
            console.print(
                f"{len(only):,} transactions only in the {which} file, e.g. {printable(str(only[0]))}",
                style="bold red",
                markup=False,
            )
    if result.features:
        console.print(_table(result.features), soft_wrap=False)
    if result.unexplained:
        text = f"UNEXPLAINED: {result.unexplained:,} values differ without a known cause"
        console.print(text, style="bold white on red", markup=False)
    else:
        console.print(
            "all differences are explained" if result.features else "all features and scores are the same"
        )


def _table(features: list[FeatureDifference]) -> Table:
    table = Table()
    table.add_column("feature", no_wrap=True)
    for title in ("differing", "predecessors differ", "reordered", "other cause", "UNEXPLAINED", "largest"):
        table.add_column(title, justify="right")
    table.add_column("example")
    for each in features:
        counts = (
            each.differing,
            each.causes["others"],
            each.causes["reordered"],
            sum(each.causes[cause] for cause in EXPLAINED),
            each.causes["unexplained"],
        )
        largest = "-" if each.largest is None else f"{each.largest:.6g}"
        example = f"{each.example}: {_format_value(each.before)} → {_format_value(each.after)}"
        cells = (each.name, *(f"{count:,}" for count in counts), largest, printable(example))
        table.add_row(*map(Text, cells), style="bold red" if each.causes["unexplained"] else None)
    return table


def _format_value(value: object) -> str:
    if isinstance(value, int | float):
        return f"{value:.6g}"
    return orjson.dumps(value).decode()

"""Data sets in files: transactions, their labels in a second file, and a data card."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import orjson
import pyarrow as pa
import typer
from pyarrow import csv
from rich.console import Console
from rich.progress import Progress

from fraudstream.archives.archive_errors import ArchiveError
from fraudstream.archives.parquet_files import TableWriter
from fraudstream.archives.record_writers import parquet_written_whole, tables_written_whole, write_errors
from fraudstream.domain.transaction import COLUMN_KINDS, format_time, from_time_ms, parse_time_ms
from producer.datacard import DataCard
from producer.simulation import Block, TrafficOptions, blocks
from producer.traffic_choices import EdgeCasesOption, FraudTypesOption, traffic_choices

Kind = Literal["csv", "parquet"]
START: Final = "2026-01-05T00:00:00Z"
"""A Monday; fixed, so that the seed determines the data set."""
_TIME: Final = pa.timestamp("ms", tz="UTC")
_TYPES: Final = {"text": pa.string(), "time": _TIME, "number": pa.float64(), "flag": pa.bool_()}
TRANSACTION_SCHEMA: Final = pa.schema([(name, _TYPES[kind]) for name, kind in COLUMN_KINDS.items()])
TRUTH_SCHEMA: Final = pa.schema(
    [
        *((name, pa.string()) for name in ("transaction_id", "account_id")),
        ("event_time", _TIME),
        ("available_at", _TIME),
        ("is_fraud", pa.bool_()),
        *((name, pa.string()) for name in ("fraud_type", "customer_id", "device_id", "merchant_id")),
        ("counterparty_id", pa.string()),
    ]
)
_TIMES: Final = ("event_time", "available_at")

Count = Annotated[int, typer.Option(min=1, help="Transactions")]
Out = Annotated[Path, typer.Option(help="Output file of the transactions")]
Accounts = Annotated[int, typer.Option(min=1, help="Accounts of the simulated bank")]
FraudShare = Annotated[float, typer.Option(help="Share of transactions that are fraud")]
Start = Annotated[str, typer.Option(help="First event time, RFC 3339")]
console = Console(soft_wrap=True)


def write_dataset(options: TrafficOptions, count: int, out: Path, kind: Kind) -> Iterator[int]:
    """Write ``count`` transactions to ``out``, with labels, card and picture; yields how many are written.

    The labels of ``data.csv`` go to ``data.truth.csv``, its card to ``data.card.md`` with ``data.card.svg``.
    Times are timestamps in UTC, absent fields are empty. The job accepts the Parquet files as its source and
    its labels. A file appears when it is complete. Raises `ArchiveError` if one can't be written.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    card = DataCard()
    with ExitStack() as stack:
        transactions = _opened(stack, out, TRANSACTION_SCHEMA, kind)
        truth = _opened(stack, out.with_suffix(f".truth{out.suffix}"), TRUTH_SCHEMA, kind)
        done = 0
        for block in _first(blocks(options), count):
            transactions.write_table(_table(block.records(), TRANSACTION_SCHEMA))
            truth.write_table(_table(block.labels(), TRUTH_SCHEMA))
            card.add(block)
            done += len(block)
            yield done
    picture = out.with_suffix(".card.svg")
    with write_errors(picture):
        card.picture(picture)
    written = out.with_suffix(".card.md")
    with write_errors(written):
        written.write_text(card.markdown(out.name, picture.name, options.seed))


def _first(stream: Iterator[Block], count: int) -> Iterator[Block]:
    left = count
    while left > 0:
        block = next(stream)
        taken = replace(block, rows=block.rows[:left])
        left -= len(taken)
        yield taken


def _opened(stack: ExitStack, path: Path, schema: pa.Schema, kind: Kind) -> TableWriter:
    if kind == "parquet":
        return stack.enter_context(parquet_written_whole(path, schema))
    return stack.enter_context(tables_written_whole(path, lambda to: csv.CSVWriter(to, schema)))


def _table(records: Sequence[bytes], schema: pa.Schema) -> pa.Table:
    rows = [_with_times(orjson.loads(record)) for record in records]
    return pa.Table.from_pylist(rows, schema=schema)


def _with_times(record: dict[str, Any]) -> dict[str, Any]:
    return record | {name: from_time_ms(parse_time_ms(record[name])) for name in _TIMES if name in record}


def csv_file(  # noqa: PLR0913 - the options of a command line
    *,
    count: Count = 100_000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same bytes")] = 7,
    out: Out = Path("transactions.csv"),
    accounts: Accounts = 2_000,
    fraud_share: FraudShare = 0.05,
    fraud_type: FraudTypesOption = None,
    edge_case: EdgeCasesOption = None,
    start: Start = START,
) -> None:
    """Write a data set as CSV, with its labels and a data card beside it."""
    _write("csv", count, out, _options(seed, accounts, fraud_share, start, edge_case, fraud_type))


def parquet_file(  # noqa: PLR0913 - the options of a command line
    *,
    count: Count = 100_000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same transactions")] = 7,
    out: Out = Path("transactions.parquet"),
    accounts: Accounts = 2_000,
    fraud_share: FraudShare = 0.05,
    fraud_type: FraudTypesOption = None,
    edge_case: EdgeCasesOption = None,
    start: Start = START,
) -> None:
    """Write a data set as Parquet, with its labels and a data card beside it."""
    _write("parquet", count, out, _options(seed, accounts, fraud_share, start, edge_case, fraud_type))


def _options(  # noqa: PLR0913, PLR0917 - the options of a command line
    seed: int,
    accounts: int,
    fraud_share: float,
    start: str,
    edge_cases: Sequence[str] | None,
    fraud_types: Sequence[str] | None,
) -> TrafficOptions:
    try:
        return TrafficOptions(
            seed=seed,
            accounts=accounts,
            fraud_share=fraud_share,
            start_ms=parse_time_ms(start),
            **traffic_choices(edge_cases, fraud_types),
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _write(kind: Kind, count: int, out: Path, options: TrafficOptions) -> None:
    if find_spec("matplotlib") is None:
        msg = "matplotlib is not installed; the picture of the data card needs it: pip install matplotlib"
        raise typer.BadParameter(msg)
    if not out.suffix:
        msg = f"--out {out}: no file extension; give a name like transactions.{kind}"
        raise typer.BadParameter(msg)
    with Progress(console=console) as progress:
        task = progress.add_task("transactions", total=count)
        try:
            for done in write_dataset(options, count, out, kind):
                progress.update(task, completed=done)
        except ArchiveError as error:
            raise typer.BadParameter(str(error), param_hint="--out") from error
    began = format_time(options.start_ms)
    console.print(f"written: {out}, its labels and its data card; {count:,} transactions from {began} on")

"""The producer's command line: ``python -m producer`` with test, stream, load, csv, parquet or costs."""

import dataclasses
import random
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console

from fraudstream.settings import Settings
from fraudstream.stopping import stop_on_signals
from producer.checks import lines, run_checks
from producer.costs import costs
from producer.dataset import csv_file, parquet_file
from producer.kinesis import TransactionSender, wall_clock_ms
from producer.load.command import load
from producer.mixing import Mixture, mix
from producer.simulation import TrafficOptions, ending_at, generate
from streams.aggregation import AggregatingWriter
from streams.client import kinesis_client
from streams.command import load_settings, stream_errors_reported
from streams.errors import AWS_ERRORS, stream_error
from streams.writer import MAX_RECORDS, Record, RecordWriter, StreamWriter

if TYPE_CHECKING:
    from mypy_boto3_kinesis.client import KinesisClient
    from mypy_boto3_kinesis.type_defs import StreamDescriptionSummaryTypeDef

ENDLESS_START: Final = timedelta(hours=24)
"""How far back the event time of a run without an end begins."""

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Synthetic bank transactions to Kinesis.")
console = Console(soft_wrap=True)


app.command()(load)
app.command()(costs)
app.command("csv")(csv_file)
app.command("parquet")(parquet_file)


@app.command()
def test() -> None:
    """Check credentials, streams, rights and shards, and send one transaction."""
    settings = load_settings()
    # A seed of its own: the id must not be one that a run sends too.
    options = TrafficOptions(seed=wall_clock_ms(), start_ms=0)
    transaction, label = next(generate(_traffic(options, transactions=1)))
    checks = run_checks(settings, Record(transaction.to_json(), transaction.account_id))
    console.print(f"Region {settings.aws_region}, endpoint {settings.endpoint_url or 'AWS'}")
    for line in lines(checks):
        console.print(line, markup=False, highlight=False)
    complaints = [f"{check.what}: {check.remedy}" for check in checks if check.remedy is not None]
    for complaint in complaints:
        sys.stderr.write(f"{complaint}\n")
    if complaints:
        raise typer.Exit(1)
    nature = label.fraud_type or "normal"
    amount = f"{transaction.transaction_amount_vnd:,.0f} VND"
    console.print(f"Sent {transaction.transaction_id}, {nature}, {amount}")


@app.command()
def stream(  # noqa: PLR0913 - the options of a command line
    batch_size: Annotated[int, typer.Argument(min=1, max=MAX_RECORDS, help="Records a batch")] = 20,
    interval: Annotated[float, typer.Argument(min=0, help="Seconds from one batch to the next")] = 1.0,
    max_batches: Annotated[int | None, typer.Argument(min=1, help="End after so many batches")] = None,
    *,
    rate: Annotated[
        float | None, typer.Option(min=0.001, help="Records a second; the interval follows from it")
    ] = None,
    transactions: Annotated[
        int | None, typer.Option(min=1, help="End after so many good transactions")
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Same seed, same transactions, ids included; left out: 7 for a run with an end, "
            "a new one each time for a run without",
        ),
    ] = None,
    accounts: Annotated[int, typer.Option(help="Accounts of the simulated bank")] = 2_000,
    fraud_share: Annotated[float, typer.Option(help="Share of fraud")] = 0.05,
    broken: Annotated[int, typer.Option(min=0, help="Broken records mixed in, of every kind in turn")] = 0,
    doubled: Annotated[int, typer.Option(min=0, help="Good transactions that are sent twice")] = 0,
    labels: Annotated[bool, typer.Option(help="Send the truth to the stream of labels")] = True,
    joined: Annotated[
        bool, typer.Option("--joined", help="Send several transactions in one record of the stream")
    ] = False,
) -> None:
    """Send transactions until the numbers given are reached, or until Ctrl-C.

    Event times are simulated and end near now; without an end they begin 24 hours back. They run
    at the pace of the bank's accounts, mostly faster than the clock, and never more than six hours
    ahead of it: from there on batches wait, and more --accounts make for shorter waits.
    """
    settings = load_settings()
    good = _good_count(transactions, batch_size, max_batches, broken + doubled)
    try:
        if seed is None:
            # An endless run that is started again must not send the ids of the first under new times.
            seed = wall_clock_ms() if good is None else TrafficOptions(start_ms=0).seed
        options = TrafficOptions(seed=seed, accounts=accounts, fraud_share=fraud_share, start_ms=0)
        mixture = Mixture(good=good, broken=broken, doubled=doubled)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    stop = stop_on_signals()
    with stream_errors_reported():
        client = kinesis_client(settings)
        _summary(client, settings.transactions_stream)
        writer: RecordWriter = StreamWriter(client, settings.transactions_stream)
        sender = TransactionSender(
            mix(generate(_traffic(options, good)), mixture, random.Random(seed), wall_clock_ms),
            AggregatingWriter(writer) if joined else writer,
            _label_writer(client, settings) if labels else None,
            batch_size=batch_size,
            interval_s=batch_size / rate if rate else interval,
            max_batches=max_batches,
        )
        try:
            sender.run(stop)
        finally:
            console.print(sender.statistics.table(), soft_wrap=False)
    if sender.statistics.all_failed:
        Console(stderr=True).print(f"{sender.statistics.all_failed} records could not be sent")
        raise typer.Exit(1)


def _good_count(
    transactions: int | None, batch_size: int, max_batches: int | None, others: int
) -> int | None:
    """How many good transactions the run has room for; None if it has no end."""
    if max_batches is None:
        return transactions
    room = batch_size * max_batches - others
    if room < 1:
        msg = f"{max_batches} batches of {batch_size} have no room for good transactions"
        raise typer.BadParameter(msg)
    return room if transactions is None else min(room, transactions)


def _traffic(options: TrafficOptions, transactions: int | None) -> TrafficOptions:
    """Let event time begin so far back that the last transaction happens about now."""
    if transactions is not None:
        return ending_at(options, transactions, wall_clock_ms())
    endless_ms = int(ENDLESS_START / timedelta(milliseconds=1))
    return dataclasses.replace(options, start_ms=wall_clock_ms() - endless_ms)


def _summary(client: "KinesisClient", name: str) -> "StreamDescriptionSummaryTypeDef":
    try:
        return client.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    except AWS_ERRORS as error:
        raise stream_error(error, name) from error


def _label_writer(client: "KinesisClient", settings: Settings) -> StreamWriter:
    _summary(client, settings.labels_stream)
    return StreamWriter(client, settings.labels_stream)


if __name__ == "__main__":
    app()

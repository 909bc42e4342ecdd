"""``python -m producer load``: options and exit code of a load test."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from fraudstream.archives.archive_errors import ArchiveError
from fraudstream.runtime.aws_errors import AWS_ERRORS
from fraudstream.runtime.clock import wall_clock_ms
from fraudstream.runtime.stop_signals import stop_on_signals
from fraudstream.streams.kinesis.kinesis_client import kinesis_client
from fraudstream.streams.kinesis.kinesis_errors import stream_error
from fraudstream.streams.kinesis.kinesis_writer import MAX_RECORDS
from fraudstream.streams.protocols import Record
from fraudstream.streams.stream_commands import load_settings, stream_errors_reported
from fraudstream.streams.stream_errors import StreamError
from producer.load.load_run import LoadOptions, LoadRun
from producer.load.send_schedule import SendSchedule, schedule_of
from producer.load.summary import summary
from producer.record_source import SOURCE_HELP, RecordSource, api_access
from producer.simulation import TrafficOptions
from producer.source_api import api_records, check_api
from producer.source_bank import bank_records
from producer.source_files import file_records
from producer.traffic_choices import CHOICES, EdgeCasesOption, FraudTypesOption, traffic_choices

if TYPE_CHECKING:
    from mypy_boto3_kinesis.client import KinesisClient


def load(  # noqa: PLR0913 - the options of a command line
    context: typer.Context,
    *,
    count: Annotated[int | None, typer.Option(min=1, help="Number of transactions to send")] = None,
    rps: Annotated[
        float | None,
        typer.Option(min=0.001, help="Transactions per second (default: as fast as the stream accepts them)"),
    ] = None,
    duration: Annotated[
        float | None, typer.Option(min=0.001, help="Length of the schedule in seconds, with --rps")
    ] = None,
    senders: Annotated[
        int,
        typer.Option(
            min=1, max=64, help="Number of sending threads; the partition keys are divided among them"
        ),
    ] = 4,
    source: Annotated[str, typer.Option(help=SOURCE_HELP)] = "bank",
    seed: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Random seed; the same seed gives the same transactions and ids (default: a new seed each "
            "time)",
        ),
    ] = None,
    accounts: Annotated[int, typer.Option(help="Number of accounts of the simulated bank")] = 10_000,
    fraud_share: Annotated[float, typer.Option(help="Fraction of fraudulent transactions, 0-1")] = 0.05,
    fraud_type: FraudTypesOption = None,
    edge_case: EdgeCasesOption = None,
    batch: Annotated[
        int, typer.Option(min=1, max=MAX_RECORDS, help="Maximum transactions per request")
    ] = 500,
    joined: Annotated[
        bool, typer.Option("--joined", help="Send several transactions in one Kinesis record")
    ] = False,
    flush_seconds: Annotated[
        float, typer.Option(min=0, help="Seconds to flush remaining records after Ctrl-C or SIGTERM")
    ] = 10.0,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the summary to this file")] = None,
) -> None:
    """Send transactions by an open-loop schedule and measure how the stream keeps up.

    Exits with code 0 if everything that was generated is in the stream, else with 1.
    """
    settings = load_settings()
    stop = stop_on_signals()
    console = Console(soft_wrap=True)
    try:
        schedule = schedule_of(count, rps, duration)
        chosen = RecordSource.named(source)
        chosen.refuse_bank_options(context, ("seed", "accounts", "fraud_share", *CHOICES))
        seed = wall_clock_ms() if seed is None else seed
        traffic = TrafficOptions(
            seed=seed,
            accounts=accounts,
            fraud_share=fraud_share,
            start_ms=0,
            **traffic_choices(edge_case, fraud_type),
        )
        with stream_errors_reported(ArchiveError):
            records = _records(chosen, traffic, schedule, stop)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    with stream_errors_reported():
        clients = [kinesis_client(settings) for _ in range(senders)]
        open_shards = _open_shards(clients[0], settings.transactions_stream)
        options = LoadOptions(
            stream_name=settings.transactions_stream,
            open_shards=open_shards,
            batch_size=batch,
            flush_s=flush_seconds,
            joined=joined,
        )
        run = LoadRun(records, schedule, clients, options)
        in_doubt = run.run(stop, console)
        result = summary(run.statistics, schedule, open_shards=open_shards, in_doubt=in_doubt)
        if chosen.kind == "bank":
            result["seed"] = seed
        _report(result, json_file, console)
        if run.statistics.errors:
            raise StreamError("; ".join(dict.fromkeys(run.statistics.errors)))
    raise typer.Exit(1 if result["failed"] or result["not_sent"] else 0)


def _records(
    source: RecordSource, traffic: TrafficOptions, schedule: SendSchedule, stop: threading.Event
) -> Iterator[Record]:
    """Open the source; raises ``ValueError`` for an endless source without a number of transactions."""
    if source.path is not None:
        return file_records(source.path)
    if schedule.records is None:
        msg = f"--source {source.kind} is endless; give --count, or --rps and --duration"
        raise ValueError(msg)
    if source.kind == "bank":
        return bank_records(traffic, schedule.records, wall_clock_ms())
    access = api_access()
    client = access.client(stop.wait)
    check_api(client, access.url)
    return api_records(client, access.url, stop.wait)


def _open_shards(client: "KinesisClient", stream_name: str) -> int:
    try:
        return client.describe_stream_summary(StreamName=stream_name)["StreamDescriptionSummary"][
            "OpenShardCount"
        ]
    except AWS_ERRORS as error:
        raise stream_error(error, stream_name) from error


def _report(result: dict[str, object], json_file: Path | None, console: Console) -> None:
    text = json.dumps(result, indent=2)
    console.print(text, markup=False, highlight=False)
    if json_file is not None:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(text + "\n")

"""``python -m producer load``: the options of a load test, and its exit code."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from fraudstream.stopping import stop_on_signals
from producer.kinesis import wall_clock_ms
from producer.load.run import LoadOptions, LoadRun
from producer.load.schedule import Schedule, schedule_of
from producer.load.source import from_file, generated
from producer.load.summary import summary
from producer.simulation import TrafficOptions
from streams.client import kinesis_client
from streams.command import load_settings, stream_errors_reported
from streams.errors import AWS_ERRORS, StreamError, stream_error
from streams.writer import MAX_RECORDS, Record

GENERATOR: Final = "generator"


def load(  # noqa: PLR0913 - the options of a command line
    *,
    count: Annotated[int | None, typer.Option(min=1, help="Records to send")] = None,
    rps: Annotated[
        float | None,
        typer.Option(min=0.001, help="Records a second; left out: as fast as the stream takes them"),
    ] = None,
    duration: Annotated[
        float | None, typer.Option(min=0.001, help="Seconds of the schedule, with --rps")
    ] = None,
    senders: Annotated[int, typer.Option(min=1, max=64, help="Threads that send, each a share of keys")] = 4,
    source: Annotated[str, typer.Option(help="'generator', or a file of one JSON transaction a line")] = (
        GENERATOR
    ),
    seed: Annotated[
        int | None,
        typer.Option(min=0, help="Same seed, same transactions, ids included; left out: new ones each time"),
    ] = None,
    accounts: Annotated[int, typer.Option(help="Accounts of the simulated bank")] = 10_000,
    fraud_share: Annotated[float, typer.Option(help="Share of fraud")] = 0.05,
    batch: Annotated[int, typer.Option(min=1, max=MAX_RECORDS, help="Most records of a request")] = 500,
    flush_seconds: Annotated[
        float, typer.Option(min=0, help="After Ctrl-C or SIGTERM: longest wait for what was made")
    ] = 10.0,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the summary to this file")] = None,
) -> None:
    """Send transactions by a schedule and measure how far the stream follows it.

    Ends with code 0 if everything that was made is in the stream, else with 1.
    """
    settings = load_settings()
    try:
        schedule = schedule_of(count, rps, duration)
        seed = wall_clock_ms() if seed is None else seed
        traffic = TrafficOptions(seed=seed, accounts=accounts, fraud_share=fraud_share, start_ms=0)
        records = _records(source, traffic, schedule)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    stop = stop_on_signals()
    console = Console(soft_wrap=True)
    with stream_errors_reported():
        clients = [kinesis_client(settings) for _ in range(senders)]
        name = settings.transactions_stream
        try:
            shards = clients[0].describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
        except AWS_ERRORS as error:
            raise stream_error(error, name) from error
        open_shards = shards["OpenShardCount"]
        options = LoadOptions(
            stream_name=name, open_shards=open_shards, batch_size=batch, flush_s=flush_seconds
        )
        run = LoadRun(records, schedule, clients, options)
        in_doubt = run.run(stop, console)
        result = summary(run.statistics, schedule, open_shards=open_shards, in_doubt=in_doubt)
        if source == GENERATOR:
            result["seed"] = seed
        _report(result, json_file, console)
        if run.statistics.errors:
            raise StreamError("; ".join(dict.fromkeys(run.statistics.errors)))
    raise typer.Exit(1 if result["failed"] or result["not_sent"] else 0)


def _records(source: str, traffic: TrafficOptions, schedule: Schedule) -> Iterator[Record]:
    if source != GENERATOR:
        path = Path(source)
        if not path.is_file():
            msg = f"--source {source}: give 'generator', or a file that is there"
            raise ValueError(msg)
        return from_file(path)
    if schedule.records is None:
        msg = "the generator has no end: give --count, or --rps and --duration"
        raise ValueError(msg)
    return generated(traffic, schedule.records, wall_clock_ms())


def _report(result: dict[str, object], json_file: Path | None, console: Console) -> None:
    text = json.dumps(result, indent=2)
    console.print(text, markup=False, highlight=False)
    if json_file is not None:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(text + "\n")

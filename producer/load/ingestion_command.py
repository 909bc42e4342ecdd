"""``fraudstream load ingestion``: options and exit code of a load test of the ingestion gateway."""

from typing import Annotated, Final

import typer
from rich.console import Console

from fraudstream.runtime.clock import wall_clock_ms
from fraudstream.runtime.stop_signals import stop_on_signals
from fraudstream.streams.kinesis.kinesis_client import kinesis_client
from fraudstream.streams.kinesis.kinesis_reader import StreamReader
from fraudstream.streams.kinesis.kinesis_writer import MAX_RECORDS
from fraudstream.streams.stream_commands import load_settings, stream_errors_reported
from producer.load.ingestion_load import IngestionLoad
from producer.load.request_bodies import TransactionPool
from producer.load.request_options import (
    AccountsOption,
    DurationOption,
    JsonOption,
    KeyOption,
    RateOption,
    SeedOption,
    TimeoutOption,
    TokenOption,
    UrlOption,
    keep_from_collection,
    request_target,
    write_result,
)
from producer.simulation import TrafficOptions

INGESTION_PATH: Final = "/v1/transactions"


def ingestion(  # noqa: PLR0913 - the options of a command line
    *,
    url: UrlOption = None,
    key: KeyOption = None,
    token: TokenOption = None,
    rps: RateOption = 500.0,
    duration: DurationOption = 60.0,
    batch: Annotated[
        int, typer.Option(min=1, max=MAX_RECORDS, help="Transactions per request; 1 sends each as an object")
    ] = 1,
    accounts: AccountsOption = 10_000,
    seed: SeedOption = 7,
    timeout: TimeoutOption = 10.0,
    settle_seconds: Annotated[
        float, typer.Option(min=0, help="Seconds without a new record to wait for those that are missing")
    ] = 10.0,
    json_file: JsonOption = None,
) -> None:
    """Send transactions to the ingestion gateway by an open-loop schedule, and find them in the stream.

    Every record that the gateway accepted is read back from the stream of the settings and compared byte for
    byte. Exits with code 0 if records were accepted and none is lost, else with 1.
    """
    settings = load_settings()
    console = Console(soft_wrap=True)
    target = request_target(url, key, token, INGESTION_PATH, timeout)
    stop = stop_on_signals()
    traffic = TrafficOptions(seed=seed, accounts=accounts, start_ms=0)
    pool = TransactionPool(traffic, round(rps * duration) * batch + 1, wall_clock_ms)
    keep_from_collection()
    with stream_errors_reported():
        load = IngestionLoad(
            target=target,
            pool=pool,
            batch_size=batch,
            reader=StreamReader(kinesis_client(settings), settings.transactions_stream, start="LATEST"),
            settle_s=settle_seconds,
        )
        result = load.run(rps, duration, stop, console)
    write_result(result, json_file, console)
    raise typer.Exit(0 if result["accepted"] and not result["lost"] else 1)

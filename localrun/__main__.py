"""Command line of the local run: ``python -m localrun``, run by `make run`."""

import io
import json
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from fraudstream.runtime.clock import wall_clock_ms
from fraudstream.runtime.command_app import run_command
from fraudstream.runtime.project_root import ROOT
from fraudstream.runtime.settings_sources import SettingsError
from fraudstream.runtime.stop_signals import stop_on_signals
from fraudstream.runtime.terminal import shown
from fraudstream.streams.kinesis.kinesis_client import kinesis_client
from fraudstream.streams.stream_errors import StreamError
from jobs.job_settings import JobSettings
from localrun.job_process import job_process
from localrun.local_run import Run
from localrun.logged_process import ProcessEndedError
from localrun.run_endpoint import run_endpoint
from localstack.emulator import EmulatorError
from localstack.streams import create_streams
from producer.duplicate_options import DoubledAlias, DuplicatesOption
from producer.mixing import Mixture
from producer.simulation import TrafficOptions, ending_at

SCORED_STREAM: Final = "Scored"

console = Console()


def main(  # noqa: PLR0913 - the options of a command line
    *,
    transactions: Annotated[int, typer.Option(min=1, help="Number of valid transactions to send")] = 20_000,
    rate: Annotated[float, typer.Option(min=1, help="Records per second")] = 500,
    accounts: Annotated[int, typer.Option(min=1, help="Number of accounts of the simulated bank")] = 2_000,
    fraud_share: Annotated[
        float, typer.Option(min=0, max=0.5, help="Fraction of fraudulent transactions, 0-1")
    ] = 0.05,
    seed: Annotated[
        int,
        typer.Option(
            min=0,
            help="Random seed; the same seed gives the same ids and accounts, but event times end now, "
            "and fraud depends on the hour",
        ),
    ] = 7,
    broken: Annotated[
        int, typer.Option(min=0, help="Number of broken records to mix in, cycling through all kinds")
    ] = 0,
    duplicates: DuplicatesOption = 0,
    doubled: DoubledAlias = 0,
    joined: Annotated[
        bool, typer.Option("--joined", help="Send several transactions in one Kinesis record")
    ] = False,
    endpoint_url: Annotated[
        str | None, typer.Option(help="URL of an emulator to use instead of the embedded one")
    ] = None,
    out: Annotated[Path, typer.Option(help="Output file of the result")] = ROOT / "build" / "run.json",
) -> None:
    """Send transactions through the emulator and the job, show the output and write the result.

    Exits with code 0 if every transaction sent is accounted for, else with 1.
    """
    stop = stop_on_signals()
    try:
        traffic = TrafficOptions(seed=seed, accounts=accounts, fraud_share=fraud_share, start_ms=0)
        mixture = Mixture(good=transactions, broken=broken, duplicates=duplicates or doubled)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    console.print("starting the emulator and the job")
    try:
        with run_endpoint(endpoint_url) as url:
            # Command-line options have the highest precedence: the run must never reach another endpoint,
            # and it needs the scored stream for its counts.
            arguments = ["--aws-endpoint-url", url, "--scored-stream", SCORED_STREAM]
            settings = JobSettings.load(arguments)
            create_streams(kinesis_client(settings), settings, wait_s=60)
            with job_process(arguments, out.parent / "job.log") as job:
                job.wait_until_reading(stop)
                ending_now = ending_at(traffic, transactions, wall_clock_ms())
                run = Run(settings, ending_now, mixture, rate, console, joined=joined)
                run.until_done(job, stop)
    except (EmulatorError, ProcessEndedError, SettingsError, StreamError) as error:
        # markup=False: brackets in a log are not markup.
        console.print(shown(f"error: {error}"), style="red", markup=False, highlight=False)
        raise typer.Exit(1) from None
    result = run.tally.summary()
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(result, indent=2) + "\n")
    picture = Console(record=True, width=120, file=io.StringIO())
    picture.print(run.view)
    picture.save_svg(str(out.with_suffix(".svg")), title="make run")
    console.print(f"written: {out} and its picture {out.with_suffix('.svg').name}")
    raise typer.Exit(1 if result["lost"] or run.sender.statistics.all_failed else 0)


if __name__ == "__main__":
    run_command(main)

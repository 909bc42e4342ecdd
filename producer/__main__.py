"""Command line of the producer: ``python -m producer`` with test, stream, load, csv, parquet or costs."""

import typer
from rich.console import Console

from fraudstream.runtime.clock import wall_clock_ms
from fraudstream.runtime.command_app import CommandApp
from fraudstream.runtime.terminal import shown, write_error
from fraudstream.streams.protocols import Record
from fraudstream.streams.stream_commands import load_settings
from producer.checks import lines, run_checks
from producer.dataset import csv_file, parquet_file
from producer.load.load_command import load
from producer.simulation import TrafficOptions, ending_at, generate
from producer.stream import stream
from producer.stream_costs import costs

app = CommandApp(
    no_args_is_help=True,
    help="Generate synthetic bank transactions and send them to Kinesis.",
)
console = Console(soft_wrap=True)


app.command()(stream)
app.command()(load)
app.command()(costs)
app.command("csv")(csv_file)
app.command("parquet")(parquet_file)


@app.command()
def test() -> None:
    """Check credentials, streams, permissions and shards, and send one transaction."""
    settings = load_settings()
    # The clock as seed: the transaction id must not collide with one that a run sends.
    options = TrafficOptions(seed=wall_clock_ms(), start_ms=0)
    transaction, label = next(generate(ending_at(options, 1, wall_clock_ms())))
    checks = run_checks(settings, Record(transaction.to_json(), transaction.account_id))
    where = shown(f"Region {settings.aws_region}, endpoint {settings.endpoint_url or 'AWS'}")
    console.print(where, markup=False, highlight=False)
    for line in lines(checks):
        console.print(shown(line), markup=False, highlight=False)
    complaints = [f"{check.what}: {check.remedy}" for check in checks if check.remedy is not None]
    for complaint in complaints:
        write_error(complaint)
    if complaints:
        raise typer.Exit(1)
    nature = label.fraud_type or "normal"
    amount = f"{transaction.transaction_amount_vnd:,.0f} VND"
    console.print(f"Sent {transaction.transaction_id}, {nature}, {amount}", markup=False)


if __name__ == "__main__":
    app()

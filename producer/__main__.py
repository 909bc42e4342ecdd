"""Command line of the producer: ``python -m producer`` with test, stream, load, csv, customers and so on."""

import typer
from rich.console import Console

from fraudstream.runtime.command_app import CommandApp
from fraudstream.runtime.terminal import shown, write_error
from fraudstream.streams.stream_commands import load_settings
from producer.customers import customers, load_customers
from producer.dataset import csv_file, parquet_file
from producer.load.load_command import load
from producer.stream import stream
from producer.stream_costs import costs
from producer.transaction_producer import TransactionProducer

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
app.command()(customers)
app.command()(load_customers)


@app.command()
def test() -> None:
    """Check credentials, streams, permissions, shards and the transaction API, and send one transaction."""
    report = TransactionProducer(load_settings()).test_connections()
    for line in report.lines():
        console.print(shown(line), markup=False, highlight=False)
    for problem in report.problems():
        write_error(problem)
    if not report.is_usable:
        raise typer.Exit(1)


if __name__ == "__main__":
    app()

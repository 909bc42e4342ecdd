"""The consumer's command line: ``python -m alerts tail`` and ``python -m alerts dead``."""

import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.text import Text

from alerts.consumer import Consumer, Message, Received
from alerts.lines import alert_line, dead_letter_line, printable
from fraudstream.alert import Alert
from fraudstream.dead_letter import DeadLetter
from fraudstream.settings import Settings
from fraudstream.stopping import stop_on_signals
from streams.client import kinesis_client
from streams.command import load_settings, stream_errors_reported
from streams.reader import StreamReader, StreamRecord

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Show what the job wrote.")
console = Console(highlight=False, soft_wrap=True)

Start = Annotated[
    Literal["TRIM_HORIZON", "LATEST"],
    typer.Option("--from", help="From the stream's beginning, or only what comes from now on"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Raw JSON lines")]
Maximum = Annotated[int | None, typer.Option("--max", min=1, help="End after so many")]
Idle = Annotated[float | None, typer.Option(min=0, help="End after so many seconds without one")]


@dataclass(frozen=True, slots=True)
class _Limits:
    """When to end: after so many messages, or so many seconds without one; None for never."""

    messages: int | None
    idle_s: float | None


@app.command()
def tail(
    *,
    start: Start = "TRIM_HORIZON",
    as_json: AsJson = False,
    maximum: Maximum = None,
    idle_seconds: Idle = None,
) -> None:
    """Print alerts as they come, each once."""
    settings = load_settings()
    with stream_errors_reported():
        reader = _reader(settings, settings.alerts_stream, start)
        consumer = Consumer(reader, Alert, on_unreadable=_complain)
        _follow(consumer, _show_json if as_json else _show(alert_line), _Limits(maximum, idle_seconds))


@app.command()
def dead(
    *,
    start: Start = "TRIM_HORIZON",
    as_json: AsJson = False,
    maximum: Maximum = None,
    idle_seconds: Idle = None,
) -> None:
    """Print the records that the job refused, and why."""
    settings = load_settings()
    with stream_errors_reported():
        reader = _reader(settings, settings.dead_letters_stream, start)
        consumer = Consumer(reader, DeadLetter, on_unreadable=_complain)
        _follow(consumer, _show_json if as_json else _show(dead_letter_line), _Limits(maximum, idle_seconds))


def _reader(settings: Settings, stream_name: str, start: Literal["TRIM_HORIZON", "LATEST"]) -> StreamReader:
    client = kinesis_client(settings)
    return StreamReader(client, stream_name, start=start, poll_interval_ms=settings.poll_interval_ms)


def _follow(consumer: Consumer[Message], show: Callable[[Received[Message]], None], limits: _Limits) -> None:
    try:
        _show_until(stop_on_signals(), consumer, show, limits)
    finally:
        if consumer.unreadable:
            sys.stderr.write(f"{consumer.unreadable} records could not be read\n")


def _show_until(
    stop: threading.Event,
    consumer: Consumer[Message],
    show: Callable[[Received[Message]], None],
    limits: _Limits,
) -> None:
    """Show messages until a limit is reached or ``stop`` is set."""
    shown = 0
    last_s = time.monotonic()
    while not stop.is_set():
        for received in consumer.poll():
            show(received)
            shown += 1
            last_s = time.monotonic()
            if shown == limits.messages:
                return
        if limits.idle_s is not None and time.monotonic() - last_s >= limits.idle_s:
            return


def _show(line: Callable[[Message], Text]) -> Callable[[Received[Message]], None]:
    return lambda received: console.print(line(received.message))


def _show_json(received: Received[Message]) -> None:
    typer.echo(received.record.data.decode().strip())


def _complain(record: StreamRecord, reason: str) -> None:
    place = f"{record.shard_id}, {record.sequence_number}"
    sys.stderr.write(f"unreadable record ({place}): {printable(reason)}\n")


if __name__ == "__main__":
    app()

"""Shared parts of the commands: options, settings, stream readers and error reporting on stderr."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Final, TypeVar

import typer
from rich.console import Console

from alerts.alert_settings import AlertSettings
from alerts.handlers.handler_protocol import HandlerError
from alerts.lines import printable
from alerts.store.progress_store import StoreError
from fraudstream.domain.transaction import format_time
from fraudstream.runtime.settings_sources import SettingsError
from fraudstream.streams.kinesis.kinesis_client import kinesis_client
from fraudstream.streams.kinesis.kinesis_reader import StreamReader
from fraudstream.streams.positions import Gap, Position
from fraudstream.streams.protocols import Start, StreamRecord
from fraudstream.streams.stream_commands import stream_errors_reported
from fraudstream.streams.stream_settings import StreamSettings

Value = TypeVar("Value")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON lines")]
Maximum = Annotated[int | None, typer.Option("--max", min=1, help="Stop after N alerts or letters")]
Idle = Annotated[float | None, typer.Option(min=0, help="Stop after N seconds without a new one")]

NO_POSITIONS: Final[Mapping[str, Position]] = {}

console = Console(highlight=False, soft_wrap=True)


def complain(text: str) -> None:
    """Write a line to standard error, with terminal control characters escaped."""
    sys.stderr.write(f"{printable(text)}\n")


def complain_of_record(record: StreamRecord, reason: str) -> None:
    """Report an unreadable stream record on standard error, with the reason."""
    complain(f"unreadable record ({record.shard_id}, {record.sequence_number}): {reason}")


def read_as(parse: Callable[[str], Value], text: str, option: str) -> Value:
    """Parse the value of an option; exits with code 2 and the reason if it is invalid."""
    try:
        return parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from error


def load_alert_settings() -> AlertSettings:
    """Read the settings of the alert consumer; exits with code 2 if they are invalid."""
    try:
        return AlertSettings.load()
    except SettingsError as error:
        complain(str(error))
        raise typer.Exit(2) from error


@contextmanager
def errors_reported() -> Iterator[None]:
    """Exit with code 1 and one line on stderr if the stream, the store or the target is unusable."""
    try:
        with stream_errors_reported():
            yield
    except (StoreError, HandlerError) as error:
        complain(str(error))
        raise typer.Exit(1) from error


def stream_reader(
    settings: StreamSettings,
    stream_name: str,
    start: Start,
    positions: Mapping[str, Position] = NO_POSITIONS,
) -> StreamReader:
    """Return a stream reader that reports gaps on stderr: parts of a shard that can no longer be read."""
    return StreamReader(
        kinesis_client(settings),
        stream_name,
        start=start,
        positions=positions,
        on_gap=lambda gap: complain(_gap_line(gap)),
        poll_interval_ms=settings.poll_interval_ms,
    )


def _gap_line(gap: Gap) -> str:
    until = "" if gap.until_ms is None else f" and before {format_time(gap.until_ms)}"
    return (
        f"LOST: any records that arrived in {gap.shard_id} after {format_time(gap.after_ms)}{until} have "
        f"left the stream ({gap.reason}); continuing with the oldest available record"
    )

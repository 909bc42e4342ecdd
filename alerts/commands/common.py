"""Shared parts of the commands: options, settings, stream readers and error reporting on stderr."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Annotated, Final, TypeVar

import typer
from rich.console import Console

from alerts.alert_settings import AlertSettings
from alerts.handlers.handler_protocol import HandlerError
from alerts.store.progress_store import StoreError
from fraudstream.domain.transaction import format_time
from fraudstream.runtime.aws_errors import DeniedError
from fraudstream.runtime.bounded_clients import bounded_client
from fraudstream.runtime.clock import Clock, wall_clock_ms
from fraudstream.runtime.outages import Outage
from fraudstream.runtime.settings_sources import SettingsError
from fraudstream.runtime.stop_signals import StopSignal
from fraudstream.runtime.terminal import write_error
from fraudstream.streams.kinesis.kinesis_client import kinesis_client
from fraudstream.streams.kinesis.kinesis_reader import StreamReader
from fraudstream.streams.kinesis.kinesis_writer import StreamWriter
from fraudstream.streams.positions import Gap, Position
from fraudstream.streams.protocols import Start, StreamRecord
from fraudstream.streams.start_positions import parse_start
from fraudstream.streams.stream_commands import stream_errors_reported
from fraudstream.streams.stream_errors import StreamError
from fraudstream.streams.stream_settings import StreamSettings

Value = TypeVar("Value")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON lines")]
Maximum = Annotated[int | None, typer.Option("--max", min=1, help="Stop after N alerts or letters")]
Idle = Annotated[float | None, typer.Option(min=0, help="Stop after N seconds without a new one")]

NO_POSITIONS: Final[Mapping[str, Position]] = {}

OUTAGE_ENDS_IDLE_S: Final = 20.0
"""Length of an outage that ends an idle run: a shorter one may hide alerts that a moment later are read."""

READ_DEADLINES_S: Final = {"get_records": 10.0, "get_shard_iterator": 10.0}
"""Shards are read one after the other: one that does not answer delays the others by this long."""
WRITE_DEADLINES_S: Final = {"put_records": 10.0}
"""A redrive sends one record at a time, in up to ten attempts."""

console = Console(highlight=False, soft_wrap=True)


complain = write_error
"""Writes a message to standard error, with control characters escaped and without credentials."""


def complain_of_record(record: StreamRecord, reason: str) -> None:
    """Report an unreadable stream record on standard error, with the reason."""
    complain(f"unreadable record ({record.shard_id}, {record.sequence_number}): {reason}")


def read_as(parse: Callable[[str], Value], text: str, option: str) -> Value:
    """Parse the value of an option; exits with code 2 and the reason if it is invalid."""
    try:
        return parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from error


def read_start(text: str) -> Start:
    """Parse the value of ``--from``; exits with code 2 and the reason if it is invalid."""
    return read_as(partial(parse_start, now_ms=wall_clock_ms()), text, "--from")


def load_alert_settings() -> AlertSettings:
    """Read the settings of the alert consumer; exits with code 2 if they are invalid."""
    try:
        return AlertSettings.load()
    except SettingsError as error:
        complain(str(error))
        raise typer.Exit(2) from error


@contextmanager
def errors_reported() -> Iterator[None]:
    """Exit with one line on stderr if the stream, the store or the target is unusable.

    The code is 2 if AWS refuses the caller the stream or the store, else 1.
    """
    try:
        with stream_errors_reported():
            yield
    except (StoreError, HandlerError) as error:
        complain(str(error))
        raise typer.Exit(2 if isinstance(error, DeniedError) else 1) from error


def outage_of(service: str) -> Outage:
    """Return the state of a service, which is reported on standard error."""
    return Outage(service, complain)


def is_idle(outage: Outage | None) -> bool:
    """Whether no alert came although the stream responds.

    Raises `StreamError` if it has not responded for `OUTAGE_ENDS_IDLE_S`.
    """
    if outage is None or not outage.problem:
        return True
    if outage.lasts_s >= OUTAGE_ENDS_IDLE_S:
        msg = f"idle because of an outage of {outage.problem}; without --idle-seconds it would be waited for"
        raise StreamError(msg)
    return False


def stream_reader(  # noqa: PLR0913 - independent options
    settings: StreamSettings,
    stream_name: str,
    start: Start,
    positions: Mapping[str, Position] = NO_POSITIONS,
    *,
    stop: StopSignal,
    outage: Outage | None = None,
) -> StreamReader:
    """Return a stream reader that reports gaps on stderr: parts of a shard that can no longer be read.

    Its calls and waits end within a second of ``stop``. It survives failures that it can report to
    ``outage``.
    """
    return StreamReader(
        bounded_client(lambda: kinesis_client(settings), stop, deadlines_s=READ_DEADLINES_S),
        stream_name,
        start=start,
        positions=positions,
        on_gap=lambda gap: complain(_gap_line(gap)),
        poll_interval_ms=settings.poll_interval_ms,
        clock=Clock(sleep=stop.wait),
        outage=outage,
    )


def stream_writer(settings: StreamSettings, stream_name: str, *, stop: StopSignal) -> StreamWriter:
    """Return a stream writer whose calls and waits end within a second of ``stop``."""
    client = bounded_client(lambda: kinesis_client(settings), stop, deadlines_s=WRITE_DEADLINES_S)
    return StreamWriter(client, stream_name, clock=Clock(sleep=stop.wait))


def _gap_line(gap: Gap) -> str:
    until = "" if gap.until_ms is None else f" and before {format_time(gap.until_ms)}"
    return (
        f"LOST: any records that arrived in {gap.shard_id} after {format_time(gap.after_ms)}{until} have "
        f"left the stream ({gap.reason}); continuing with the oldest available record"
    )

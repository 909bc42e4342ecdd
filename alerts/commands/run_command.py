"""``python -m alerts run``: deliver every alert to a handler and resume after a restart."""

import contextlib
import re
import threading
import time
from collections.abc import Iterator
from typing import Annotated, Final

import typer

from alerts.commands.common import (
    AsJson,
    Idle,
    Maximum,
    complain,
    console,
    errors_reported,
    is_idle,
    load_alert_settings,
    outage_of,
    read_start,
    stream_reader,
)
from alerts.delivery import Delivery, DeliveryDependencies
from alerts.handlers.handler_factory import HandlerName, open_handler
from alerts.refused import RefusedFile
from alerts.store.enduring import EnduringStore
from alerts.store.progress_store import ProgressStore
from alerts.store.progress_store_factory import open_progress
from fraudstream.domain.transaction import format_time, from_time_ms
from fraudstream.runtime.bounded_calls import StopRequestedError
from fraudstream.runtime.clock import wall_clock_ms
from fraudstream.runtime.outages import Outage
from fraudstream.runtime.stop_signals import StopSignal, stop_on_signals
from fraudstream.runtime.terminal import redacted
from fraudstream.streams.kinesis.kinesis_reader import StreamReader
from fraudstream.streams.protocols import Start
from fraudstream.streams.start_positions import latest_ms
from fraudstream.streams.stream_commands import load_settings
from fraudstream.streams.stream_settings import StreamSettings

STATUS_INTERVAL_S: Final = 60.0
"""Interval between two status lines; a line is printed only if the counts have changed."""
DEFAULT_START: Final = "TRIM_HORIZON"
NAME_PATTERN: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")

HandlerOption = Annotated[HandlerName, typer.Option(help="Target of the alerts")]
TargetOption = Annotated[
    str | None, typer.Option("--to", help="File, URL, topic ARN or table of the handler; not used by print")
]


def run(  # noqa: PLR0913 - the options of a command line
    *,
    handler: HandlerOption = "print",
    to: TargetOption = None,
    name: Annotated[
        str | None,
        typer.Option(help="Consumer name under which progress is stored (default: the handler's name)"),
    ] = None,
    start: Annotated[
        str, typer.Option("--from", help="Start of the first run: TRIM_HORIZON, LATEST, or an RFC 3339 time")
    ] = DEFAULT_START,
    as_json: AsJson = False,
    maximum: Maximum = None,
    idle_seconds: Idle = None,
) -> None:
    """Deliver every alert to the handler, resuming where the last run of this name stopped.

    Ctrl-C and SIGTERM stop it after the current batch, with the position stored. Outages of the stream
    and the store are survived, whatever their length, and reported on standard error. Exits with code 1 if it
    was idle because the stream did not respond.
    """
    settings, options = load_settings(), load_alert_settings()
    begin = read_start(start)
    stop = stop_on_signals()
    with errors_reported(), _stop_reported(), contextlib.ExitStack() as opened:
        outage = outage_of(f"stream {settings.alerts_stream!r}")
        store = EnduringStore(
            open_progress(settings, options, _check_name(name or handler), stop),
            outage=outage_of(f"store {redacted(options.store)}"),
            stop=stop,
            now_ms=wall_clock_ms,
        )
        opened.callback(store.close)
        target = open_handler(handler, to, settings, options, console=console, as_json=as_json, stop=stop)
        opened.callback(target.close)
        refused = RefusedFile(options.refused)
        opened.callback(refused.close)
        reader = _resumed_reader(settings, store, begin, stop, outage)
        delivery = Delivery(
            DeliveryDependencies(
                reader=reader,
                store=store,
                handler=target,
                refused=refused,
                now_ms=wall_clock_ms,
                on_problem=complain,
                stop=stop,
            )
        )
        try:
            deliver(delivery, stop, maximum, idle_seconds, outage)
        finally:
            complain(f"{delivery.counts}{reader_counts(reader, outage)}")


def reader_counts(reader: StreamReader, outage: Outage) -> str:
    """Return the rest of the line of counts: what went wrong with the stream, empty if nothing did."""
    counts = {
        "failed reads": outage.failed_calls,
        "expired iterators": reader.expired_iterators,
        "GAPS in the stream": reader.gaps,
    }
    return "".join(f", {count:,} {name}" for name, count in counts.items() if count)


@contextlib.contextmanager
def _stop_reported() -> Iterator[None]:
    try:
        yield
    except StopRequestedError as error:
        complain(f"{error}; alerts after the stored position are read again by the next run")


def deliver(
    delivery: Delivery,
    stop: threading.Event,
    maximum: int | None,
    idle_s: float | None,
    outage: Outage | None = None,
) -> None:
    """Run steps until ``maximum`` alerts are handled, none came for ``idle_s``, or ``stop`` is set.

    Raises `StreamError` if none came because the stream does not respond.
    """
    last_s = reported_s = time.monotonic()
    last_status = str(delivery.counts)
    try:
        while not stop.is_set() and (maximum is None or delivery.counts.handled < maximum):
            remaining = None if maximum is None else maximum - delivery.counts.handled
            now_s = time.monotonic()
            last_s = time.monotonic() if delivery.step(remaining) else last_s
            if idle_s is not None and now_s - last_s >= idle_s and is_idle(outage):
                return
            if now_s - reported_s >= STATUS_INTERVAL_S and last_status != str(delivery.counts):
                last_status, reported_s = str(delivery.counts), now_s
                complain(last_status)
    finally:
        delivery.save()


def _check_name(name: str) -> str:
    if not NAME_PATTERN.fullmatch(name):
        msg = f"invalid name {name!r}: use 1 to 64 letters, digits, dots, dashes or underscores"
        raise typer.BadParameter(msg, param_hint="--name")
    return name


def _resumed_reader(
    settings: StreamSettings, store: ProgressStore, begin: Start, stop: StopSignal, outage: Outage
) -> StreamReader:
    """Return a reader that resumes at the stored positions, or at ``begin`` on the first run."""
    if begin == "TRIM_HORIZON":
        start_ms = None
    elif begin == "LATEST":
        # Store a time, not LATEST: after a restart, LATEST would skip alerts that arrived in between.
        start_ms = latest_ms(wall_clock_ms())
    else:
        start_ms = round(begin.timestamp() * 1000)
    begun_ms = store.begin(start_ms)
    positions = store.positions()
    if positions:
        reached_ms = min(position.reached_ms for position in positions.values())
        hint = "" if begin == DEFAULT_START else "; --from applies to the first run only"
        complain(f"resuming from the last run at {format_time(reached_ms)}{hint}")
    start: Start = "TRIM_HORIZON" if begun_ms is None else from_time_ms(begun_ms)
    return stream_reader(settings, settings.alerts_stream, start, positions, stop=stop, outage=outage)

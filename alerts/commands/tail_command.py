"""``python -m alerts tail``: print alerts as they arrive."""

import contextlib
import threading
import time
from typing import Annotated

import typer

from alerts.commands.common import (
    AsJson,
    Idle,
    Maximum,
    complain,
    complain_of_record,
    console,
    errors_reported,
    is_idle,
    outage_of,
    read_start,
    stream_reader,
)
from alerts.handlers.console import PrintHandler
from alerts.handlers.handler_protocol import AlertHandler
from alerts.message_consumer import Consumer
from alerts.messages import handover
from fraudstream.domain.alert import Alert
from fraudstream.runtime.bounded_calls import StopRequestedError
from fraudstream.runtime.outages import Outage
from fraudstream.runtime.stop_signals import stop_on_signals
from fraudstream.streams.stream_commands import load_settings


def tail(
    *,
    start: Annotated[str, typer.Option("--from", help="Start: TRIM_HORIZON, LATEST, or an RFC 3339 time")] = (
        "TRIM_HORIZON"
    ),
    as_json: AsJson = False,
    maximum: Maximum = None,
    idle_seconds: Idle = None,
) -> None:
    """Print alerts as they arrive, each once. No progress is stored.

    Outages of the stream are survived, whatever their length, and reported on standard error. Exits with code
    1 if it was idle because the stream did not respond.
    """
    settings = load_settings()
    begin = read_start(start)
    stop = stop_on_signals()
    outage = outage_of(f"stream {settings.alerts_stream!r}")
    with errors_reported(), contextlib.suppress(StopRequestedError):
        reader = stream_reader(settings, settings.alerts_stream, begin, stop=stop, outage=outage)
        consumer = Consumer(reader, Alert, on_unreadable=complain_of_record)
        try:
            handler = PrintHandler(console, as_json=as_json)
            _show_until(stop, consumer, handler, maximum, idle_seconds, outage)
        finally:
            if consumer.unreadable:
                complain(f"{consumer.unreadable} records could not be read")


def _show_until(  # noqa: PLR0913, PLR0917 - the options of a command line
    stop: threading.Event,
    consumer: Consumer[Alert],
    handler: AlertHandler,
    maximum: int | None,
    idle_s: float | None,
    outage: Outage,
) -> None:
    """Show alerts until ``maximum`` are shown, none came for ``idle_s``, or ``stop`` is set.

    Raises `StreamError` if none came because the stream does not respond.
    """
    shown = 0
    last_s = time.monotonic()
    while not stop.is_set() and shown != maximum:
        found = consumer.poll()
        wanted = found if maximum is None else found[: maximum - shown]
        handler.handle([handover(received, is_replay=False) for received in wanted])
        shown += len(wanted)
        last_s = time.monotonic() if found else last_s
        if idle_s is not None and time.monotonic() - last_s >= idle_s and is_idle(outage):
            return

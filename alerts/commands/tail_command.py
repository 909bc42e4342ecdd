"""``python -m alerts tail``: print alerts as they arrive."""

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
    read_as,
    stream_reader,
)
from alerts.handlers.console import PrintHandler
from alerts.handlers.handler_protocol import AlertHandler
from alerts.message_consumer import Consumer
from alerts.messages import handover
from alerts.reading import parse_start
from fraudstream.domain.alert import Alert
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
    """Print alerts as they arrive, each once. No progress is stored."""
    settings = load_settings()
    begin = read_as(parse_start, start, "--from")
    with errors_reported():
        reader = stream_reader(settings, settings.alerts_stream, begin)
        consumer = Consumer(reader, Alert, on_unreadable=complain_of_record)
        try:
            handler = PrintHandler(console, as_json=as_json)
            _show_until(stop_on_signals(), consumer, handler, maximum, idle_seconds)
        finally:
            if consumer.unreadable:
                complain(f"{consumer.unreadable} records could not be read")


def _show_until(
    stop: threading.Event,
    consumer: Consumer[Alert],
    handler: AlertHandler,
    maximum: int | None,
    idle_s: float | None,
) -> None:
    """Show alerts until ``maximum`` are shown, none came for ``idle_s``, or ``stop`` is set."""
    shown = 0
    last_s = time.monotonic()
    while not stop.is_set() and shown != maximum:
        found = consumer.poll()
        wanted = found if maximum is None else found[: maximum - shown]
        handler.handle([handover(received, is_replay=False) for received in wanted])
        shown += len(wanted)
        last_s = time.monotonic() if found else last_s
        if idle_s is not None and time.monotonic() - last_s >= idle_s:
            return

"""``python -m alerts replay``: deliver past alerts again, marked as replayed, without touching progress."""

import contextlib
import threading
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from alerts.commands.common import (
    AsJson,
    complain,
    console,
    errors_reported,
    load_alert_settings,
    read_as,
    stream_reader,
)
from alerts.commands.run_command import HandlerOption, TargetOption
from alerts.delivery import Delivery, DeliveryDependencies
from alerts.handlers.handler_factory import open_handler
from alerts.reading import time_ms
from alerts.refused import RefusedFile
from alerts.store.memory import MemoryStore
from fraudstream.domain.transaction import from_time_ms
from fraudstream.runtime.bounded_calls import StopRequestedError
from fraudstream.runtime.clock import wall_clock_ms
from fraudstream.runtime.stop_signals import stop_on_signals
from fraudstream.streams.protocols import RecordReader
from fraudstream.streams.stream_commands import load_settings


def replay(
    *,
    start: Annotated[str, typer.Option("--from", help="Arrival time of the first alert, RFC 3339")],
    until: Annotated[
        str | None, typer.Option(help="Arrival time before which to stop, RFC 3339 (default: now)")
    ] = None,
    handler: HandlerOption = "print",
    to: TargetOption = None,
    as_json: AsJson = False,
) -> None:
    """Deliver the alerts of a time range to the handler again, each marked as replayed.

    Stored progress does not change. Exits with code 0 once all alerts are delivered, with code 1 if it was
    stopped before that.
    """
    settings, options = load_settings(), load_alert_settings()
    start_ms = read_as(time_ms, start, "--from")
    end_ms = wall_clock_ms() if until is None else read_as(time_ms, until, "--until")
    if end_ms <= start_ms:
        msg = "must be before --until, which defaults to now"
        raise typer.BadParameter(msg, param_hint="--from")
    stop = stop_on_signals()
    with errors_reported(), contextlib.ExitStack() as opened:
        target = open_handler(handler, to, settings, options, console=console, as_json=as_json, stop=stop)
        opened.callback(target.close)
        refused = RefusedFile(options.refused)
        opened.callback(refused.close)
        reader = stream_reader(settings, settings.alerts_stream, from_time_ms(start_ms), stop=stop)
        delivery = Delivery(
            DeliveryDependencies(
                reader=reader,
                store=MemoryStore(),
                handler=target,
                refused=refused,
                now_ms=wall_clock_ms,
                on_problem=complain,
                stop=stop,
                is_replay=True,
                end_ms=end_ms,
            )
        )
        progress = opened.enter_context(_progress(is_shown=handler != "print"))
        is_whole = _to_the_end(delivery, reader, _Bar(progress, start_ms, end_ms), stop)
        complain(f"replay: {delivery.counts}" + ("" if is_whole else "; stopped before the end"))
    raise typer.Exit(0 if is_whole else 1)


class _Bar:
    """Progress bar over the time between start and end (epoch milliseconds)."""

    def __init__(self, progress: Progress, start_ms: int, end_ms: int) -> None:
        self.end_ms = end_ms
        self._progress = progress
        self._start_ms = start_ms
        self._task = progress.add_task("replay", total=end_ms - start_ms, counts="")

    def show(self, reached_ms: int, handled: int) -> None:
        done_ms = max(0, min(self.end_ms, reached_ms) - self._start_ms)
        self._progress.update(self._task, completed=done_ms, counts=f"{handled:,} alerts")


def _to_the_end(delivery: Delivery, reader: RecordReader, bar: _Bar, stop: threading.Event) -> bool:
    """Run delivery steps until all alerts before the end are handled; returns False if stopped earlier."""
    while not stop.is_set():
        try:
            delivery.step()
        except StopRequestedError:
            return False
        reached_ms = reader.reached_ms() or 0
        bar.show(reached_ms, delivery.counts.handled)
        if reached_ms >= bar.end_ms:
            return not stop.is_set()
    return False


def _progress(*, is_shown: bool) -> Progress:
    """Return a progress bar on stderr; disabled unless ``is_shown`` is set and stderr is a terminal.

    It is not shown beside printed alerts.
    """
    errors = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[counts]}"),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=errors, disable=not (is_shown and errors.is_terminal))

"""What the commands share: settings, a clean end on a signal, errors in one line on stderr."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import typer

from fraudstream.settings import Settings, SettingsError
from streams.errors import StreamError


def load_settings() -> Settings:
    """Read the settings; ends the command with code 2 and the reasons if they can't be used."""
    try:
        return Settings.load()
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        raise typer.Exit(2) from error


@contextmanager
def stream_errors_reported() -> Iterator[None]:
    """End the command with code 1 and one line on stderr where a stream can't be used."""
    try:
        yield
    except StreamError as error:
        sys.stderr.write(f"{error}\n")
        raise typer.Exit(1) from error


def stop_on_signals() -> threading.Event:
    """Return an event that Ctrl-C or SIGTERM sets; both then no longer end the process by themselves."""
    stop = threading.Event()

    def handle(_signal_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGINT, handle)
    signal.signal(signal.SIGTERM, handle)
    return stop

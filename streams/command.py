"""What the commands share: settings, and errors in one line on stderr."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from fraudstream.settings import Settings, SettingsError, export_aws_credentials
from streams.errors import StreamError


def load_settings() -> Settings:
    """Read the settings; ends the command with code 2 and the reasons if they can't be used."""
    try:
        export_aws_credentials()
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

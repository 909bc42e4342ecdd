"""Helpers of the stream commands: loading settings, and errors as one line on stderr."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from fraudstream.runtime.aws_credentials import export_aws_credentials
from fraudstream.runtime.aws_errors import AwsCredentialsError
from fraudstream.runtime.settings_sources import SettingsError
from fraudstream.streams.stream_errors import StreamError
from fraudstream.streams.stream_settings import StreamSettings


def load_settings() -> StreamSettings:
    """Read the settings; if they are invalid, print the reasons and exit with code 2."""
    try:
        export_aws_credentials()
        return StreamSettings.load()
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        raise typer.Exit(2) from error


@contextmanager
def stream_errors_reported(*others: type[Exception]) -> Iterator[None]:
    """Exit with code 1 and one line on stderr if a stream, AWS credentials or one of ``others`` fails."""
    reported: tuple[type[Exception], ...] = (StreamError, AwsCredentialsError, *others)
    try:
        yield
    except reported as error:
        sys.stderr.write(f"{error}\n")
        raise typer.Exit(1) from error

"""Helpers of the stream commands: loading settings, and errors as one line on stderr."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from fraudstream.runtime.aws_credentials import export_aws_credentials
from fraudstream.runtime.aws_errors import AwsCredentialsError, DeniedError
from fraudstream.runtime.settings_sources import SettingsError
from fraudstream.runtime.terminal import write_error
from fraudstream.streams.stream_errors import StreamError
from fraudstream.streams.stream_settings import StreamSettings


def load_settings() -> StreamSettings:
    """Read the settings; if they are invalid, print the reasons and exit with code 2."""
    try:
        export_aws_credentials()
        return StreamSettings.load()
    except SettingsError as error:
        write_error(str(error))
        raise typer.Exit(2) from error


@contextmanager
def stream_errors_reported(*others: type[Exception]) -> Iterator[None]:
    """Exit with one line on stderr if a stream, AWS credentials or one of ``others`` fails.

    The code is 2 if AWS refuses the caller, which a restart does not change, else 1.
    """
    reported: tuple[type[Exception], ...] = (StreamError, AwsCredentialsError, *others)
    try:
        yield
    except reported as error:
        write_error(str(error))
        raise typer.Exit(2 if isinstance(error, DeniedError) else 1) from error

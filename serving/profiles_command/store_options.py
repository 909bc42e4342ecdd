"""Options and errors that the subcommands of ``fraudstream profiles`` share."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final

import typer
from pydantic import SecretStr
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from fraudstream.profiles.profile_store_factory import profile_store
from fraudstream.profiles.store_protocol import OnCount, ProfileInventory, ProfileStoreError
from fraudstream.runtime.aws_credentials import export_aws_credentials
from fraudstream.runtime.settings_sources import SettingsError
from fraudstream.runtime.terminal import write_error
from serving.profiles_command.profiles_settings import ProfilesSettings
from serving.profiles_command.stored_history import HistoryError

USAGE_ERROR: Final = 2
STORE_VARIABLE: Final = "FRAUDSTREAM_PROFILE_STORE"

Store = Annotated[
    str | None,
    typer.Option(help=f"URL of the store; if it has a password, set {STORE_VARIABLE} instead"),
]
Timeout = Annotated[
    float, typer.Option(min=0.1, max=3_600, help="Deadline of a call to the store, in seconds")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON")]


def load_profiles_settings() -> ProfilesSettings:
    """Read the settings; if they are invalid, print the reasons and exit with code 2."""
    try:
        export_aws_credentials()
        return ProfilesSettings.load()
    except SettingsError as error:
        write_error(str(error))
        raise typer.Exit(USAGE_ERROR) from error


def store_url(settings: ProfilesSettings, given: str | None) -> SecretStr:
    """Return the URL of ``--store`` or of the settings; raises `ProfileStoreError` without either."""
    if given is not None:
        return SecretStr(given)
    if settings.profile_store is None:
        msg = f"no profile store: set {STORE_VARIABLE} to the job's profile_store, or give --store"
        raise ProfileStoreError(msg)
    return settings.profile_store


def opened_store(settings: ProfilesSettings, given: str | None, timeout_s: float) -> ProfileInventory:
    """Open the store of ``--store`` or of the settings; raises `ProfileStoreError`."""
    return profile_store(store_url(settings, given), timeout_s=timeout_s)


@contextmanager
def profile_errors_reported() -> Iterator[None]:
    """Exit with code 1 and the message if a store or a profile can't be used."""
    try:
        yield
    except (ProfileStoreError, HistoryError, ValueError) as error:
        write_error(str(error))
        raise typer.Exit(1) from error


@contextmanager
def count_shown(unit: str, *, is_shown: bool) -> Iterator[OnCount]:
    """Show a count while the block runs, on a terminal only."""
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.completed:,.0f} {task.description}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not (is_shown and sys.stderr.isatty()),
    )
    with progress:
        task = progress.add_task(unit, total=None)
        yield lambda count: progress.update(task, completed=count)

"""The subcommands of ``fraudstream profiles``."""

import json
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Annotated, Any

import typer
from pydantic import SecretStr
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from fraudstream.profiles.profile_rows import ProfileKey
from fraudstream.profiles.profile_store_factory import profile_store
from fraudstream.profiles.store_protocol import OnCount, ProfileInventory, ProfileStoreError
from fraudstream.profiles.store_urls import parse_store_url
from fraudstream.runtime.aws_credentials import export_aws_credentials
from fraudstream.runtime.clock import wall_clock_ms
from fraudstream.runtime.command_app import CommandApp
from fraudstream.runtime.settings_sources import SettingsError
from fraudstream.runtime.terminal import printable_json, write_error
from serving.profiles_command.profile_reports import (
    history_facts,
    history_table,
    profile_facts,
    profile_table,
    store_facts,
    store_table,
)
from serving.profiles_command.profiles_settings import ProfilesSettings
from serving.profiles_command.stored_history import HistoryError, read_history

USAGE_ERROR = 2
STORE_VARIABLE = "FRAUDSTREAM_PROFILE_STORE"

Store = Annotated[
    str | None,
    typer.Option(help=f"URL of the store; without one with a password, {STORE_VARIABLE} is safer"),
]
Timeout = Annotated[
    float, typer.Option(min=0.1, max=3_600, help="Deadline of a call to the store, in seconds")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON")]

app = CommandApp(no_args_is_help=True, help="Profile stores: look into one, create it, expire its rows.")
console = Console()


@app.command()
def show(  # noqa: PLR0913 - the options of a command line
    entity_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the account, or of another entity")],
    *,
    entity: Annotated[str, typer.Option(help="Id field of the entity, like device_id")] = "account_id",
    newest: Annotated[int, typer.Option(min=0, max=4_096, help="Transactions to list")] = 5,
    store: Store = None,
    timeout: Timeout = 10.0,
    as_json: AsJson = False,
) -> None:
    """Show the profile of an id: epoch, ordinal, age, size, expiry, and how current its entity is.

    With the job's hash key in FRAUDSTREAM_HASH_KEY it also lists the newest transactions, without ids and
    texts, which a history has as hashes only. Exits with code 1 if there is no such profile.
    """
    settings = _settings()
    with _errors_reported(), closing(_opened(settings, store, timeout)) as opened:
        (row,) = opened.read([ProfileKey(entity, entity_id)])
        if row is None:
            msg = f"no profile of {entity} {entity_id!r}: check --entity, or the id has had no transaction"
            raise ProfileStoreError(msg)
        facts = profile_facts(row, opened.progress(), wall_clock_ms())
        key = settings.hash_key
        history = None if key is None else read_history(row.profile, key.get_secret_value(), newest)
    if as_json:
        _print_json(facts | {"history": None if history is None else history_facts(history)})
        return
    console.print(profile_table(facts))
    if history is not None:
        console.print(history_table(history))


@app.command()
def status(*, store: Store = None, timeout: Timeout = 60.0, as_json: AsJson = False) -> None:
    """Show for each entity the rows, their bytes, and the lag of the job's writing.

    Reads the whole store, which DynamoDB charges for.
    """
    settings = _settings()
    with _errors_reported(), closing(_opened(settings, store, timeout)) as opened:
        with _progress_shown("rows", is_shown=not as_json) as on_count:
            counts = opened.counts(on_count)
        facts = store_facts(counts, opened.progress(), wall_clock_ms())
    if as_json:
        _print_json(facts)
    else:
        console.print(store_table(facts, f"Profiles in {parse_store_url(_url(settings, store))}"))


@app.command()
def expire(*, store: Store = None, timeout: Timeout = 60.0) -> None:
    """Delete expired profiles from SQLite or PostgreSQL; Redis and DynamoDB delete them themselves."""
    settings = _settings()
    with (
        _errors_reported(),
        closing(_opened(settings, store, timeout)) as opened,
        _progress_shown("rows deleted", is_shown=True) as on_count,
    ):
        deleted = opened.expire(wall_clock_ms(), on_count)
    typer.echo(f"{deleted:,} expired profiles deleted")


@app.command()
def create(*, store: Store = None, timeout: Timeout = 120.0) -> None:
    """Create the DynamoDB table, on demand and with a time to live; an existing one is left unchanged.

    The job creates the tables of the other stores.
    """
    settings = _settings()
    with _errors_reported():
        url = parse_store_url(_url(settings, store))
        if url.scheme != "dynamodb":
            msg = f"the job creates the tables of {url} itself: start it with this profile_store"
            raise ProfileStoreError(msg)
        from fraudstream.profiles.dynamo_profiles import DynamoProfiles  # noqa: PLC0415 - boto3 takes a second

        with closing(DynamoProfiles(url, timeout_s=timeout)) as table:
            typer.echo(f"{url} was created" if table.create() else f"{url} exists")


def _settings() -> ProfilesSettings:
    try:
        export_aws_credentials()
        return ProfilesSettings.load()
    except SettingsError as error:
        write_error(str(error))
        raise typer.Exit(USAGE_ERROR) from error


def _url(settings: ProfilesSettings, given: str | None) -> SecretStr:
    if given is not None:
        return SecretStr(given)
    if settings.profile_store is None:
        msg = f"no profile store: set {STORE_VARIABLE} to the job's profile_store, or give --store"
        raise ProfileStoreError(msg)
    return settings.profile_store


def _opened(settings: ProfilesSettings, given: str | None, timeout_s: float) -> ProfileInventory:
    return profile_store(_url(settings, given), timeout_s=timeout_s)


@contextmanager
def _errors_reported() -> Iterator[None]:
    try:
        yield
    except (ProfileStoreError, HistoryError, ValueError) as error:
        write_error(str(error))
        raise typer.Exit(1) from error


@contextmanager
def _progress_shown(unit: str, *, is_shown: bool) -> Iterator[OnCount]:
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


def _print_json(facts: Any) -> None:  # noqa: ANN401 - what JSON can have
    typer.echo(printable_json(json.dumps(facts, ensure_ascii=False)))

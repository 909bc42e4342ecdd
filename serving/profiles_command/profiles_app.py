"""The subcommands of ``fraudstream profiles``."""

import json
from contextlib import closing
from typing import Annotated, Any

import typer
from rich.console import Console

from fraudstream.profiles.profile_rows import ProfileKey
from fraudstream.profiles.store_protocol import ProfileStoreError
from fraudstream.profiles.store_urls import parse_store_url
from fraudstream.runtime.clock import wall_clock_ms
from fraudstream.runtime.command_app import CommandApp
from fraudstream.runtime.terminal import printable_json
from serving.profiles_command.profile_reports import (
    history_facts,
    history_table,
    profile_facts,
    profile_table,
    store_facts,
    store_table,
)
from serving.profiles_command.rebuild_command import rebuild
from serving.profiles_command.store_options import (
    AsJson,
    Store,
    Timeout,
    count_shown,
    load_profiles_settings,
    opened_store,
    profile_errors_reported,
    store_url,
)
from serving.profiles_command.stored_history import read_history

app = CommandApp(no_args_is_help=True, help="Profile stores: look into one, create, rebuild or expire it.")
app.command()(rebuild)
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
    settings = load_profiles_settings()
    with profile_errors_reported(), closing(opened_store(settings, store, timeout)) as opened:
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
    settings = load_profiles_settings()
    with profile_errors_reported(), closing(opened_store(settings, store, timeout)) as opened:
        with count_shown("rows", is_shown=not as_json) as on_count:
            counts = opened.counts(on_count)
        facts = store_facts(counts, opened.progress(), wall_clock_ms())
    if as_json:
        _print_json(facts)
    else:
        console.print(store_table(facts, f"Profiles in {parse_store_url(store_url(settings, store))}"))


@app.command()
def expire(*, store: Store = None, timeout: Timeout = 60.0) -> None:
    """Delete expired profiles from SQLite or PostgreSQL; Redis and DynamoDB delete them themselves."""
    settings = load_profiles_settings()
    with (
        profile_errors_reported(),
        closing(opened_store(settings, store, timeout)) as opened,
        count_shown("rows deleted", is_shown=True) as on_count,
    ):
        deleted = opened.expire(wall_clock_ms(), on_count)
    typer.echo(f"{deleted:,} expired profiles deleted")


@app.command()
def create(*, store: Store = None, timeout: Timeout = 120.0) -> None:
    """Create the DynamoDB table, on demand and with a time to live; an existing one is left unchanged.

    The job creates the tables of the other stores.
    """
    settings = load_profiles_settings()
    with profile_errors_reported():
        url = parse_store_url(store_url(settings, store))
        if url.scheme != "dynamodb":
            msg = f"the job creates the tables of {url} itself: start it with this profile_store"
            raise ProfileStoreError(msg)
        from fraudstream.profiles.dynamo_profiles import DynamoProfiles  # noqa: PLC0415 - boto3 takes a second

        with closing(DynamoProfiles(url, timeout_s=timeout)) as table:
            typer.echo(f"{url} was created" if table.create() else f"{url} exists")


def _print_json(facts: Any) -> None:  # noqa: ANN401 - what JSON can have
    typer.echo(printable_json(json.dumps(facts, ensure_ascii=False)))

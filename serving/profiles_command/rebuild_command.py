"""``fraudstream profiles rebuild``: fill a store again, by the job itself."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Annotated, Final

import typer

from fraudstream.profiles.profile_rows import ProfileProgress, written_until_ms
from fraudstream.profiles.store_protocol import ProfileInventory, ProfileStoreError
from fraudstream.runtime.clock import wall_clock_ms
from fraudstream.runtime.project_root import ROOT
from fraudstream.runtime.stop_signals import StopSignal, end_process, stop_on_signals
from serving.profiles_command.profiles_settings import ProfilesSettings
from serving.profiles_command.store_options import (
    STORE_VARIABLE,
    Store,
    load_profiles_settings,
    opened_store,
    profile_errors_reported,
    store_url,
)

REBUILD_VARIABLE: Final = "FRAUDSTREAM_PROFILE_REBUILD"
POLL_S: Final = 1.0
CALL_TIMEOUT_S: Final = 10.0
END_TIMEOUT_S: Final = 60.0
"""A job that is stopped writes its last profiles first."""


def rebuild(
    *,
    archive: Annotated[
        str | None,
        typer.Option("--from", help="Archive of transactions: a file, a folder or s3://BUCKET/KEY"),
    ] = None,
    savepoint: Annotated[
        str | None, typer.Option("--from-savepoint", help="URI of the live job's savepoint or checkpoint")
    ] = None,
    store: Store = None,
) -> None:
    """Fill a store with all profiles, from an archive or from a savepoint.

    From an archive, a job over files computes them and ends; it needs the live job's hash key, and must not
    run beside the live job, whose rows it would replace with a newer epoch. From a savepoint, the live job is
    started, with its usual settings and all profiles to write, and goes on until Ctrl-C. The exit code is
    that of the job.
    """
    settings = load_profiles_settings()
    with profile_errors_reported(), tempfile.TemporaryDirectory() as folder:
        arguments = job_arguments(settings, archive, savepoint, Path(folder))
        environment = os.environ | {
            # Not on the command line, which other users can list.
            STORE_VARIABLE: store_url(settings, store).get_secret_value(),
            REBUILD_VARIABLE: "true",
        }
        with closing(opened_store(settings, store, CALL_TIMEOUT_S)) as opened:
            code = run_job(arguments, environment, opened, stop_on_signals())
    raise typer.Exit(code)


def job_arguments(
    settings: ProfilesSettings, archive: str | None, savepoint: str | None, folder: Path
) -> list[str]:
    """Return the job's arguments; raises `ProfileStoreError` if they would not rebuild the store."""
    if (archive is None) == (savepoint is None):
        msg = "give either --from ARCHIVE or --from-savepoint URI"
        raise ProfileStoreError(msg)
    if savepoint is not None:
        return ["--from-savepoint", savepoint]
    if settings.hash_key is None and settings.hash_key_from is None:
        msg = (
            "servers could not read profiles of another hash key than the live job's: set "
            "FRAUDSTREAM_HASH_KEY to that, or FRAUDSTREAM_HASH_KEY_FROM to the URI of one of its savepoints"
        )
        raise ProfileStoreError(msg)
    # A job over files needs an output, and this one needs no model.
    return ["--source", str(archive), "--dead-letters-out", str(folder / "dead-letters.jsonl")]


def run_job(
    arguments: list[str], environment: dict[str, str], store: ProfileInventory, stop: StopSignal
) -> int:
    """Run the job until it ends or ``stop`` is set, and tell which entities are complete; return its code."""
    began_ms = wall_clock_ms()
    process = subprocess.Popen(
        [sys.executable, "-m", "jobs.feature_job", *arguments],
        cwd=ROOT,
        env=environment,
        # Ctrl-C is for this process, which stops the job.
        start_new_session=True,
    )
    told: set[str] = set()
    try:
        while process.poll() is None and not stop.wait(POLL_S):
            _tell(store, began_ms, told, typer.echo)
    finally:
        end_process(process, END_TIMEOUT_S)
    _tell(store, began_ms, told, typer.echo)
    return 0 if stop.is_set() else process.returncode


def _tell(store: ProfileInventory, began_ms: int, told: set[str], echo: Callable[[str], object]) -> None:
    """Tell each entity once that is complete; a store that can't be read yet is asked again later."""
    try:
        progress = store.progress()
    except ProfileStoreError:
        return
    for entity in complete_entities(progress, began_ms):
        if entity not in told:
            told.add(entity)
            echo(f"{entity}: all profiles are written")


def complete_entities(progress: Iterable[ProfileProgress], began_ms: int) -> list[str]:
    """Return the entities of which every task has reported in an epoch since ``began_ms``, by name.

    A task reports nothing before it has written all profiles of its saved state.
    """
    new = [each for each in progress if each.epoch_ms >= began_ms]
    return sorted({each.entity for each in new if written_until_ms(new, each.entity) is not None})

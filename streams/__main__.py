"""Command line ``python -m streams``, with the command ``archive``."""

import sys
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from fraudstream.archives.archive_errors import ArchiveError
from fraudstream.archives.record_writers import written_whole
from fraudstream.domain.transaction import format_time
from fraudstream.runtime.clock import wall_clock_ms
from fraudstream.runtime.command_app import CommandApp
from fraudstream.runtime.stop_signals import stop_on_signals
from fraudstream.streams.kinesis.kinesis_client import kinesis_client
from fraudstream.streams.kinesis.kinesis_reader import StreamReader
from fraudstream.streams.stream_commands import load_settings, stream_errors_reported
from streams.archiving import Archived, archive

MS_PER_S: Final = 1_000
SUFFIXES: Final = (".jsonl", ".jsonl.gz")

app = CommandApp(no_args_is_help=True, help="Archive a stream.")


@app.callback()
def _commands() -> None:
    """Keep the command name ``archive`` in the command line although it is the only command."""


def _json_lines(path: Path) -> Path:
    if not path.name.endswith(SUFFIXES):
        msg = f"{path} must end in .jsonl or .jsonl.gz"
        raise typer.BadParameter(msg)
    if not path.resolve().parent.is_dir() or path.is_dir():
        msg = f"{path} can't be written: its folder must exist, and the path must not be a folder"
        raise typer.BadParameter(msg)
    return path


OutFile = Annotated[
    Path,
    typer.Argument(callback=_json_lines, help="Output file, .jsonl or .jsonl.gz; replaced when complete"),
]


@app.command(name="archive")
def archive_stream(
    out: OutFile,
    *,
    stream: Annotated[
        str | None, typer.Option(help="Name of the stream (default: the transaction stream)")
    ] = None,
    seconds: Annotated[float, typer.Option(min=0, help="Keep reading for N more seconds")] = 0.0,
) -> None:
    """Write a stream's records, from the oldest up to now, as JSON lines in order of arrival.

    Exits with code 0 when all records are written. Exits with code 1 if the stream can't be read, or if it
    was stopped before (Ctrl-C, SIGTERM); the file is then complete up to the time that is printed.
    """
    settings = load_settings()
    name = stream or settings.transactions_stream
    end_ms = wall_clock_ms() + round(seconds * MS_PER_S)
    stop = stop_on_signals()
    with stream_errors_reported(ArchiveError):
        reader = StreamReader(kinesis_client(settings), name, poll_interval_ms=settings.poll_interval_ms)
        with _progress() as progress, written_whole(out) as file:
            task = progress.add_task(name, said="")
            archived = archive(
                reader, file, end_ms, stop, lambda now: progress.update(task, said=_progress_text(now))
            )
    is_whole = archived.reached_ms >= end_ms
    sys.stderr.write(
        f"{out}: {_progress_text(archived)}" + ("" if is_whole else "; stopped before the end") + "\n"
    )
    raise typer.Exit(0 if is_whole else 1)


def _progress_text(archived: Archived) -> str:
    until = format_time(archived.reached_ms) if archived.reached_ms else "-"
    changed = f", {archived.rewritten:,} with line feeds replaced" if archived.rewritten else ""
    escaped = f", {archived.escaped:,} in base64" if archived.escaped else ""
    return f"{archived.records:,} records in {archived.lines:,} lines{changed}{escaped}, all before {until}"


def _progress() -> Progress:
    """Return a progress display on standard error, shown only in a terminal."""
    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}: {task.fields[said]}", markup=False),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


if __name__ == "__main__":
    app()

"""``python -m alerts dead``: list, show and redrive dead letters, the records that the job refused."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.text import Text

from alerts.commands.common import (
    AsJson,
    Maximum,
    complain,
    complain_of_record,
    console,
    errors_reported,
    load_alert_settings,
    read_as,
    stream_reader,
    stream_writer,
)
from alerts.dead.hexdump import hexdump
from alerts.dead.letters import Letter, LetterFilter
from alerts.dead.record_repair import Patch, RepairError
from alerts.dead.redrive import Redriver
from alerts.lines import dead_letter_line
from alerts.message_consumer import Consumer
from alerts.reading import time_ms, until
from alerts.store.progress_store_factory import open_redrives
from alerts.store.redrives import Redrive
from fraudstream.domain.dead_letter import DeadLetter
from fraudstream.domain.transaction import format_time, from_time_ms
from fraudstream.runtime.bounded_calls import StopRequestedError
from fraudstream.runtime.clock import wall_clock_ms
from fraudstream.runtime.command_app import CommandApp
from fraudstream.runtime.stop_signals import StopSignal, stop_on_signals
from fraudstream.runtime.terminal import printable, printable_json
from fraudstream.streams.stream_commands import load_settings
from fraudstream.streams.stream_errors import StreamError
from fraudstream.streams.stream_settings import StreamSettings

if TYPE_CHECKING:
    from fraudstream.streams.protocols import Start

FAR_FUTURE_MS: Final = 253_402_300_799_000
"""The end of the year 9999, an upper bound of all arrival times."""
SHOWN_BYTES: Final = 1_024

app = CommandApp(
    no_args_is_help=True, help="List, show and redrive dead letters, the records that the job refused."
)

Reasons = Annotated[
    list[str] | None, typer.Option("--reason", help="Select letters with this reason; repeatable")
]
Since = Annotated[str | None, typer.Option(help="Select letters refused at or after this RFC 3339 time")]
Until = Annotated[
    str | None, typer.Option("--until", help="Select letters refused before this RFC 3339 time")
]
Ids = Annotated[list[str] | None, typer.Argument(help="Ids of letters, as `dead list` prints them")]


@app.command("list")
def list_letters(  # noqa: PLR0913 - the options of a command line
    *,
    reasons: Reasons = None,
    since: Since = None,
    end: Until = None,
    follow: Annotated[bool, typer.Option("--follow", help="Keep printing new letters until Ctrl-C")] = False,
    as_json: AsJson = False,
    maximum: Maximum = None,
) -> None:
    """Print dead letters, each once: id, time, reason, size, shard, detail and the start of the record."""
    settings = load_settings()
    choice = _choice(None, reasons, since, end)
    stop = stop_on_signals()
    with errors_reported():
        for number, letter in enumerate(_letters(settings, choice, stop, follow=follow), 1):
            if as_json:
                typer.echo(printable_json(letter.original.decode().strip()))
            else:
                console.print(Text(f"{letter.letter_id}  ") + dead_letter_line(letter.message))
            if number == maximum:
                return


@app.command()
def show(
    letter_id: Annotated[str, typer.Argument(help="Id of the letter, as `dead list` prints it")],
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Print every byte, not only the first 1,024")
    ] = False,
) -> None:
    """Print one dead letter in full: its fields, its bytes in hexadecimal and as text, and its redrives."""
    settings, options = load_settings(), load_alert_settings()
    stop = stop_on_signals()
    with errors_reported(), _stop_reported():
        letter = next(_letters(settings, _choice([letter_id], None, None, None), stop), None)
        if letter is None:
            raise StreamError(_missing([letter_id], settings))
        for line in _description(letter, settings, everything=everything):
            console.print(line, markup=False)
        for redrive in open_redrives(settings, options, stop).of(letter_id):
            console.print(_redrive_line(redrive), markup=False)


@app.command()
def redrive(  # noqa: PLR0913 - the options of a command line
    letter_ids: Ids = None,
    *,
    reasons: Reasons = None,
    since: Since = None,
    end: Until = None,
    patch_file: Annotated[
        Path | None, typer.Option("--patch", help="JSON patch (RFC 6902) that repairs each record")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Redrive letters that were already redriven")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the records without sending them")
    ] = False,
) -> None:
    """Send the records of dead letters to the transaction stream again, selected by id or by filter.

    Exits with code 1 if any of them was not sent; the reason is printed for each.
    """
    settings, options = load_settings(), load_alert_settings()
    choice, patch = _choice(letter_ids, reasons, since, end), _patch(patch_file)
    if choice.is_everything:
        msg = "no letters selected: give ids, --reason, --since or --until"
        raise typer.BadParameter(msg)
    stop = stop_on_signals()
    with errors_reported(), _stop_reported():
        redriver = Redriver(
            open_redrives(settings, options, stop),
            stream_writer(settings, settings.transactions_stream, stop=stop),
            settings.transactions_stream,
            patch=patch,
            again=again,
            max_record_bytes=settings.max_record_bytes,
            now_ms=wall_clock_ms,
        )
        sent = {
            letter.letter_id: _send_letter(redriver, letter, dry_run=dry_run)
            for letter in _letters(settings, choice, stop)
        }
    absent = choice.letter_ids - sent.keys()
    if absent:
        complain(_missing(sorted(absent), settings))
    complain(f"{sum(sent.values())} of {len(sent) + len(absent)} {'would be sent' if dry_run else 'sent'}")
    raise typer.Exit(0 if all(sent.values()) and not absent else 1)


def _send_letter(redriver: Redriver, letter: Letter, *, dry_run: bool) -> bool:
    try:
        if dry_run:
            typer.echo(printable_json(redriver.repaired(letter).data.decode()))
        else:
            redriver.redrive(letter)
            console.print(f"{letter.letter_id}  sent", markup=False)
    except RepairError as error:
        complain(f"{letter.letter_id}  not sent: {error}")
        return False
    except StopRequestedError as error:
        msg = f"{letter.letter_id}  {error}; `alerts dead show` tells what is known of it"
        raise StopRequestedError(msg) from error
    return True


def _choice(
    letter_ids: list[str] | None, reasons: list[str] | None, since: str | None, end: str | None
) -> LetterFilter:
    return LetterFilter(
        letter_ids=frozenset(letter_ids or ()),
        reasons=frozenset(reasons or ()),
        since_ms=None if since is None else read_as(time_ms, since, "--since"),
        until_ms=None if end is None else read_as(time_ms, end, "--until"),
    )


def _patch(path: Path | None) -> Patch | None:
    if path is None:
        return None
    try:
        return Patch.load(path)
    except RepairError as error:
        raise typer.BadParameter(str(error), param_hint="--patch") from error


@contextmanager
def _stop_reported() -> Iterator[None]:
    """Exit with one line on stderr if a stop interrupted a call of the store or the stream."""
    try:
        yield
    except StopRequestedError as error:
        complain(str(error))
        raise typer.Exit(1) from error


def _letters(
    settings: StreamSettings, choice: LetterFilter, stop: StopSignal, *, follow: bool = False
) -> Iterator[Letter]:
    """Yield the selected letters up to now, or without end if ``follow`` is set.

    Stops early once all letters that were selected by id have been found.
    """
    start: Start = "TRIM_HORIZON" if choice.since_ms is None else from_time_ms(choice.since_ms)
    reader = stream_reader(settings, settings.dead_letters_stream, start, stop=stop)
    consumer = Consumer(reader, DeadLetter, on_unreadable=complain_of_record)
    end_ms = FAR_FUTURE_MS if follow else min(wall_clock_ms(), choice.until_ms or FAR_FUTURE_MS)
    missing = set(choice.letter_ids)
    try:
        for letter in _scan(consumer, settings, end_ms, stop):
            if choice.has(letter):
                yield letter
                missing.discard(letter.letter_id)
            if choice.letter_ids and not missing:
                return
    finally:
        if consumer.unreadable:
            complain(f"{consumer.unreadable} records could not be read")


def _scan(
    consumer: Consumer[DeadLetter], settings: StreamSettings, end_ms: int, stop: StopSignal
) -> Iterator[Letter]:
    errors = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("searching the dead letters: {task.description}"))
    is_shown = errors.is_terminal and not console.is_terminal
    with Progress(*columns, console=errors, transient=True, disable=not is_shown) as progress:
        task = progress.add_task("from the start")

        def reached(time_ms: int) -> None:
            progress.update(task, description=f"up to {format_time(time_ms)}")

        for received in until(consumer, end_ms, stop, reached):
            if stop.is_set():
                break
            yield Letter.of(received, settings.transactions_stream)
    if stop.is_set() and end_ms != FAR_FUTURE_MS:
        complain("stopped before all dead letters were read")
        raise typer.Exit(1)


def _description(letter: Letter, settings: StreamSettings, *, everything: bool) -> Iterator[str]:
    message = letter.message
    yield f"id        {letter.letter_id}"
    yield f"reason    {printable(message.reason)}"
    yield f"detail    {printable(message.detail)}"
    yield f"from      {printable(message.origin(settings.transactions_stream))}"
    yield f"arrived   {message.arrival_time or 'unknown'}"
    yield f"refused   {format_time(letter.refused_ms)}"
    yield f"size      {message.size_bytes:,} bytes" + (", truncated" * message.truncated)
    yield from _covered(message)
    shown = message.raw_bytes if everything else message.raw_bytes[:SHOWN_BYTES]
    yield from hexdump(shown)
    if len(shown) < len(message.raw_bytes):
        yield f"… {len(message.raw_bytes) - len(shown):,} more bytes: use --all"


def _covered(message: DeadLetter) -> Iterator[str]:
    """Yield which records a summary stands for, and where to read them again; nothing for other letters."""
    if message.reasons is None:
        return
    counts = ", ".join(f"{count:,} {printable(reason)}" for reason, count in message.reasons.items())
    yield f"sums up   {message.count:,} refused records: {counts}"
    if message.from_byte is not None and message.to_byte is not None:
        yield f"bytes     {message.from_byte} to {message.to_byte} of the stream record"
    for part in message.ranges or ():
        shard = part.shard_id or "no shard"
        place = f"{shard}, {part.first_sequence_number or '-'} to {part.last_sequence_number or '-'}"
        yield f"range     {printable(place)}: {part.count:,} records"


def _redrive_line(redrive: Redrive) -> str:
    when = (
        f"started at {format_time(redrive.began_at_ms)}, outcome unknown"
        if redrive.sent_at_ms is None
        else f"at {format_time(redrive.sent_at_ms)}"
    )
    patch = f", patched with {printable(redrive.patch)}" if redrive.patch else ""
    return f"redriven  {when}{patch}: {printable(redrive.record.decode())}"


def _missing(letter_ids: list[str], settings: StreamSettings) -> str:
    return (
        f"dead letter {', '.join(letter_ids)} not found in stream {settings.dead_letters_stream!r}; "
        "`python -m alerts dead list` lists the letters still in it"
    )

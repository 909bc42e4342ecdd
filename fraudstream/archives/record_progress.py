"""How far reading has come, as a bar on standard error where a person looks."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import rich.progress
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from fraudstream.archives.record_files import file_errors


def bytes_bar(console: Console) -> Progress:
    """Make a bar of the bytes that have been read; nothing is shown where ``console`` is no terminal."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


@contextmanager
def opened_with_bar(path: Path) -> Iterator[IO[bytes]]:
    """Open a file of lines, as its bytes are, with a bar; raises `ArchiveError` if it can't be read."""
    errors = Console(stderr=True)
    with (
        file_errors(str(path)),
        rich.progress.open(path, "rb", description=path.name, console=errors, transient=True) as file,
    ):
        yield file

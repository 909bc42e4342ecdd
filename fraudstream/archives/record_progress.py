"""Progress bars for reading record files, shown on standard error if it is a terminal."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import rich.progress
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from fraudstream.archives.record_files import file_errors


def bytes_bar(console: Console) -> Progress:
    """Return a progress bar of the bytes read; it shows nothing if ``console`` is not a terminal."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


@contextmanager
def opened_with_bar(path: Path) -> Iterator[IO[bytes]]:
    """Open a file in binary mode with a progress bar; raises `ArchiveError` if it can't be read."""
    errors = Console(stderr=True)
    with (
        file_errors(str(path)),
        rich.progress.open(path, "rb", description=path.name, console=errors, transient=True) as file,
    ):
        yield file

"""Live view on a terminal, and lines of text elsewhere, while a load test runs."""

import contextlib
import threading
from collections.abc import Iterator, Sequence
from typing import Final, Protocol

from rich.console import Console, RenderableType
from rich.live import Live
from rich.table import Table

LINE_INTERVAL_S: Final = 5.0


class RunView(Protocol):
    """View of a run: a picture for a terminal, and the same in one line."""

    stage: str
    """Current part of the run; "done" at its end."""

    def __rich__(self) -> RenderableType:
        """Return the picture."""

    def line(self) -> str:
        """Return one line without line breaks."""


@contextlib.contextmanager
def shown_live(view: RunView, console: Console) -> Iterator[None]:
    """Show the view while the block runs: live on a terminal, else a line every `LINE_INTERVAL_S`.

    The last picture has the stage "done".
    """
    if console.is_terminal:
        with Live(view, console=console, refresh_per_second=4):
            yield
            view.stage = "done"
        return
    ended = threading.Event()
    lines = threading.Thread(target=_print_lines, args=(view, console, ended), daemon=True)
    lines.start()
    try:
        yield
    finally:
        ended.set()
        lines.join()
    view.stage = "done"
    console.print(view)


def _print_lines(view: RunView, console: Console, ended: threading.Event) -> None:
    while not ended.wait(LINE_INTERVAL_S):
        console.print(view.line(), markup=False, highlight=False)


def numbers_grid(numbers: Sequence[tuple[str, str]]) -> Table:
    """Return a grid of names and values, three pairs in a row."""
    grid = Table.grid(padding=(0, 2))
    for _ in range(3):
        grid.add_column(style="dim")
        grid.add_column(justify="right", style="bold")
    for first in range(0, len(numbers), 3):
        grid.add_row(*(cell for pair in numbers[first : first + 3] for cell in pair))
    return grid


def shown_ms(duration_ms: float | None) -> str:
    """Return a duration as text, "-" for None."""
    return "-" if duration_ms is None else f"{duration_ms:,.1f} ms"

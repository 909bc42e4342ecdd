"""Terminal view of a running drill."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from drills.verdict import Verdict
from fraudstream.runtime.terminal import shown

if TYPE_CHECKING:
    from drills.stage import Stage

SHOWN_COMPLAINTS: Final = 5


class DrillView:
    """Prints a line for each finished fault, and the current activity below them."""

    def __init__(self, console: Console, total: int) -> None:
        self._console = console
        columns = (TextColumn("{task.description:<24}"), BarColumn(20), MofNCompleteColumn())
        self._progress = Progress(
            *columns, TimeElapsedColumn(), TextColumn("{task.fields[news]}"), console=console
        )
        self._task: TaskID = self._progress.add_task("", total=total, news="")
        self._name = ""
        self._what = ""

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show the view while the block runs."""
        with self._progress:
            yield

    def begin(self, name: str) -> None:
        """Show the name of the current fault."""
        self._name = name
        self._progress.update(self._task, description=name, news="")

    def tell(self, what: str, stage: "Stage") -> None:
        """Show the progress of a fault's load; ``what`` is the new activity, empty if it is unchanged."""
        if what:
            self._what = what
            if not self._console.is_terminal:
                self._console.print(f"  {self._name}: {what}", highlight=False, markup=False)
        numbers = f"sent {stage.sender.sent:,}, scored {len(stage.scored_keys):,} of {len(stage.items):,}"
        self._progress.update(self._task, news=f"{numbers}: {self._what}")

    def judged(self, verdict: Verdict) -> None:
        """Show the verdict on a fault, with the first complaints."""
        style = "green" if verdict.is_survived else "red"
        numbers = ", ".join(f"{name} {value}" for name, value in verdict.to_json().items() if name != "name")
        self._progress.console.print(f"[{style}]{verdict.name}[/]: {numbers}", highlight=False)
        for complaint in verdict.complaints[:SHOWN_COMPLAINTS]:
            self._progress.console.print(f"  {escape(shown(complaint))}", highlight=False)
        self._progress.advance(self._task)

    def failed(self, name: str, why: str) -> None:
        """Show that a fault could not be judged."""
        self._progress.console.print(f"[red]{name}[/] has no verdict: {escape(shown(why))}")
        self._progress.advance(self._task)

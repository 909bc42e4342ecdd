"""Progress display of training and evaluation."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


class Steps:
    """Shows the current step, and how many of the trainings are done."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
        )
        self._task = self._progress.add_task("starting", total=None)

    @contextmanager
    def shown(self) -> Iterator[Callable[[str], None]]:
        """Show the progress during the block; yields `on_progress`."""
        with self._progress:
            yield self.on_progress

    def on_progress(self, text: str) -> None:
        """Log and show the step that begins."""
        self._progress.console.log(text)
        self._progress.update(self._task, description=text)

    def expect(self, trainings: int) -> None:
        """Set how many calls of `step` will follow."""
        self._progress.update(self._task, total=trainings, completed=0)

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Show one training, and count it when it is done."""
        self._progress.update(self._task, description=text)
        yield
        self._progress.advance(self._task)

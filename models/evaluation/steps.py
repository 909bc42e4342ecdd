"""What a person sees while the evaluation works."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


class Steps:
    """Shows what is being done, and how many of the trainings are."""

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
        """Show the progress meanwhile; gives `on_progress`."""
        with self._progress:
            yield self.on_progress

    def on_progress(self, text: str) -> None:
        """Say what begins."""
        self._progress.console.log(text)
        self._progress.update(self._task, description=text)

    def expect(self, trainings: int) -> None:
        """Say how many `step` there will be."""
        self._progress.update(self._task, total=trainings, completed=0)

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Show one training, and count it when it is done."""
        self._progress.update(self._task, description=text)
        yield
        self._progress.advance(self._task)

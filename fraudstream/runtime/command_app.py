"""Typer applications whose help texts flow: line breaks of a docstring don't show in ``--help``."""

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

import typer
from typer.core import TyperCommand

Function = TypeVar("Function", bound=Callable[..., Any])


class FlowingHelpCommand(TyperCommand):
    """A command whose help has one line per paragraph, for the terminal to wrap.

    Typer joins the lines of a docstring's first paragraph only.
    """

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - passed to Typer
        """Take what Typer's command takes."""
        super().__init__(*args, **options)
        self.help = flowing(self.help) if self.help else self.help


class CommandApp(typer.Typer):
    """A Typer application without shell completion, in which the help of each command flows."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - passed to Typer
        """Take the options of Typer."""
        super().__init__(add_completion=False, **options)

    def command(self, name: str | None = None, **options: Any) -> Callable[[Function], Function]:  # noqa: ANN401 - passed to Typer
        """Register a function as a command."""
        return super().command(name, cls=FlowingHelpCommand, **options)


def flowing(text: str) -> str:
    """Join the lines of each paragraph; paragraphs are separated by an empty line."""
    return "\n\n".join(" ".join(lines.split()) for lines in inspect.cleandoc(text).split("\n\n"))


def run_command(function: Callable[..., Any]) -> None:
    """Run a function as the only command of a program, as `typer.run` does, with flowing help."""
    app = CommandApp()
    app.command()(function)
    app()

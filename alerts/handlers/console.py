"""Handler that prints alerts on standard output, as readable lines or as JSON."""

import sys
from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.text import Text

from alerts.handlers.handler_protocol import HandlerOutcome
from alerts.lines import alert_line
from alerts.messages import Handover
from fraudstream.runtime.terminal import printable_json

REPLAY_MARK: Final = Text("REPLAY  ", "bold magenta")


class PrintHandler:
    """Print alerts, one readable line each, or their JSON if ``as_json`` is set.

    A printed alert counts as handled.
    """

    batch_size = 100

    def __init__(self, console: Console, *, as_json: bool) -> None:
        self._console = console
        self._as_json = as_json

    def handle(self, batch: Sequence[Handover]) -> HandlerOutcome:
        """Print the alerts; an alert that is delivered again is printed again."""
        for each in batch:
            if self._as_json:
                sys.stdout.write(f"{printable_json(each.body.decode())}\n")
            else:
                self._console.print(shown(each))
        sys.stdout.flush()
        return HandlerOutcome()

    def close(self) -> None:
        """Do nothing: the handler does not own the terminal."""


def shown(each: Handover) -> Text:
    """Return the line of an alert; the line of a replayed one begins with a mark."""
    line = alert_line(each.alert)
    return REPLAY_MARK + line if each.is_replay else line

"""What a handler has to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from alerts.messages import Handover


class HandlerError(Exception):
    """A target that can't be used by any alert; the message says what is wrong and how to fix it."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An alert that its target refuses for good, and why."""

    handover: Handover
    reason: str


@dataclass(frozen=True, slots=True)
class HandlerOutcome:
    """What became of a batch; what is neither ``refused`` nor ``again`` is handled.

    ``again`` is what may succeed later, and ``problem`` why it did not now; the target asks for a pause of
    ``retry_after_s`` seconds before that, 0 if it does not say.
    """

    refused: Sequence[Refusal] = ()
    again: Sequence[Handover] = ()
    problem: str = ""
    retry_after_s: float = 0.0


class AlertHandler(Protocol):
    """Takes alerts somewhere. It may get one again, with the same ``alert_id``: that must do no harm."""

    batch_size: int
    """Most alerts that are handed over at once; after a crash so many may come again."""

    def handle(self, batch: Sequence[Handover]) -> HandlerOutcome:
        """Try once to bring these to their target, in order.

        Returns when what counts as handled is safe there. Raises `HandlerError` if no alert could get through
        until a person has fixed something.
        """

    def close(self) -> None:
        """Let go of connections and files."""

"""Protocol of alert handlers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from alerts.messages import Handover


class HandlerError(Exception):
    """The target is unusable for all alerts. The message says what is wrong and how to fix it."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An alert that its target refuses permanently, with the reason."""

    handover: Handover
    reason: str


@dataclass(frozen=True, slots=True)
class HandlerOutcome:
    """Outcome of a batch. Alerts in neither ``refused`` nor ``again`` are handled.

    ``again`` holds the alerts to retry and ``problem`` the reason why they failed. ``retry_after_s`` is the
    wait in seconds that the target asks for, 0 if it does not ask for one.
    """

    refused: Sequence[Refusal] = ()
    again: Sequence[Handover] = ()
    problem: str = ""
    retry_after_s: float = 0.0


class AlertHandler(Protocol):
    """Deliver alerts to a target.

    Delivery is at-least-once, so implementations must be idempotent by ``alert_id``. A handler
    that drops ids which it knows must still deliver replayed alerts (`Handover.is_replay`).
    """

    batch_size: int
    """Maximum number of alerts per call; after a crash, up to this many are delivered again."""

    def handle(self, batch: Sequence[Handover]) -> HandlerOutcome:
        """Try once to deliver the alerts to the target, in order.

        Returns when the handled alerts are durable at the target. Raises `HandlerError` if no alert can be
        delivered until an operator has fixed the problem.
        """

    def close(self) -> None:
        """Close connections and files."""

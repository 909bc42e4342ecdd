"""Visible state of an outage: a line when it becomes one, each minute while it lasts, and at its end."""

import time
from collections.abc import Callable
from typing import Final

from fraudstream.domain.duration import format_duration

SHOWN_AFTER_S: Final = 5.0
"""Failures of less than this are ordinary, such as throttling, and are not reported."""
REPEATED_AFTER_S: Final = 60.0


class Outage:
    """State of ``service``, such as ``stream 'Alerts'``, whose calls are retried without end.

    Its parts, such as shards, fail and recover independently. It is failing from the first failure of a part
    until no part fails any more. ``say`` receives the lines for the operator; ``failed_calls`` counts the
    failures since the start of the process.
    """

    def __init__(
        self,
        service: str,
        say: Callable[[str], object],
        *,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.failed_calls = 0
        self._service = service
        self._say = say
        self._monotonic_s = monotonic_s
        self._failing: set[str] = set()
        self._since_s = 0.0
        self._said_at_s: float | None = None
        self._failures = 0
        self._problem = ""

    @property
    def problem(self) -> str:
        """The last failure, with the service's name; empty while no part fails."""
        return f"{self._service}: {self._problem}" if self._failing else ""

    @property
    def lasts_s(self) -> float:
        """How long it has been failing, in seconds; 0 while no part fails."""
        return self._monotonic_s() - self._since_s if self._failing else 0.0

    def failed(self, part: str, problem: str) -> None:
        """Record that a call for ``part`` failed and will be repeated."""
        now_s = self._monotonic_s()
        if not self._failing:
            self._since_s, self._failures, self._said_at_s = now_s, 0, None
        self._failing.add(part)
        self._problem = problem
        self._failures += 1
        self.failed_calls += 1
        lasts_s = now_s - self._since_s
        if lasts_s >= SHOWN_AFTER_S and self._is_due(now_s):
            self._said_at_s = now_s
            self._say(
                f"OUTAGE of {self._service} for {_duration(lasts_s)}, {self._failures} failed calls; "
                f"retrying until it ends; the last failure: {problem}"
            )

    def worked(self, part: str) -> None:
        """Record that a call for ``part`` succeeded."""
        if part not in self._failing:
            return
        lasts_s = self.lasts_s
        self._failing.discard(part)
        if not self._failing and self._said_at_s is not None:
            self._say(
                f"{self._service} responds again after {_duration(lasts_s)}, {self._failures} failed calls"
            )

    def _is_due(self, now_s: float) -> bool:
        return self._said_at_s is None or now_s - self._said_at_s >= REPEATED_AFTER_S


def _duration(seconds: float) -> str:
    return format_duration(1000 * round(seconds))

"""Circuit breaker: stops calling what fails, and tries it again after a while."""

from collections.abc import Callable
from typing import Final, Literal

BreakerState = Literal["closed", "open", "half-open"]
FAILURES: Final = 3
PAUSE_MS: Final = 2_000


class CircuitBreaker:
    """Opens after ``failures`` in a row; after ``pause_ms`` lets one call through, whose result decides.

    Confined to one thread. ``now_ms`` is a monotonic clock.
    """

    def __init__(
        self, now_ms: Callable[[], int], *, failures: int = FAILURES, pause_ms: int = PAUSE_MS
    ) -> None:
        self._now_ms = now_ms
        self._most = failures
        self._pause_ms = pause_ms
        self._failures = 0
        self._opened_ms = 0

    @property
    def state(self) -> BreakerState:
        """Closed: calls pass. Open: none does. Half-open: the next one does, and its result decides."""
        if self._failures < self._most:
            return "closed"
        return "half-open" if self._now_ms() - self._opened_ms >= self._pause_ms else "open"

    def allows(self) -> bool:
        """Whether to make a call now."""
        return self.state != "open"

    def succeeded(self) -> None:
        """Close the breaker after a call that succeeded."""
        self._failures = 0

    def failed(self) -> None:
        """Count a call that failed."""
        self._failures += 1
        self._opened_ms = self._now_ms()

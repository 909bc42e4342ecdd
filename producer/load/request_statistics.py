"""Statistics of requests to an HTTP service: every request that was sent has one outcome."""

import threading
from collections import Counter
from http import HTTPStatus
from typing import Any

from producer.load.histogram import LogHistogram, percentiles_ms


class RequestStatistics:
    """Counters of a run; hold `lock` to read several values together.

    A request ends with an answer, counted under its status, or without one, counted under the kind of error.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.sent = 0
        self.statuses: Counter[int] = Counter()
        self.errors: Counter[str] = Counter()
        self.latency_ms = LogHistogram()
        """Of answers without an error status, from the scheduled time of the request."""
        self.start_delay_ms = LogHistogram()
        """From the scheduled time of a request until this client sent it."""
        self.last_outcome_s = 0.0

    @property
    def succeeded(self) -> int:
        """The number of answers with a status of 200 to 299."""
        return sum(count for status, count in self.statuses.items() if is_success(status))

    @property
    def unanswered(self) -> int:
        """The number of requests that ended without an answer."""
        return self.errors.total()

    @property
    def in_flight(self) -> int:
        """The number of requests without an outcome so far."""
        return self.sent - self.statuses.total() - self.errors.total()

    def on_sent(self, delay_ms: float) -> None:
        """Count a request, sent this long after its scheduled time."""
        with self.lock:
            self.sent += 1
            self.start_delay_ms.record_one(delay_ms)

    def on_answer(self, status: int, latency_ms: float, now_s: float) -> None:
        """Count an answer, ``now_s`` seconds after the start of the run."""
        with self.lock:
            self.statuses[status] += 1
            self.last_outcome_s = now_s
            if is_success(status):
                self.latency_ms.record_one(latency_ms)

    def on_error(self, kind: str, now_s: float) -> None:
        """Count a request without an answer."""
        with self.lock:
            self.errors[kind] += 1
            self.last_outcome_s = now_s

    def summary(self, rate_per_s: float) -> dict[str, Any]:
        """Return JSON-ready values; times are null if there was no answer without an error status.

        ``seconds`` is the time from the start to the last outcome, ``requests_per_s`` the successful answers
        divided by it. ``lost`` is the number of requests that were sent and have no answer.
        """
        with self.lock:
            seconds = self.last_outcome_s
            return {
                "scheduled_per_s": rate_per_s,
                "sent": self.sent,
                "succeeded": self.succeeded,
                "lost": self.unanswered,
                "seconds": round(seconds, 3),
                "requests_per_s": round(self.succeeded / seconds, 1) if seconds else None,
                "latency_ms": percentiles_ms(self.latency_ms, (50, 90, 99)),
                "start_delay_ms": percentiles_ms(self.start_delay_ms, (50, 99)),
                "statuses": {str(status): count for status, count in sorted(self.statuses.items())},
                "errors": dict(sorted(self.errors.items())),
            }


def is_success(status: int) -> bool:
    """Whether a status is one of 200 to 299."""
    return HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES

"""Attempts of one call: its deadline, and whether and when a failure is tried again."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import httpx

from fraudstream.runtime.backoff import Backoff
from fraudstream.sdk.sdk_errors import NoAnswerError, RequestRefusedError, SetupError, UnexpectedAnswerError
from fraudstream.sdk.service_calls import ServiceCall

TRANSIENT: Final = frozenset({429, 500, 502, 503, 504})
"""HTTP statuses after which another attempt may succeed."""
NOT_ACTED_ON: Final = frozenset({429})
"""Statuses of `TRANSIENT` that say that the service has not acted on the request."""
MAX_ANSWER_BYTES: Final = 32 * 1024 * 1024
"""Largest answer that is read: 500 decisions with all features have about 5 MB."""
_NEVER_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Limits of a call: ``deadline_s`` for all attempts and waits, and ``retries`` after the first one."""

    deadline_s: float = 10.0
    retries: int = 3
    backoff: Backoff = field(default_factory=lambda: Backoff(base_s=0.1, cap_s=2.0))

    def __post_init__(self) -> None:
        """Check the limits; raises `SetupError`."""
        if not self.deadline_s > 0:
            msg = f"timeout_s={self.deadline_s}: give the seconds that a call may take, more than 0"
            raise SetupError(msg)
        if self.retries < 0:
            msg = f"retries={self.retries}: give 0 for none, or more"
            raise SetupError(msg)


class CallAttempts:
    """The attempts of one call. Ask `left_s` before each attempt, and `wait_s` after a failed one."""

    def __init__(
        self, call: ServiceCall, policy: RetryPolicy, monotonic_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._call = call
        self._policy = policy
        self._monotonic_s = monotonic_s
        self._ends_s = monotonic_s() + policy.deadline_s
        self._failures = 0

    def left_s(self) -> float:
        """Return the seconds until the deadline, 0 after it."""
        return max(0.0, self._ends_s - self._monotonic_s())

    def wait_s(self, error: httpx.TransportError | TimeoutError | RequestRefusedError) -> float:
        """Return the seconds to wait before the next attempt.

        Raises `RequestRefusedError` or `NoAnswerError` if there is none: the failure is permanent, repeating
        the call is unsafe, the attempts are used up, or the wait would outlast the deadline.
        """
        self._failures += 1
        failure = error if isinstance(error, RequestRefusedError) else self._no_answer(error)
        wait_s = max(self._asked_s(failure), self._policy.backoff.wait_s(self._failures - 1))
        is_last = self._failures > self._policy.retries or wait_s >= self.left_s()
        if is_last or not self._is_safe(failure):
            raise failure from error
        return wait_s

    def _no_answer(self, error: Exception) -> NoAnswerError:
        reason = f"{type(error).__name__}: {error}".removesuffix(": ")
        attempts = "1 attempt" if self._failures == 1 else f"{self._failures} attempts"
        may_be_done = not isinstance(error, _NEVER_SENT)
        doubt = "; the service may have acted on the request" if may_be_done else ""
        return NoAnswerError(
            f"no answer from the decision API after {attempts} ({reason}){doubt}: check that it runs and "
            "that its address is right, or allow it more time with timeout_s",
            may_be_done=may_be_done,
        )

    def _is_safe(self, failure: RequestRefusedError | NoAnswerError) -> bool:
        if isinstance(failure, NoAnswerError):
            return self._call.is_repeatable or not failure.may_be_done
        is_transient = failure.status in TRANSIENT
        return is_transient and (self._call.is_repeatable or failure.status in NOT_ACTED_ON)

    @staticmethod
    def _asked_s(failure: RequestRefusedError | NoAnswerError) -> float:
        asked_s = failure.retry_after_s if isinstance(failure, RequestRefusedError) else None
        return asked_s or 0.0


class AnswerBody:
    """The body of an answer as it arrives, within `MAX_ANSWER_BYTES` and the call's deadline."""

    def __init__(self, attempts: CallAttempts) -> None:
        self._attempts = attempts
        self._content = bytearray()

    def add(self, chunk: bytes) -> None:
        """Add the next part; raises ``TimeoutError`` or `UnexpectedAnswerError` beyond a limit."""
        self._content += chunk
        if len(self._content) > MAX_ANSWER_BYTES:
            msg = f"the answer has more than {MAX_ANSWER_BYTES:,} bytes; check the URL"
            raise UnexpectedAnswerError(msg)
        if not self._attempts.left_s():
            msg = "the answer did not end in time"
            raise TimeoutError(msg)

    def content(self) -> bytes:
        """Return what has been added."""
        return bytes(self._content)

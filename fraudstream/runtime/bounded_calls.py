"""Outgoing calls that always end: at a total deadline, or within a second of a stop.

Timeouts of HTTP clients limit each read, not the call: a peer that sends a byte now and then holds a caller
for days, and a name server that is silent for half a minute. So a call runs in a thread of its own, and the
caller stops waiting for it.
"""

import threading
import time
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from fraudstream.runtime.stop_signals import StopSignal

Answer = TypeVar("Answer")

POLL_S: Final = 0.1
"""Longest time until a stop is noticed."""
STOP_GRACE_S: Final = 0.6
"""Time that calls have in total after a stop: enough for a healthy one, and less than a second."""
LAST_CALL_S: Final = 0.05
"""Time of each call that begins after the grace: a local or healthy one still succeeds."""


class CallTimeoutError(Exception):
    """A call has not ended by its deadline. Whether it had an effect is unknown."""


class StopRequestedError(Exception):
    """A stop was requested before the work was done. Whether a call in progress had an effect is unknown."""


def _do_nothing() -> None:
    """Abandon a call that needs no help to end."""


class _Call(Generic[Answer]):
    """A call in progress, its answer or its error."""

    def __init__(self, call: Callable[[], Answer]) -> None:
        self.done = threading.Event()
        self._call = call
        self._answer: list[Answer] = []
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            self._answer.append(self._call())
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            self._error = error
        finally:
            self.done.set()

    def answer(self) -> Answer:
        if self._error is not None:
            raise self._error
        return self._answer[0]


class BoundedCalls:
    """Runs calls with deadlines until ``stop`` is set. Every call has a thread, which costs about 0.1 ms.

    After the stop, calls have `STOP_GRACE_S` in total, so that a healthy one can end and results can be
    stored. All objects with the same ``stop`` share that time: a stream, a target and a store that all hang
    end a program no later than one of them.
    """

    def __init__(self, stop: StopSignal, *, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._stop = stop
        self._monotonic_s = monotonic_s

    def run(
        self,
        call: Callable[[], Answer],
        deadline_s: float,
        *,
        on_abandoned: Callable[[], object] = _do_nothing,
    ) -> Answer:
        """Return the answer of ``call``, or raise its exception.

        Raises `CallTimeoutError` after ``deadline_s`` seconds, and `StopRequestedError` after a stop. The
        call is then abandoned: it may go on in its thread, which does not keep the process alive.
        ``on_abandoned`` should make it end, for example by closing its connection.
        """
        running = _Call(call)
        began_s = self._monotonic_s()
        threading.Thread(target=running.run, daemon=True, name="outgoing call").start()
        while not running.done.wait(LAST_CALL_S if self._stop.is_set() else POLL_S):
            now_s = self._monotonic_s()
            if now_s - began_s >= deadline_s:
                on_abandoned()
                msg = f"no answer within {deadline_s:g} s"
                raise CallTimeoutError(msg)
            if self._is_over(now_s, began_s):
                on_abandoned()
                msg = "stopped while waiting for an answer"
                raise StopRequestedError(msg)
        return running.answer()

    def _is_over(self, now_s: float, began_s: float) -> bool:
        stopped_at_s = self._stop.noticed_at_s(now_s)
        if stopped_at_s is None:
            return False
        return now_s - stopped_at_s >= STOP_GRACE_S and now_s - began_s >= LAST_CALL_S

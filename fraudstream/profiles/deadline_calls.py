"""Calls over a network that end at a deadline in total, at a cost of some 20 µs each.

A driver's timeout limits each read of its socket, so a server that sends a byte now and then could hold its
caller for ever. `fraudstream.runtime.bounded_calls` starts a thread per call and notices a missed deadline
within 0.1 s; requests that wait for a profile need less of both.
"""

import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from fraudstream.runtime.bounded_calls import CallTimeoutError

Answer = TypeVar("Answer")
Work = tuple[Callable[[], object], "queue.SimpleQueue[tuple[object, BaseException | None]]"]


class DeadlineCalls(Generic[Answer]):
    """Runs the calls of one connection, one at a time, in a thread of its own.

    ``abandon`` is called when a call missed its deadline, and should make it end, for example by closing the
    connection. The thread of such a call is left alone; the next call has a new one.
    """

    def __init__(self, timeout_s: float, abandon: Callable[[], object]) -> None:
        self._timeout_s = timeout_s
        self._abandon = abandon
        self._work: queue.SimpleQueue[Work | None] | None = None

    def run(self, call: Callable[[], Answer]) -> Answer:
        """Return the answer of ``call`` or raise its exception; `CallTimeoutError` after the deadline."""
        answers: queue.SimpleQueue[tuple[Answer, BaseException | None]] = queue.SimpleQueue()
        self._worker().put((call, answers))  # type: ignore[arg-type] # the queue has answers of any type
        try:
            answer, error = answers.get(timeout=self._timeout_s)
        except queue.Empty:
            self.close()
            self._abandon()
            msg = f"no answer within {self._timeout_s:g} s"
            raise CallTimeoutError(msg) from None
        if error is not None:
            raise error
        return answer

    def close(self) -> None:
        """End the thread, once it has no call."""
        if self._work is not None:
            self._work.put(None)
            self._work = None

    def _worker(self) -> "queue.SimpleQueue[Work | None]":
        if self._work is None:
            self._work = queue.SimpleQueue()
            threading.Thread(target=_serve, args=(self._work,), daemon=True, name="profile store").start()
        return self._work


def _serve(work: "queue.SimpleQueue[Work | None]") -> None:
    while (each := work.get()) is not None:
        call, answers = each
        try:
            answers.put((call(), None))
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            answers.put((None, error))

"""Calls with a deadline, and their end on a stop. No test depends on how long anything takes."""

import threading

import pytest

from fraudstream.runtime.bounded_calls import (
    STOP_GRACE_S,
    BoundedCalls,
    CallTimeoutError,
    StopRequestedError,
)
from fraudstream.runtime.stop_signals import StopSignal


class FastClock:
    """A monotonic clock that advances by a tenth of a second each time it is read."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        """Return the time."""
        self.now_s += 0.1
        return self.now_s


@pytest.fixture
def never() -> "threading.Event":
    """Return an event that nothing sets: waiting for it is a call that hangs."""
    return threading.Event()


def test_an_answer_and_an_exception_come_through() -> None:
    calls = BoundedCalls(StopSignal())
    assert calls.run(lambda: 7, 60) == 7
    with pytest.raises(ZeroDivisionError):
        calls.run(lambda: 1 // 0, 60)


def test_a_call_that_hangs_is_abandoned_at_its_deadline(never: threading.Event) -> None:
    calls = BoundedCalls(StopSignal(), monotonic_s=FastClock())
    abandoned: list[bool] = []
    with pytest.raises(CallTimeoutError, match="no answer within 2 s"):
        calls.run(never.wait, 2, on_abandoned=lambda: abandoned.append(True))
    assert abandoned == [True]


def test_a_stop_ends_the_wait_for_a_call_that_hangs(never: threading.Event) -> None:
    stop, clock = StopSignal(), FastClock()
    stop.set()
    with pytest.raises(StopRequestedError):
        BoundedCalls(stop, monotonic_s=clock).run(never.wait, 3_600)
    assert STOP_GRACE_S <= clock.now_s < 1.5


def test_all_calls_after_a_stop_share_one_grace_and_a_healthy_one_still_ends(never: threading.Event) -> None:
    stop, clock = StopSignal(), FastClock()
    stop.set()
    calls = BoundedCalls(stop, monotonic_s=clock)
    for _ in range(3):
        with pytest.raises(StopRequestedError):
            calls.run(never.wait, 3_600)
    assert clock.now_s < 2
    assert calls.run(lambda: "stored", 3_600) == "stored"


def test_a_stream_a_target_and_a_store_that_hang_share_the_grace_of_one_stop(never: threading.Event) -> None:
    stop, clock = StopSignal(), FastClock()
    stop.set()
    several = [BoundedCalls(stop, monotonic_s=clock) for _ in range(3)]
    for calls in several:
        with pytest.raises(StopRequestedError):
            calls.run(never.wait, 3_600)
    assert STOP_GRACE_S <= clock.now_s < 2
    assert several[0].run(lambda: "stored", 3_600) == "stored"

"""Calls with a total deadline, in one thread per connection."""

import threading
import time

import pytest

from fraudstream.profiles.deadline_calls import DeadlineCalls
from fraudstream.runtime.bounded_calls import CallTimeoutError


def do_nothing() -> None:
    """Abandon a call that ends by itself."""


def test_calls_run_one_after_another_in_a_thread_of_their_own() -> None:
    calls: DeadlineCalls[int] = DeadlineCalls(5.0, do_nothing)
    threads = {calls.run(threading.get_ident) for _ in range(3)}
    assert len(threads) == 1
    assert threads != {threading.get_ident()}
    calls.close()


def test_the_callers_get_the_exception_of_a_call() -> None:
    calls: DeadlineCalls[int] = DeadlineCalls(5.0, do_nothing)
    with pytest.raises(ValueError, match="invalid literal"):
        calls.run(lambda: int("x"))
    assert calls.run(lambda: 1) == 1
    calls.close()


def test_a_call_that_misses_its_deadline_is_abandoned_and_the_next_one_has_another_thread() -> None:
    freed = threading.Event()
    calls: DeadlineCalls[object] = DeadlineCalls(0.05, freed.set)
    began_s = time.monotonic()
    with pytest.raises(CallTimeoutError, match=r"no answer within 0\.05 s"):
        calls.run(lambda: freed.wait(10))
    assert time.monotonic() - began_s < 5
    assert freed.is_set()
    assert calls.run(lambda: "answer") == "answer"
    calls.close()


def test_the_late_answer_of_an_abandoned_call_is_not_the_answer_of_the_next_one() -> None:
    go = threading.Event()
    calls: DeadlineCalls[str] = DeadlineCalls(0.05, do_nothing)

    def late() -> str:
        go.wait(10)
        return "late"

    with pytest.raises(CallTimeoutError):
        calls.run(late)
    go.set()
    assert [calls.run(lambda: "next") for _ in range(3)] == ["next"] * 3
    calls.close()


def test_the_thread_ends_when_the_connection_is_closed() -> None:
    calls: DeadlineCalls[threading.Thread] = DeadlineCalls(5.0, do_nothing)
    thread = calls.run(threading.current_thread)
    calls.close()
    thread.join(5)
    assert not thread.is_alive()
    calls.close()

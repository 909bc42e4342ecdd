"""A circuit breaker opens after failures in a row, and one call decides whether it closes again."""

import pytest

from fraudstream.online.circuit_breaker import CircuitBreaker


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.ms = 1_000

    def __call__(self) -> int:
        return self.ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> CircuitBreaker:
    return CircuitBreaker(clock, failures=3, pause_ms=500)


def failed(breaker: CircuitBreaker, times: int) -> None:
    for _ in range(times):
        breaker.failed()


def test_a_new_breaker_lets_calls_through(breaker: CircuitBreaker) -> None:
    assert (breaker.state, breaker.allows()) == ("closed", True)


def test_it_opens_at_the_last_of_the_failures_in_a_row(breaker: CircuitBreaker) -> None:
    failed(breaker, 2)
    assert breaker.allows()
    failed(breaker, 1)
    assert (breaker.state, breaker.allows()) == ("open", False)


def test_a_success_between_failures_keeps_it_closed(breaker: CircuitBreaker) -> None:
    failed(breaker, 2)
    breaker.succeeded()
    failed(breaker, 2)
    assert breaker.state == "closed"


def test_after_the_pause_a_call_may_try(breaker: CircuitBreaker, clock: Clock) -> None:
    failed(breaker, 3)
    clock.ms += 499
    assert not breaker.allows()
    clock.ms += 1
    assert (breaker.state, breaker.allows()) == ("half-open", True)


def test_a_trial_that_fails_opens_it_for_another_pause(breaker: CircuitBreaker, clock: Clock) -> None:
    failed(breaker, 3)
    clock.ms += 500
    breaker.failed()
    assert not breaker.allows()
    clock.ms += 500
    assert breaker.state == "half-open"


def test_a_trial_that_succeeds_closes_it(breaker: CircuitBreaker, clock: Clock) -> None:
    failed(breaker, 3)
    clock.ms += 500
    breaker.succeeded()
    assert breaker.state == "closed"
    failed(breaker, 2)
    assert breaker.state == "closed"

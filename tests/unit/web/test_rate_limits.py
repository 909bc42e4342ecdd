"""Rate limits: how many requests a window allows, and when the next one may come."""

import numpy as np
import pytest

from fraudstream.web import rate_limits
from fraudstream.web.rate_limits import RateLimiter


class Clock:
    """A clock that is set by hand, in seconds."""

    now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture(name="clock")
def fixture_clock() -> Clock:
    return Clock()


def test_as_many_requests_as_the_rate_says_are_allowed_at_once(clock: Clock) -> None:
    limiter = RateLimiter("3/minute", clock)
    assert [limiter.retry_after_s("a") for _ in range(3)] == [None] * 3
    assert limiter.retry_after_s("a") is not None


def test_callers_do_not_share_a_window(clock: Clock) -> None:
    limiter = RateLimiter("1/minute", clock)
    assert limiter.retry_after_s("a") is None
    assert limiter.retry_after_s("b") is None
    assert limiter.retry_after_s("a") is not None


@pytest.mark.parametrize("used_s", [[0.0] * 10, [float(each) for each in range(0, 50, 5)]])
def test_a_retry_after_the_returned_time_is_allowed_and_not_a_second_before(
    clock: Clock, used_s: list[float]
) -> None:
    limiter = RateLimiter("10/minute", clock)
    start_s = clock.now_s
    for each in used_s:
        clock.now_s = start_s + each
        assert limiter.retry_after_s("a") is None
    wait_s = limiter.retry_after_s("a")
    assert wait_s is not None
    refused_s = clock.now_s
    clock.now_s = refused_s + wait_s - 1.01
    assert limiter.retry_after_s("a") is not None
    clock.now_s = refused_s + wait_s
    assert limiter.retry_after_s("a") is None


@pytest.mark.parametrize("seed", range(5))
def test_no_minute_has_more_than_the_rate_and_a_steady_caller_below_it_is_never_refused(
    clock: Clock, seed: int
) -> None:
    random = np.random.default_rng(seed)
    limiter = RateLimiter("50/minute", clock)
    allowed_s: list[float] = []
    for gap_s in random.exponential(0.4, 3_000):
        clock.now_s += gap_s
        if limiter.retry_after_s("fast") is None:
            allowed_s.append(clock.now_s)
    times = np.array(allowed_s)
    busiest = max(int(((times >= start) & (times < start + 60)).sum()) for start in times)
    assert busiest == 50
    steady = [limiter.retry_after_s("steady") for clock.now_s in clock.now_s + np.arange(500) * 1.25]
    assert set(steady) == {None}


def test_a_long_pause_starts_anew(clock: Clock) -> None:
    limiter = RateLimiter("2/second", clock)
    for _ in range(3):
        assert [limiter.retry_after_s("a") for _ in range(3)] == [None, None, 1]
        clock.now_s += 2


def test_the_callers_that_are_remembered_are_bounded(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limits, "MAX_CALLERS", 2)
    limiter = RateLimiter("1/minute", clock)
    for who in "abc":
        assert limiter.retry_after_s(who) is None
    assert limiter.retry_after_s("c") is not None
    assert limiter.retry_after_s("a") is None  # forgotten, so its window begins anew


def test_callers_without_a_request_in_their_window_are_forgotten(clock: Clock) -> None:
    limiter = RateLimiter("5/second", clock)
    for number in range(1_000):
        clock.now_s += 0.01
        limiter.retry_after_s(f"caller-{number}")
    assert len(limiter._allowed_s) <= 101  # noqa: SLF001 - memory is what this is about

import math
from dataclasses import dataclass, field

import pytest

from fraudstream.runtime.clock import Clock
from producer.load.throttling import LOWEST_PER_S, RAISE_PER_S, AdaptivePace


@dataclass
class FakeTime:
    """A clock advanced by sleeping."""

    now_s: float = 10.0
    slept_s: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        """Advance the clock."""
        self.slept_s.append(seconds)
        self.now_s += seconds

    def pace(self) -> AdaptivePace:
        """Return a pace under this clock."""
        return AdaptivePace(Clock(monotonic_s=lambda: self.now_s, sleep=self.sleep))


def throttled(time: FakeTime, pace: AdaptivePace, got_through: int, took_s: float) -> None:
    pace.wait(got_through)
    time.now_s += took_s
    pace.slow_down(got_through)


def test_without_throttling_no_request_waits() -> None:
    time = FakeTime()
    pace = time.pace()
    for _ in range(10):
        pace.wait(500)
        pace.speed_up()
    assert time.slept_s == []
    assert pace.rate_per_s == math.inf


def test_the_first_throttling_halves_the_achieved_rate() -> None:
    time = FakeTime()
    pace = time.pace()
    throttled(time, pace, got_through=200, took_s=0.5)
    assert pace.rate_per_s == pytest.approx(200)


def test_each_further_throttling_halves_the_rate_down_to_the_minimum() -> None:
    time = FakeTime()
    pace = time.pace()
    rates = []
    for _ in range(8):
        throttled(time, pace, got_through=400, took_s=0.2)
        rates.append(pace.rate_per_s)
    assert rates[:3] == pytest.approx([1_000, 500, 250])
    assert rates[-1] == LOWEST_PER_S


def test_a_request_waits_for_the_records_of_the_previous_one() -> None:
    time = FakeTime()
    pace = time.pace()
    throttled(time, pace, got_through=200, took_s=0.5)
    pace.wait(100)
    pace.wait(1)
    assert time.slept_s == pytest.approx([100 / 200])


def test_the_rate_rises_with_the_time_without_throttling() -> None:
    time = FakeTime()
    pace = time.pace()
    throttled(time, pace, got_through=200, took_s=0.5)
    for _ in range(4):
        time.now_s += 0.5
        pace.speed_up()
    assert pace.rate_per_s == pytest.approx(200 + 2 * RAISE_PER_S)

import asyncio
import time

from fraudstream.runtime.clock import SYSTEM_CLOCK, AsyncClock, Clock, wall_clock_ms

YEAR_2020_MS = 1_577_836_800_000


def test_the_wall_clock_is_in_epoch_milliseconds() -> None:
    before_ms = time.time() * 1000
    now_ms = wall_clock_ms()
    assert YEAR_2020_MS < before_ms - 1 < now_ms < time.time() * 1000 + 1
    assert isinstance(SYSTEM_CLOCK.now_ms(), int)


def test_the_monotonic_clock_counts_the_seconds_slept() -> None:
    began_s = SYSTEM_CLOCK.monotonic_s()
    SYSTEM_CLOCK.sleep(0.02)
    assert 0.02 <= SYSTEM_CLOCK.monotonic_s() - began_s < 5


def test_the_sleep_of_an_async_clock_lets_other_tasks_run() -> None:
    order: list[str] = []

    async def sleeper() -> None:
        await AsyncClock().sleep(0.01)
        order.append("slept")

    async def other() -> None:
        order.append("other")

    async def both() -> None:
        await asyncio.gather(sleeper(), other())

    asyncio.run(both())
    assert order == ["other", "slept"]


def test_a_test_may_replace_one_source_and_keep_the_others() -> None:
    clock = Clock(now_ms=lambda: 7)
    assert clock.now_ms() == 7
    assert clock.monotonic_s is SYSTEM_CLOCK.monotonic_s

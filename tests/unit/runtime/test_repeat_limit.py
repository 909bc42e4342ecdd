import logging

from fraudstream.runtime.repeat_limit import WINDOW_S, RepeatFilter, RepeatLimit


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.time_s = 100.0

    def __call__(self) -> float:
        return self.time_s


def test_lines_beyond_the_limit_are_counted_and_the_next_minute_says_how_many() -> None:
    clock = Clock()
    limit = RepeatLimit(2, clock)
    assert [limit.left_out("401") for _ in range(1_000)] == [0, 0] + [None] * 998
    clock.time_s += WINDOW_S
    assert [limit.left_out("401") for _ in range(3)] == [998, 0, None]
    clock.time_s += 10 * WINDOW_S
    assert limit.left_out("401") == 1


def test_kinds_have_limits_of_their_own() -> None:
    limit = RepeatLimit(1, Clock())
    assert [limit.left_out(kind) for kind in ("401", "503", "401", "503")] == [0, 0, None, None]


def test_messages_of_a_logger_are_of_one_kind_whatever_their_arguments() -> None:
    clock = Clock()
    records = RepeatFilter(RepeatLimit(1, clock))

    def record(number: int) -> logging.LogRecord:
        return logging.LogRecord("x", logging.WARNING, __file__, 1, "refused %d", (number,), None)

    assert [records.filter(record(number)) for number in range(3)] == [True, False, False]
    clock.time_s += WINDOW_S
    last = record(4)
    assert records.filter(last)
    assert last.__dict__["left_out"] == 2

from pathlib import Path

import pytest

from fraudstream.domain.duration import DAY_MS, HOUR_MS, MINUTE_MS
from producer.record_source import RecordSource
from producer.timing import Timing, Wishes, future_warning, timing_of

NOW_MS = 1_767_312_000_000
BANK, API, FILE = RecordSource("bank"), RecordSource("api"), RecordSource("file", Path("a.jsonl"))


@pytest.mark.parametrize(
    ("wishes", "source", "timing"),
    [
        (Wishes(), BANK, Timing(1.0)),
        (Wishes(interval_s=0.0), API, Timing(0.0)),
        (Wishes(interval_s=2.5, max_batches=3), FILE, Timing(2.5)),
        (Wishes(rate_per_s=40.0), BANK, Timing(0.5)),
        (Wishes(rate_per_s=40.0, interval_s=9.0), BANK, Timing(0.5)),
        (Wishes(start="2026-01-02T03:04:05Z"), BANK, Timing(0.0, 1.0, 1_767_323_045_000)),
        (Wishes(start="2026-01-02T03:04:05Z", speedup=60), BANK, Timing(0.0, 60, 1_767_323_045_000)),
        (Wishes(speedup=2.0), BANK, Timing(0.0, 2.0, NOW_MS)),
        (Wishes(speedup=2.0), FILE, Timing(0.0, 2.0, None)),
    ],
)
def test_the_timing_is_even_unless_event_time_is_to_set_it(
    wishes: Wishes, source: RecordSource, timing: Timing
) -> None:
    assert timing_of(wishes, source, 20, NOW_MS) == timing


@pytest.mark.parametrize(
    ("wishes", "source", "complaint"),
    [
        (Wishes(rate_per_s=1.0, speedup=1.0), BANK, "leave out --rate, INTERVAL and MAX_BATCHES"),
        (Wishes(interval_s=1.0, start="2026-01-01T00:00:00Z"), BANK, "leave out --rate, INTERVAL"),
        (Wishes(max_batches=1, speedup=1.0), FILE, "--transactions gives such a run an end"),
        (Wishes(speedup=1.0), API, "event times are those of now"),
        (Wishes(start="2026-01-01T00:00:00Z"), API, "event times are those of now"),
        (Wishes(start="2026-01-01T00:00:00Z"), FILE, "leave out --start; --speedup alone replays them"),
        (Wishes(start="2026-01-01T00:00:00"), BANK, "not an RFC 3339 time with a UTC offset"),
    ],
)
def test_wishes_that_exclude_each_other_are_refused(
    wishes: Wishes, source: RecordSource, complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        timing_of(wishes, source, 20, NOW_MS)


@pytest.mark.parametrize(
    ("start_ms", "speedup", "span_ms", "after"),
    [
        # Real time from now, or from the past, is never ahead.
        (NOW_MS, 1.0, None, None),
        (NOW_MS - DAY_MS, 1.0, None, None),
        (NOW_MS + DAY_MS - 1, 1.0, None, None),
        (NOW_MS + DAY_MS, 1.0, None, "0:00:00"),
        (NOW_MS + DAY_MS, 0.5, None, "0:00:00"),
        # 24 h of room, closing by 59 minutes a minute.
        (NOW_MS, 60.0, None, "0:24:24"),
        (NOW_MS - DAY_MS, 25.0, None, "2:00:00"),
        # 30 h of event time pass in half an hour: an end before the 24 minutes are over.
        (NOW_MS, 60.0, 30 * HOUR_MS, "0:24:24"),
        (NOW_MS, 60.0, 24 * HOUR_MS + 20 * MINUTE_MS, None),
    ],
)
def test_a_warning_says_from_when_on_the_job_refuses(
    start_ms: int, speedup: float, span_ms: int | None, after: str | None
) -> None:
    warning = future_warning(Timing(0.0, speedup, start_ms), NOW_MS, DAY_MS, span_ms)
    assert (warning and warning.removeprefix("warning: ").split(" after the start")[0]) == after
    if warning is not None:
        assert "more than 24h ahead of the clock" in warning
        assert "future_tolerance" in warning


def test_an_even_pace_and_one_that_begins_nowhere_are_not_warned_of() -> None:
    assert future_warning(Timing(1.0), NOW_MS, DAY_MS, None) is None
    assert future_warning(Timing(0.0, 60.0, None), NOW_MS, DAY_MS, None) is None

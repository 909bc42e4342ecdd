from pathlib import Path

import pytest

from fraudstream.domain.duration import DAY_MS, HOUR_MS, MINUTE_MS
from producer.record_source import RecordSource
from producer.timing import PaceOptions, Timing, future_warning, timing_of

NOW_MS = 1_767_312_000_000
BANK, API, FILE = RecordSource("bank"), RecordSource("api"), RecordSource("file", Path("a.jsonl"))


@pytest.mark.parametrize(
    ("options", "source", "timing"),
    [
        (PaceOptions(), BANK, Timing(1.0)),
        (PaceOptions(interval_s=0.0), API, Timing(0.0)),
        (PaceOptions(interval_s=2.5, max_batches=3), FILE, Timing(2.5)),
        (PaceOptions(rate_per_s=40.0), BANK, Timing(0.5)),
        (PaceOptions(rate_per_s=40.0, interval_s=9.0), BANK, Timing(0.5)),
        (PaceOptions(start="2026-01-02T03:04:05Z"), BANK, Timing(0.0, 1.0, 1_767_323_045_000)),
        (PaceOptions(start="2026-01-02T03:04:05Z", speedup=60), BANK, Timing(0.0, 60, 1_767_323_045_000)),
        (PaceOptions(speedup=2.0), BANK, Timing(0.0, 2.0, NOW_MS)),
        (PaceOptions(speedup=2.0), FILE, Timing(0.0, 2.0, None)),
    ],
)
def test_the_pace_is_even_unless_event_time_sets_it(
    options: PaceOptions, source: RecordSource, timing: Timing
) -> None:
    assert timing_of(options, source, 20, NOW_MS) == timing


@pytest.mark.parametrize(
    ("options", "source", "complaint"),
    [
        (PaceOptions(rate_per_s=1.0, speedup=1.0), BANK, "combined with --rate, INTERVAL or MAX_BATCHES"),
        (PaceOptions(interval_s=1.0, start="2026-01-01T00:00:00Z"), BANK, "combined with --rate, INTERVAL"),
        (PaceOptions(max_batches=1, speedup=1.0), FILE, "use --transactions to limit such a run"),
        (PaceOptions(speedup=1.0), API, "whose event times are current"),
        (PaceOptions(start="2026-01-01T00:00:00Z"), API, "whose event times are current"),
        (PaceOptions(start="2026-01-01T00:00:00Z"), FILE, "use --speedup alone"),
        (PaceOptions(start="2026-01-01T00:00:00"), BANK, "not an RFC 3339 time with a UTC offset"),
    ],
)
def test_contradictory_timing_options_are_rejected(
    options: PaceOptions, source: RecordSource, complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        timing_of(options, source, 20, NOW_MS)


@pytest.mark.parametrize(
    ("start_ms", "speedup", "span_ms", "after"),
    [
        # Real time from now, or from the past, is never ahead.
        (NOW_MS, 1.0, None, None),
        (NOW_MS - DAY_MS, 1.0, None, None),
        (NOW_MS + DAY_MS - 1, 1.0, None, None),
        (NOW_MS + DAY_MS, 1.0, None, "0:00:00"),
        (NOW_MS + DAY_MS, 0.5, None, "0:00:00"),
        # 24 h of room, shrinking by 59 minutes per minute.
        (NOW_MS, 60.0, None, "0:24:24"),
        (NOW_MS - DAY_MS, 25.0, None, "2:00:00"),
        # 30 h of event time pass in half an hour: the limit is reached after 24 minutes, before the end.
        (NOW_MS, 60.0, 30 * HOUR_MS, "0:24:24"),
        (NOW_MS, 60.0, 24 * HOUR_MS + 20 * MINUTE_MS, None),
    ],
)
def test_a_warning_gives_the_time_from_which_the_job_rejects(
    start_ms: int, speedup: float, span_ms: int | None, after: str | None
) -> None:
    warning = future_warning(Timing(0.0, speedup, start_ms), NOW_MS, DAY_MS, span_ms)
    assert (warning and warning.removeprefix("warning: ").split(" after the start")[0]) == after
    if warning is not None:
        assert "more than 24h ahead of the clock" in warning
        assert "future_tolerance" in warning


def test_an_even_pace_and_one_without_a_start_give_no_warning() -> None:
    assert future_warning(Timing(1.0), NOW_MS, DAY_MS, None) is None
    assert future_warning(Timing(0.0, 60.0, None), NOW_MS, DAY_MS, None) is None

"""Send times of a producer, from its command line: evenly, or at the pace of event times."""

from datetime import timedelta
from typing import Final, NamedTuple

from fraudstream.domain.duration import format_duration
from fraudstream.domain.transaction import parse_time_ms
from producer.record_source import RecordSource

DEFAULT_INTERVAL_S: Final = 1.0


class Timing(NamedTuple):
    """Batches every ``interval_s``; or, with a ``speedup``, each transaction at its event time.

    In the second case event time begins at ``start_ms`` (epoch), or with the first transaction if that is
    None.
    """

    interval_s: float
    speedup: float | None = None
    start_ms: int | None = None


class PaceOptions(NamedTuple):
    """Options of a command line about the pace; None for those that are not given."""

    interval_s: float | None = None
    rate_per_s: float | None = None
    max_batches: int | None = None
    start: str | None = None
    speedup: float | None = None


def timing_of(options: PaceOptions, source: RecordSource, batch_size: int, now_ms: int) -> Timing:
    """Return the timing for these options; raises ``ValueError`` for options that exclude each other.

    ``now_ms`` (epoch) is the start of the bank's event time if only the speed-up is given.
    """
    if options.start is None and options.speedup is None:
        if options.rate_per_s is not None:
            return Timing(batch_size / options.rate_per_s)
        return Timing(DEFAULT_INTERVAL_S if options.interval_s is None else options.interval_s)
    _refuse(options, source)
    start_ms = now_ms if source.kind == "bank" else None
    if options.start is not None:
        start_ms = parse_time_ms(options.start)
    return Timing(0.0, 1.0 if options.speedup is None else options.speedup, start_ms)


def _refuse(options: PaceOptions, source: RecordSource) -> None:
    if (options.rate_per_s, options.interval_s, options.max_batches) != (None, None, None):
        msg = (
            "--start and --speedup can't be combined with --rate, INTERVAL or MAX_BATCHES, because "
            "event times set the pace; use --transactions to limit such a run"
        )
        raise ValueError(msg)
    if source.kind == "api":
        msg = "--start and --speedup do not apply to --source api, whose event times are current; remove them"
        raise ValueError(msg)
    if source.kind == "file" and options.start is not None:
        msg = "--start does not apply to a file, which has its own event times; use --speedup alone"
        raise ValueError(msg)


def future_warning(timing: Timing, now_ms: int, tolerance_ms: int, span_ms: int | None) -> str | None:
    """Return a warning if event time will be so far ahead of the clock that the job rejects it, or None.

    The warning says how long after the start that happens. ``span_ms`` is the event time from the first to
    the last transaction, None for an endless run; ``tolerance_ms`` is how far ahead of the clock the job
    accepts one.
    """
    if timing.speedup is None or timing.start_ms is None:
        return None
    room_ms = now_ms + tolerance_ms - timing.start_ms
    refused_after_ms = 0.0
    if room_ms > 0:
        if timing.speedup <= 1:
            return None
        refused_after_ms = room_ms / (timing.speedup - 1)
        if span_ms is not None and span_ms / timing.speedup <= refused_after_ms:
            return None
    after = timedelta(seconds=round(refused_after_ms / 1000))
    return (
        f"warning: {after} after the start, event time is more than {format_duration(tolerance_ms)} ahead of "
        "the clock, and the job refuses such transactions (future_tolerance); use an earlier --start or a "
        "lower --speedup"
    )

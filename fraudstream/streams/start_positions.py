"""Start positions of readers: parsing, and the time that stands for "new records only"."""

from typing import Final

from fraudstream.domain.transaction import format_time, from_time_ms, parse_time_ms
from fraudstream.streams.protocols import Start

CLOCK_MARGIN_MS: Final = 1_000
"""LATEST starts this much before the local time, because Kinesis rejects a timestamp in its future."""


def parse_start(text: str, *, now_ms: int) -> Start:
    """Parse TRIM_HORIZON, LATEST or an RFC 3339 time; raises ``ValueError`` with the fix otherwise.

    A time before 1970 or after ``now_ms`` (epoch milliseconds) is refused, as Kinesis would refuse it later.
    """
    if text == "TRIM_HORIZON":
        return "TRIM_HORIZON"
    if text == "LATEST":
        return "LATEST"
    try:
        time_ms = parse_time_ms(text)
    except ValueError as error:
        msg = f"invalid start {text!r}: use TRIM_HORIZON, LATEST or a time like 2026-01-02T03:04:05Z"
        raise ValueError(msg) from error
    if time_ms < 0:
        msg = f"the start {text!r} is before 1970: use TRIM_HORIZON for the oldest record"
        raise ValueError(msg)
    if time_ms > now_ms:
        msg = (
            f"the start {text!r} is in the future (now: {format_time(now_ms)}): use LATEST for new records "
            "only, or a time that has passed"
        )
        raise ValueError(msg)
    return from_time_ms(time_ms)


def latest_ms(now_ms: int, *, margin_ms: int = CLOCK_MARGIN_MS) -> int:
    """Return the time from which to read for LATEST (epoch milliseconds), by a local clock.

    A reader that remembers this time in place of LATEST skips no record when it starts again. ``margin_ms``
    is how far the clock may be ahead of the stream's.
    """
    return now_ms - margin_ms

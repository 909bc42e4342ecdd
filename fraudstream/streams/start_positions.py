"""Start positions of readers: parsing, and the time that stands for "new records only"."""

from typing import Final

from fraudstream.domain.transaction import from_time_ms, parse_time_ms
from fraudstream.streams.protocols import Start

CLOCK_MARGIN_MS: Final = 1_000
"""LATEST starts this much before the local time, because Kinesis rejects a timestamp in its future."""


def parse_start(text: str) -> Start:
    """Parse TRIM_HORIZON, LATEST or an RFC 3339 time; raises ``ValueError`` with the fix otherwise."""
    if text == "TRIM_HORIZON":
        return "TRIM_HORIZON"
    if text == "LATEST":
        return "LATEST"
    try:
        return from_time_ms(parse_time_ms(text))
    except ValueError as error:
        msg = f"invalid start {text!r}: use TRIM_HORIZON, LATEST or a time like 2026-01-02T03:04:05Z"
        raise ValueError(msg) from error


def latest_ms(now_ms: int) -> int:
    """Return the time from which to read for LATEST (epoch milliseconds).

    A reader that remembers this time in place of LATEST skips no record when it starts again.
    """
    return now_ms - CLOCK_MARGIN_MS

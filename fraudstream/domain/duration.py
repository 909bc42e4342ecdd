"""Durations in the notation of catalogues and settings: ``5m``, ``1h``, ``24h``, ``7d``."""

import re
from typing import Final

SECOND_MS: Final = 1_000
MINUTE_MS: Final = 60 * SECOND_MS
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS

_UNIT_MS: Final = {"ms": 1, "s": SECOND_MS, "m": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS}
_PATTERN: Final = re.compile(r"(\d+)(ms|s|m|h|d)")


def parse_duration_ms(text: str) -> int:
    """Return the milliseconds in ``text``: a whole number and one of ms, s, m, h, d.

    Raises ``ValueError`` with the text and the remedy for any other text.
    """
    match = _PATTERN.fullmatch(text.strip())
    if match is None:
        msg = f"invalid duration {text!r}: write a whole number and a unit, like 30s, 5m, 24h or 7d"
        raise ValueError(msg)
    return int(match[1]) * _UNIT_MS[match[2]]


def format_duration(duration_ms: int) -> str:
    """Format ``duration_ms`` in the largest of h, m, s, ms that divides it; whole days above 24 h in d.

    A day is ``24h`` and a week ``7d``, the convention of feature names in this field.
    """
    if duration_ms > DAY_MS and duration_ms % DAY_MS == 0:
        return f"{duration_ms // DAY_MS}d"
    for unit in ("h", "m", "s"):
        if duration_ms >= _UNIT_MS[unit] and duration_ms % _UNIT_MS[unit] == 0:
            return f"{duration_ms // _UNIT_MS[unit]}{unit}"
    return f"{duration_ms}ms"

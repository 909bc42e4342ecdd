"""Catalogues that differ only in their number of windows."""

import itertools
import json
from pathlib import Path
from typing import Any, Final

from fraudstream.domain.duration import MINUTE_MS, format_duration

MAX_MINUTES: Final = 10_000
"""Longest window, just under 7 days. It is the same for all catalogues, so that their state covers the same
time."""
_STATISTICS: Final = ("count", "sum", "mean", "max")


def windows_catalogue(windows: int) -> dict[str, Any]:
    """Return the JSON form of a catalogue with this many account windows of different lengths.

    ``windows`` must divide `MAX_MINUTES`.
    """
    statistics = itertools.cycle(_STATISTICS)
    step = MAX_MINUTES // windows
    return {
        "features": [_feature(next(statistics), minutes) for minutes in range(step, MAX_MINUTES + 1, step)]
    }


def write_windows_catalogue(folder: Path, windows: int) -> Path:
    """Write the catalogue to a file for ``--catalogue`` and return its path."""
    path = folder / f"catalogue-{windows}-windows.json"
    path.write_text(json.dumps(windows_catalogue(windows)))
    return path


def _feature(statistic: str, minutes: int) -> dict[str, Any]:
    window = format_duration(minutes * MINUTE_MS)
    feature = {"entity": "account_id", "statistic": statistic, "window": window}
    if statistic == "count":
        return feature | {"name": f"account_count_{window}"}
    column = "transaction_amount_vnd"
    return feature | {"name": f"account_amount_vnd_{statistic}_{window}", "column": column}

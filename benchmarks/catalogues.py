"""Catalogues that differ in nothing but how many windows they have."""

import itertools
import json
from pathlib import Path
from typing import Any, Final

from fraudstream.domain.duration import MINUTE_MS, format_duration

LONGEST_MINUTES: Final = 10_000
"""Just under 7 days, whatever the number of windows: so the state reaches equally far."""
_STATISTICS: Final = ("count", "sum", "mean", "max")


def windows_catalogue(windows: int) -> dict[str, Any]:
    """Return the JSON form of a catalogue of so many account windows, each of another length.

    ``windows`` divides `LONGEST_MINUTES`.
    """
    statistics = itertools.cycle(_STATISTICS)
    step = LONGEST_MINUTES // windows
    return {
        "features": [
            _feature(next(statistics), minutes) for minutes in range(step, LONGEST_MINUTES + 1, step)
        ]
    }


def write_windows_catalogue(folder: Path, windows: int) -> Path:
    """Write it as a file for ``--catalogue``."""
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

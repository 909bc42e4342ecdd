"""The rivals' four features as a catalogue for the job, so that both do the same work."""

import json
from pathlib import Path
from typing import Any, Final

_AMOUNT: Final = {"statistic": "sum", "column": "transaction_amount_vnd"}
FEATURES: Final[tuple[dict[str, Any], ...]] = tuple(
    {"entity": "account_id", "window": window, "name": f"account_{name}_{window}"} | statistic
    for window in ("5m", "1h")
    for name, statistic in (("count", {"statistic": "count"}), ("amount_vnd_sum", _AMOUNT))
)
"""In the order of `benchmarks.velocity.Features`."""


def write_four_features(folder: Path) -> Path:
    """Write the catalogue to a file for ``--catalogue`` and return its path."""
    path = folder / "catalogue-four-features.json"
    path.write_text(json.dumps({"features": FEATURES}))
    return path

"""Isolation forest: rows that few random splits isolate are unusual.

Liu, Ting and Zhou, "Isolation Forest", 2008. It is stored as an XGBoost booster whose leaves hold path
lengths: scoring does not need scikit-learn and takes a fraction of its time.
"""

from typing import Final

import numpy as np

from fraudstream.scoring.members.booster_structure import SQUARED_ERROR
from fraudstream.scoring.members.boosters import booster_of, sums
from fraudstream.scoring.members.member import Features, Scores


class IsolationForest:
    """Score 2^-(mean path length / expected path length), which is about 0.5 for an ordinary row."""

    kind: Final = "isolation_forest"

    def __init__(self, data: bytes, width: int) -> None:
        """Load XGBoost's format, UBJSON, for ``width`` features; raises `ModelError` if it is unsound."""
        self._data = data
        self._booster = booster_of(data, width=width, objective=SQUARED_ERROR)

    def score(self, features: Features) -> Scores:
        """Return a score for each row; a missing value takes the branch of the training median."""
        return np.asarray(np.exp2(-sums(self._booster, features)))

    def to_bytes(self) -> bytes:
        """Return XGBoost's format, UBJSON."""
        return self._data

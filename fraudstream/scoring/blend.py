"""Blend of the members' scores into one score."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fraudstream.scoring.members.member import Scores
from fraudstream.scoring.odds import log_odds, probability


@dataclass(frozen=True, slots=True)
class Blend:
    """Weighted sum of the members' log-odds, converted to a score: evidence of the members multiplies.

    A mean of scores would be pulled down by members that are unsure. Their log-odds are near 0 for most rows,
    so they hardly change the sum.
    """

    weights: Mapping[str, float]
    """Positive weight by member."""
    bias: float

    def combine(self, scores: Mapping[str, Scores]) -> Scores:
        """Return a score in [0, 1] for each row; members without a weight are ignored."""
        return probability(self._log_odds(scores))

    def _log_odds(self, scores: Mapping[str, Scores]) -> npt.NDArray[np.float64]:
        parts = (weight * log_odds(scores[name]) for name, weight in self.weights.items())
        return np.asarray(sum(parts, start=np.float64(self.bias)))

"""The scores of several members as one."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fraudstream.scoring.members.member import Scores
from fraudstream.scoring.odds import log_odds, probability


@dataclass(frozen=True, slots=True)
class Blend:
    """The weighted sum of log-odds, as a score: members that know multiply what they know.

    A mean of scores would be held down by members that are unsure. Their log-odds being near 0 for most rows,
    they leave the sum to the others.
    """

    weights: Mapping[str, float]
    """By member; positive."""
    bias: float

    def combine(self, scores: Mapping[str, Scores]) -> Scores:
        """Return a score in [0, 1] for each row; members without a weight are ignored."""
        return probability(self._log_odds(scores))

    def _log_odds(self, scores: Mapping[str, Scores]) -> npt.NDArray[np.float64]:
        parts = (weight * log_odds(scores[name]) for name, weight in self.weights.items())
        return np.asarray(sum(parts, start=np.float64(self.bias)))

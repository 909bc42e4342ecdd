"""Weights of an ensemble, learnt on data that no member was trained on.

    scores = {name: member.score(validation.features) for name, member in members.items()}
    blend = learn_blend(scores, validation.is_fraud)
    calibration = fit_calibration(blend.combine(scores), validation.is_fraud)    # models.platt_scaling

    later = {name: member.score(test.features) for name, member in members.items()}
    probability = calibration.calibrated(blend.combine(later))

``Mean(FIXED_WEIGHTS[name])`` takes the place of ``blend`` for fixed weights, if all of its members are there.
`EnsembleChoice` decides whether the blend is worth more than its first member alone, from the results of both
in several stretches of time, or folds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

from fraudstream.scoring.blend import Blend
from fraudstream.scoring.members.member import Scores
from fraudstream.scoring.odds import log_odds
from models.regression import logistic_regression

FIXED_WEIGHTS: Final[Mapping[str, Mapping[str, float]]] = MappingProxyType(
    {
        "fixed_70_30": {"xgboost": 0.7, "autoencoder": 0.3},
        "fixed_40_40_20": {"isolation_forest": 0.4, "autoencoder": 0.4, "gru": 0.2},
    }
)
"""Weights as product documents state them; for comparison, never shipped."""


@dataclass(frozen=True, slots=True)
class Mean:
    """Weighted mean of scores."""

    weights: Mapping[str, float]
    """By member; positive, with any sum."""

    def combine(self, scores: Mapping[str, Scores]) -> Scores:
        """Return the weighted mean of the members' scores, each in [0, 1]; other scores are ignored."""
        total = sum(self.weights.values())
        return np.asarray(sum(scores[name] * (weight / total) for name, weight in self.weights.items()))


def alone(name: str) -> Blend:
    """Return the blend of one member, which leaves its scores as they are, except for rounding."""
    return Blend({name: 1.0}, 0.0)


def learn_blend(scores: Mapping[str, Scores], is_fraud: npt.NDArray[np.bool_]) -> Blend:
    """Learn the weights by logistic regression on the members' log-odds (stacking; Wolpert, 1992).

    A weight below 0 would mean that fraud is what a member does not suspect. That is noise, or a correction
    of another member's mistake, and does not last. So the member with the lowest such weight is left out and
    the rest is learnt again, until all weights are above 0. If no member remains, the result is the first
    member alone. ``is_fraud`` needs both classes.
    """
    names = list(scores)
    while names:
        weights, bias = logistic_regression(
            np.column_stack([log_odds(scores[name]) for name in names]), is_fraud
        )
        lowest = int(np.argmin(weights))
        if weights[lowest] > 0:
            return Blend(dict(zip(names, weights.tolist(), strict=True)), bias)
        del names[lowest]
    return alone(next(iter(scores)))


@dataclass(frozen=True, slots=True)
class EnsembleChoice:
    """Decision whether an ensemble is worth its cost, with the figures behind it."""

    learnt: Blend
    """The ensemble."""
    simple: Blend
    """Its first member alone."""
    gains: tuple[float, ...]
    """The ensemble's average precision minus that of its first member, in each stretch of time."""

    @property
    def ships(self) -> bool:
        """Whether the ensemble differs from the simple model, and gains more than noise."""
        return set(self.learnt.weights) != set(self.simple.weights) and is_gain(self.gains)

    @property
    def blend(self) -> Blend:
        """The blend that ships."""
        return self.learnt if self.ships else self.simple


def is_gain(gains: Sequence[float]) -> bool:
    """Return whether gains are more than noise: their mean is above their standard deviation (by n - 1).

    A single gain says nothing about noise, so at least two are needed.
    """
    return len(gains) > 1 and bool(np.mean(gains) > np.std(gains, ddof=1))

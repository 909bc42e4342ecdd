"""Autoencoder trained on honest transactions: a row that it can't reconstruct is unusual."""

from itertools import pairwise
from typing import Final, Self

import numpy as np

from fraudstream.scoring.members.imputation import imputed
from fraudstream.scoring.members.member import Features, Scores
from fraudstream.scoring.members.network_layers import (
    Arrays,
    Numbers,
    Weights,
    check_positive,
    of_bytes,
    product,
    to_bytes,
)

HIDDEN: Final = (32, 16, 8, 16, 32)
"""Widths of the hidden layers; the input and output layers are as wide as the features."""
CLIP: Final = 5.0
"""Standardised inputs are clipped to ±5, so that a single huge amount does not dominate the error."""
_LAYERS: Final = len(HIDDEN) + 1


class Autoencoder:
    """Score e / (e + u), where e is a row's squared error and u the median error of honest training rows."""

    kind: Final = "autoencoder"

    def __init__(self, weights: Weights) -> None:
        self._weights = weights

    @classmethod
    def from_bytes(cls, data: bytes, width: int) -> Self:
        """Load an npz file of numpy for ``width`` features; raises `ModelError` if it has other arrays."""
        weights = of_bytes(data, shapes(width))
        check_positive(weights, ("spread", "usual_error"))
        return cls(weights)

    def score(self, features: Features) -> Scores:
        """Return a score for each row; missing values are replaced by the median."""
        rows = standardised(self._weights, features)
        errors = squared_errors(self._weights, rows).astype(np.float64)
        return np.asarray(errors / (errors + self._weights["usual_error"]))

    def to_bytes(self) -> bytes:
        """Return the content of an npz file."""
        return to_bytes(self._weights)


def shapes(width: int) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the arrays by name."""
    widths = (width, *HIDDEN, width)
    each_feature = dict.fromkeys(("fill", "mean", "spread"), (width,))
    weights = {f"weight_{layer}": pair for layer, pair in enumerate(pairwise(widths))}
    biases = {f"bias_{layer}": (outputs,) for layer, outputs in enumerate(widths[1:])}
    return {**each_feature, "usual_error": (), **weights, **biases}


def standardised(scaling: Weights, features: Features) -> Numbers:
    """Return imputed features on a logarithmic scale, with mean 0 and standard deviation 1 in training."""
    scaled = (logarithms(imputed(features, scaling["fill"])) - scaling["mean"]) / scaling["spread"]
    return np.clip(scaled, -CLIP, CLIP)


def logarithms(values: Numbers) -> Numbers:
    """Return sign(x) ln(1 + |x|), because amounts span many orders of magnitude."""
    return np.copysign(np.log1p(np.abs(values)), values)


def squared_errors(layers: Weights, rows: Numbers) -> Numbers:
    """Return the mean squared error of each standardised row, shape (rows,)."""
    differences = rebuilt(layers, rows) - rows
    return np.asarray((differences * differences).mean(axis=1))


def rebuilt(layers: Arrays, rows: Arrays) -> Arrays:
    """Return the network's reconstruction of standardised rows, shape (..., width)."""
    for layer in range(_LAYERS):
        rows = product(rows, layers[f"weight_{layer}"]) + layers[f"bias_{layer}"]
        if layer < _LAYERS - 1:
            rows = rows * (rows > 0)
    return rows

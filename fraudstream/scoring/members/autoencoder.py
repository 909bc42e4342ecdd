"""Autoencoder trained on honest transactions: a row that it can't reconstruct is unusual."""

from typing import Final, Self

import numpy as np

from fraudstream.scoring.members.imputation import imputed
from fraudstream.scoring.members.member import Features, Scores
from fraudstream.scoring.members.network_layers import (
    Arrays,
    Numbers,
    Weights,
    of_bytes,
    product,
    to_bytes,
)

HIDDEN: Final = (32, 16, 8, 16, 32)
"""Widths of the hidden layers; the input and output layers are as wide as the features."""
CLIP: Final = 5.0
"""Standardised inputs are clipped to ±5, so that a single huge amount does not dominate the error."""
_LAYERS: Final = len(HIDDEN) + 1
_LAYER_ARRAYS: Final = tuple(f"{part}_{layer}" for layer in range(_LAYERS) for part in ("weight", "bias"))
_NAMES: Final = ("fill", "mean", "spread", "usual_error", *_LAYER_ARRAYS)


class Autoencoder:
    """Score e / (e + u), where e is a row's squared error and u the median error of honest training rows."""

    kind: Final = "autoencoder"

    def __init__(self, weights: Weights) -> None:
        self._weights = weights

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Load an npz file of numpy; raises `ModelError` if it is not one or has other arrays."""
        return cls(of_bytes(data, _NAMES))

    def score(self, features: Features) -> Scores:
        """Return a score for each row; missing values are replaced by the median."""
        rows = standardised(self._weights, features)
        errors = squared_errors(self._weights, rows).astype(np.float64)
        return np.asarray(errors / (errors + self._weights["usual_error"]))

    def to_bytes(self) -> bytes:
        """Return the content of an npz file."""
        return to_bytes(self._weights)


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

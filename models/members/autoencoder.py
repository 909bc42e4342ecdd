"""An autoencoder, which learns what honest transactions look like: what it can't rebuild is unusual."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fraudstream.domain.catalogue import Catalogue
from models.members.base import Features, Scores
from models.members.inputs import imputed, medians
from models.members.layers import Arrays, Numbers, Weights, of_bytes, product, to_bytes

HIDDEN: Final = (32, 16, 8, 16, 32)
"""The layers between inputs and outputs, which are as many as the features."""
CLIP: Final = 5.0
"""Standardised inputs are held within it: one huge amount must not be all that the error is about."""
EPOCHS: Final = 10
BATCH: Final = 512
LEARNING_RATE: Final = 0.003
_LAYERS: Final = len(HIDDEN) + 1
_PARTS: Final = tuple(f"{part}_{layer}" for layer in range(_LAYERS) for part in ("weight", "bias"))
_NAMES: Final = ("fill", "mean", "spread", "usual_error", *_PARTS)


class Autoencoder:
    """A network whose score is e / (e + u): e a row's squared error, u the median honest one of training."""

    kind: Final = "autoencoder"

    def __init__(self, weights: Weights) -> None:
        self._weights = weights

    def score(self, features: Features) -> Scores:
        """Return a score for each row; missing values are taken for the median."""
        errors = _errors(self._weights, standardised(self._weights, features)).astype(np.float64)
        return np.asarray(errors / (errors + self._weights["usual_error"]))

    def to_bytes(self) -> bytes:
        """Return numpy's npz."""
        return to_bytes(self._weights)


@dataclass(frozen=True, slots=True)
class AutoencoderKind:
    """Trains on the honest rows alone, by mean squared error."""

    name: str = "autoencoder"
    suffix: str = "npz"

    def unfit_for(self, catalogue: Catalogue) -> str | None:  # noqa: ARG002 - it learns from any features
        """Say None: it learns from any features."""
        return None

    def fit(
        self,
        features: Features,
        is_fraud: npt.NDArray[np.bool_],
        catalogue: Catalogue,  # noqa: ARG002 - every place of the vector is one number
        seed: int,
    ) -> Autoencoder:
        """Train on the rows that are no fraud."""
        from models.members.descent import Descent, descend  # noqa: PLC0415 - what scores does without JAX

        honest = features[~is_fraud]
        scaling = _scaling(honest)
        rows = standardised(scaling, honest)
        descent = Descent(EPOCHS, BATCH, LEARNING_RATE)
        layers = descend(_loss, _start(rows.shape[1], seed), (rows,), descent, seed)
        usual_error = np.maximum(np.median(_errors(layers, rows)), np.finfo(np.float32).tiny)
        return Autoencoder({**scaling, **layers, "usual_error": np.asarray(usual_error, np.float32)})

    def load(self, data: bytes) -> Autoencoder:
        """Make the network of its npz; raises `ModelError` if it is none."""
        return Autoencoder(of_bytes(data, _NAMES))

    def parameters(self, seed: int) -> dict[str, Any]:
        """Return the shape of the network and how it is trained."""
        return {
            "hidden": list(HIDDEN),
            "clip": CLIP,
            "epochs": EPOCHS,
            "batch": BATCH,
            "learning_rate": LEARNING_RATE,
            "seed": seed,
        }


def standardised(scaling: Weights, features: Features) -> Numbers:
    """Return imputed features on a logarithmic scale, with mean 0 and standard deviation 1 in training."""
    scaled = (_logarithms(imputed(features, scaling["fill"])) - scaling["mean"]) / scaling["spread"]
    return np.clip(scaled, -CLIP, CLIP)


def _scaling(features: Features) -> dict[str, Numbers]:
    fill = medians(features)
    scaled = _logarithms(imputed(features, fill)).astype(np.float64)
    spread = scaled.std(axis=0)
    # A feature that never changes has nothing to standardise by.
    spread[spread == 0] = 1.0
    return {
        "fill": fill,
        "mean": scaled.mean(axis=0).astype(np.float32),
        "spread": spread.astype(np.float32),
    }


def _logarithms(values: Numbers) -> Numbers:
    """Return sign(x) ln(1 + |x|): amounts go over many powers of ten."""
    return np.copysign(np.log1p(np.abs(values)), values)


def _errors(layers: Weights, rows: Numbers) -> Numbers:
    differences = rebuilt(layers, rows) - rows
    return np.asarray((differences * differences).mean(axis=1))


def rebuilt(layers: Arrays, rows: Arrays) -> Arrays:
    """Return what the network makes of standardised rows, shape (..., width)."""
    for layer in range(_LAYERS):
        rows = product(rows, layers[f"weight_{layer}"]) + layers[f"bias_{layer}"]
        if layer < _LAYERS - 1:
            rows = rows * (rows > 0)
    return rows


def _loss(layers: dict[str, Arrays], batch: tuple[Arrays, ...]) -> Arrays:
    (rows,) = batch
    differences = rebuilt(layers, rows) - rows
    return (differences * differences).mean()


def _start(width: int, seed: int) -> dict[str, Numbers]:
    """Return weights that keep the spread of what goes through rectified layers (He et al., 2015)."""
    random = np.random.default_rng(seed)
    start: dict[str, Numbers] = {}
    for layer, (inputs, outputs) in enumerate(pairwise((width, *HIDDEN, width))):
        weights = random.normal(0, np.sqrt(2 / inputs), (inputs, outputs))
        start |= {
            f"weight_{layer}": weights.astype(np.float32),
            f"bias_{layer}": np.zeros(outputs, np.float32),
        }
    return start

"""Training of the autoencoder, which learns what honest transactions look like."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fraudstream.domain.catalogue import Catalogue
from fraudstream.scoring.members.autoencoder import (
    CLIP,
    HIDDEN,
    Autoencoder,
    logarithms,
    rebuilt,
    squared_errors,
    standardised,
)
from fraudstream.scoring.members.imputation import imputed
from fraudstream.scoring.members.member import Features
from fraudstream.scoring.members.network_layers import Arrays, Numbers
from models.members.medians import medians

EPOCHS: Final = 10
BATCH: Final = 512
LEARNING_RATE: Final = 0.003


@dataclass(frozen=True, slots=True)
class AutoencoderKind:
    """Trains on the honest rows alone, with mean squared error."""

    name: str = Autoencoder.kind
    suffix: str = "npz"

    def reason_unsuitable(self, catalogue: Catalogue) -> str | None:  # noqa: ARG002 - it learns from any features
        """Return None: it learns from any features."""
        return None

    def fit(
        self,
        features: Features,
        is_fraud: npt.NDArray[np.bool_],
        catalogue: Catalogue,  # noqa: ARG002 - every place of the vector is one number
        seed: int,
    ) -> Autoencoder:
        """Train on the honest rows."""
        from models.members.descent import Descent, descend  # noqa: PLC0415 - other kinds train without JAX

        honest = features[~is_fraud]
        scaling = scaling_of(honest)
        rows = standardised(scaling, honest)
        descent = Descent(EPOCHS, BATCH, LEARNING_RATE)
        layers = descend(_loss, _start(rows.shape[1], seed), (rows,), descent, seed)
        usual_error = np.maximum(np.median(squared_errors(layers, rows)), np.finfo(np.float32).tiny)
        return Autoencoder({**scaling, **layers, "usual_error": np.asarray(usual_error, np.float32)})

    def parameters(self, seed: int) -> dict[str, Any]:
        """Return the shape of the network and the options of its training."""
        return {
            "hidden": list(HIDDEN),
            "clip": CLIP,
            "epochs": EPOCHS,
            "batch": BATCH,
            "learning_rate": LEARNING_RATE,
            "seed": seed,
        }


def scaling_of(features: Features) -> dict[str, Numbers]:
    """Return the arrays that `standardised` scales with: ``fill``, ``mean`` and ``spread`` of each place."""
    fill = medians(features)
    scaled = logarithms(imputed(features, fill)).astype(np.float64)
    spread = scaled.std(axis=0)
    # A constant feature has no spread to divide by.
    spread[spread == 0] = 1.0
    return {
        "fill": fill,
        "mean": scaled.mean(axis=0).astype(np.float32),
        "spread": spread.astype(np.float32),
    }


def _loss(layers: dict[str, Arrays], batch: tuple[Arrays, ...]) -> Arrays:
    (rows,) = batch
    differences = rebuilt(layers, rows) - rows
    return (differences * differences).mean()


def _start(width: int, seed: int) -> dict[str, Numbers]:
    """Return initial weights that keep the spread of values through rectified layers (He et al., 2015)."""
    random = np.random.default_rng(seed)
    start: dict[str, Numbers] = {}
    for layer, (inputs, outputs) in enumerate(pairwise((width, *HIDDEN, width))):
        weights = random.normal(0, np.sqrt(2 / inputs), (inputs, outputs))
        start |= {
            f"weight_{layer}": weights.astype(np.float32),
            f"bias_{layer}": np.zeros(outputs, np.float32),
        }
    return start

"""Training of the gated recurrent unit (GRU) on the account's recent transactions."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fraudstream.domain.catalogue import Catalogue, WindowFeature
from fraudstream.scoring.manifest import ModelError
from fraudstream.scoring.members.gru import CLIP, COLUMNS, HIDDEN, Gru, network, steps, triples
from fraudstream.scoring.members.member import Features
from fraudstream.scoring.members.network_layers import Arrays, Numbers

EPOCHS: Final = 5
BATCH: Final = 512
LEARNING_RATE: Final = 0.005


@dataclass(frozen=True, slots=True)
class GruKind:
    """Trains on the catalogue's longest ``last_n`` of accounts, the first one if several are equal."""

    name: str = Gru.kind
    suffix: str = "npz"

    def reason_unsuitable(self, catalogue: Catalogue) -> str | None:
        """Return an objection if the catalogue has no ``last_n`` of accounts, else None."""
        if _longest_last_n(catalogue):
            return None
        return (
            "gru reads the account's last transactions, and the catalogue has no feature "
            '{"entity": "account_id", "statistic": "last_n", ...}; add one, or omit gru'
        )

    def fit(
        self, features: Features, is_fraud: npt.NDArray[np.bool_], catalogue: Catalogue, seed: int
    ) -> Gru:
        """Train on all rows; raises `ModelError` if the catalogue has no ``last_n`` of accounts."""
        from models.members.descent import Descent, descend  # noqa: PLC0415 - other kinds train without JAX

        feature = _longest_last_n(catalogue)
        if feature is None:
            raise ModelError(self.reason_unsuitable(catalogue))
        scaling = _scaling(features, catalogue.slices[feature.name])
        rows = steps(scaling, features), is_fraud.astype(np.float32)
        weights = descend(_loss, start_weights(seed), rows, Descent(EPOCHS, BATCH, LEARNING_RATE), seed)
        return Gru({**scaling, **weights})

    def parameters(self, seed: int) -> dict[str, Any]:
        """Return the shape of the network and the options of its training."""
        return {
            "hidden": HIDDEN,
            "clip": CLIP,
            "epochs": EPOCHS,
            "batch": BATCH,
            "learning_rate": LEARNING_RATE,
            "seed": seed,
        }


def _longest_last_n(catalogue: Catalogue) -> WindowFeature | None:
    lists = (
        feature
        for feature in catalogue.windows
        if feature.statistic == "last_n" and feature.entity == "account_id"
    )
    return max(lists, key=lambda feature: feature.width, default=None)


def _scaling(features: Features, places: slice) -> dict[str, npt.NDArray[Any]]:
    place = np.array([places.start, places.stop])
    columns = triples(place, features).reshape(-1, COLUMNS).astype(np.float64).T
    moments = [_moments(column[~np.isnan(column)]) for column in columns]
    mean, spread = np.array(moments, np.float32).T
    return {"place": place, "mean": mean, "spread": spread}


def _moments(values: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return mean and standard deviation: 0 and 1 without values, 1 for a deviation of 0."""
    if not len(values):
        return 0.0, 1.0
    return float(values.mean()), float(values.std()) or 1.0


def _loss(weights: dict[str, Arrays], batch: tuple[Arrays, ...]) -> Arrays:
    import jax.numpy as jnp  # noqa: PLC0415 - other kinds train without JAX

    inputs, is_fraud = batch
    log_odds = network(jnp, weights, jnp.moveaxis(inputs, 1, 0))
    return (jnp.logaddexp(0.0, log_odds) - is_fraud * log_odds).mean()


def start_weights(seed: int) -> dict[str, Numbers]:
    """Return initial weights that keep the spread of values through layers (Glorot and Bengio, 2010)."""
    random = np.random.default_rng(seed)

    def drawn(inputs: int, outputs: int) -> Numbers:
        return random.normal(0, np.sqrt(2 / (inputs + outputs)), (inputs, outputs)).astype(np.float32)

    return {
        "input": np.hstack([drawn(2 * COLUMNS, HIDDEN) for _ in range(3)]),
        "bias": np.zeros(3 * HIDDEN, np.float32),
        "recurrent": np.hstack([drawn(HIDDEN, HIDDEN) for _ in range(3)]),
        "output": drawn(HIDDEN, 1)[:, 0],
        "output_bias": np.zeros((), np.float32),
    }

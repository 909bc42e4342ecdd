"""A gated recurrent unit, which reads an account's recent transactions one after the other."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fraudstream.domain.catalogue import Catalogue, WindowFeature
from fraudstream.scoring.manifest import ModelError
from fraudstream.scoring.odds import probability
from models.members.base import Features, Scores
from models.members.layers import Arrays, Numbers, Weights, of_bytes, product, to_bytes

HIDDEN: Final = 16
CLIP: Final = 5.0
"""Standardised inputs are held within it, as the autoencoder's are."""
EPOCHS: Final = 5
BATCH: Final = 512
LEARNING_RATE: Final = 0.005
_COLUMNS: Final = 3
"""Of a ``last_n``: amounts, gaps and values."""
_SCALING: Final = ("place", "mean", "spread")
_NETWORK: Final = ("input", "bias", "recurrent", "output", "output_bias")


class Gru:
    """A network whose score is its probability of fraud, given the account's last transactions."""

    kind: Final = "gru"

    def __init__(self, weights: Weights) -> None:
        self._weights = weights

    def score(self, features: Features) -> Scores:
        """Return a score for each row; an account without a transaction in the window has one, too."""
        # Steps first, so that each is one piece of memory.
        in_turn = np.ascontiguousarray(np.moveaxis(steps(self._weights, features), 1, 0))
        return probability(network(np, self._weights, in_turn).astype(np.float64))

    def to_bytes(self) -> bytes:
        """Return numpy's npz."""
        return to_bytes(self._weights)


@dataclass(frozen=True, slots=True)
class GruKind:
    """Trains on the catalogue's longest ``last_n`` of accounts, the first of equals."""

    name: str = "gru"
    suffix: str = "npz"

    def unfit_for(self, catalogue: Catalogue) -> str | None:
        """Say that the catalogue has no ``last_n`` of accounts, if it has none."""
        if _longest_last_n(catalogue):
            return None
        return (
            "gru reads the account's last transactions, and the catalogue has no feature "
            '{"entity": "account_id", "statistic": "last_n", ...}; add one, or leave gru out'
        )

    def fit(
        self, features: Features, is_fraud: npt.NDArray[np.bool_], catalogue: Catalogue, seed: int
    ) -> Gru:
        """Train on all rows; raises `ModelError` if the catalogue has no ``last_n`` of accounts."""
        from models.members.descent import Descent, descend  # noqa: PLC0415 - what scores does without JAX

        feature = _longest_last_n(catalogue)
        if feature is None:
            raise ModelError(self.unfit_for(catalogue))
        scaling = _scaling(features, catalogue.slices[feature.name])
        rows = steps(scaling, features), is_fraud.astype(np.float32)
        weights = descend(_loss, _start(seed), rows, Descent(EPOCHS, BATCH, LEARNING_RATE), seed)
        return Gru({**scaling, **weights})

    def load(self, data: bytes) -> Gru:
        """Make the network of its npz; raises `ModelError` if it is none."""
        return Gru(of_bytes(data, (*_SCALING, *_NETWORK)))

    def parameters(self, seed: int) -> dict[str, Any]:
        """Return the shape of the network and how it is trained."""
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


def steps(scaling: Weights, features: Features) -> Numbers:
    """Return the inputs of each step, oldest first: shape (rows, n, 2 * columns).

    Amount, gap and value, standardised and 0 if missing, then for each of them 1 if it is known and else 0.
    Where fewer than n transactions are known, the first steps are empty: all 0.
    """
    scaled = (_triples(scaling["place"], features) - scaling["mean"]) / scaling["spread"]
    known = ~np.isnan(scaled)
    return np.concatenate([np.clip(np.where(known, scaled, 0), -CLIP, CLIP), known], axis=2, dtype=np.float32)


def _triples(place: npt.NDArray[Any], features: Features) -> Numbers:
    """Return the logarithms of amounts, gaps and values, oldest first: shape (rows, n, columns)."""
    start, end = place
    newest_first = features[:, start:end].reshape(len(features), _COLUMNS, (end - start) // _COLUMNS)
    values = np.swapaxes(newest_first, 1, 2)[:, ::-1]
    return np.copysign(np.log1p(np.abs(values)), values)


def _scaling(features: Features, places: slice) -> dict[str, npt.NDArray[Any]]:
    place = np.array([places.start, places.stop])
    columns = _triples(place, features).reshape(-1, _COLUMNS).astype(np.float64).T
    moments = [_moments(column[~np.isnan(column)]) for column in columns]
    mean, spread = np.array(moments, np.float32).T
    return {"place": place, "mean": mean, "spread": spread}


def _moments(values: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return mean and standard deviation; 0 and 1 where there is nothing to standardise by."""
    if not len(values):
        return 0.0, 1.0
    return float(values.mean()), float(values.std()) or 1.0


def network(xp: Any, weights: Arrays, inputs: Arrays) -> Arrays:  # noqa: ANN401 - a module
    """Return the log-odds of inputs of shape (n, ..., 2 * columns); ``xp`` is the arrays' numpy.

    Cho et al., 2014, the reset gate behind the product (as in cuDNN), so that a step has one product.
    """
    gates = product(inputs, weights["input"]) + weights["bias"]
    state = xp.zeros((*inputs.shape[1:-1], HIDDEN), xp.float32)
    for gate, is_step in zip(gates, inputs[..., _COLUMNS:][..., :1], strict=True):
        state = state + is_step * (_advanced(xp, weights, gate, state) - state)
    return (state * weights["output"]).sum(axis=-1) + weights["output_bias"]


def _advanced(xp: Any, weights: Arrays, gate: Arrays, state: Arrays) -> Arrays:  # noqa: ANN401 - a module
    ahead = product(state, weights["recurrent"])
    both = _sigmoid(xp, gate[..., : 2 * HIDDEN] + ahead[..., : 2 * HIDDEN])
    reset, update = both[..., :HIDDEN], both[..., HIDDEN:]
    candidate = xp.tanh(gate[..., 2 * HIDDEN :] + reset * ahead[..., 2 * HIDDEN :])
    return candidate + update * (state - candidate)


def _sigmoid(xp: Any, values: Arrays) -> Arrays:  # noqa: ANN401 - a module
    # By tanh, which never overflows.
    return 0.5 * xp.tanh(0.5 * values) + 0.5


def _loss(weights: dict[str, Arrays], batch: tuple[Arrays, ...]) -> Arrays:
    import jax.numpy as jnp  # noqa: PLC0415 - what scores does without JAX

    inputs, is_fraud = batch
    log_odds = network(jnp, weights, jnp.moveaxis(inputs, 1, 0))
    return (jnp.logaddexp(0.0, log_odds) - is_fraud * log_odds).mean()


def _start(seed: int) -> dict[str, Numbers]:
    """Return weights that keep the spread of what goes through them (Glorot and Bengio, 2010)."""
    random = np.random.default_rng(seed)

    def drawn(inputs: int, outputs: int) -> Numbers:
        return random.normal(0, np.sqrt(2 / (inputs + outputs)), (inputs, outputs)).astype(np.float32)

    return {
        "input": np.hstack([drawn(2 * _COLUMNS, HIDDEN) for _ in range(3)]),
        "bias": np.zeros(3 * HIDDEN, np.float32),
        "recurrent": np.hstack([drawn(HIDDEN, HIDDEN) for _ in range(3)]),
        "output": drawn(HIDDEN, 1)[:, 0],
        "output_bias": np.zeros((), np.float32),
    }

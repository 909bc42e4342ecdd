"""Gated recurrent unit over the sequence of an account's recent transactions."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from fraudstream.scoring.manifest import ModelError
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
from fraudstream.scoring.odds import probability

HIDDEN: Final = 16
COLUMNS: Final = 3
"""Columns of a ``last_n``: amounts, gaps and values."""
CLIP: Final = 5.0
"""Standardised inputs are clipped to ±5, like the autoencoder's."""
_SHAPES: Final[Mapping[str, tuple[int, ...]]] = MappingProxyType(
    {
        "place": (2,),
        "mean": (COLUMNS,),
        "spread": (COLUMNS,),
        "input": (2 * COLUMNS, 3 * HIDDEN),
        "bias": (3 * HIDDEN,),
        "recurrent": (HIDDEN, 3 * HIDDEN),
        "output": (HIDDEN,),
        "output_bias": (),
    }
)


class Gru:
    """Recurrent network; the score is its fraud probability given the account's last transactions."""

    kind: Final = "gru"

    def __init__(self, weights: Weights) -> None:
        self._weights = weights

    @classmethod
    def from_bytes(cls, data: bytes, width: int) -> Self:
        """Load an npz file of numpy for ``width`` features; raises `ModelError` if it has other arrays."""
        weights = of_bytes(data, _SHAPES, integers=("place",))
        check_positive(weights, ("spread",))
        start, end = weights["place"].tolist()
        if not 0 <= start < end <= width or (end - start) % COLUMNS:
            msg = f"reads the places {start} to {end}, which are not a list of triples among {width} features"
            raise ModelError(msg)
        return cls(weights)

    def score(self, features: Features) -> Scores:
        """Return a score for each row, also for an account without a transaction in the window."""
        # Steps on the first axis, so that each step is contiguous in memory.
        in_turn = np.ascontiguousarray(np.moveaxis(steps(self._weights, features), 1, 0))
        return probability(network(np, self._weights, in_turn).astype(np.float64))

    def to_bytes(self) -> bytes:
        """Return the content of an npz file."""
        return to_bytes(self._weights)


def steps(scaling: Weights, features: Features) -> Numbers:
    """Return the inputs of each step, oldest first: shape (rows, n, 2 * columns).

    Each step has amount, gap and value, standardised and 0 if missing, then for each of the three a 1 if it
    is known, else 0. If fewer than n transactions are known, the first steps are all 0.
    """
    scaled = (triples(scaling["place"], features) - scaling["mean"]) / scaling["spread"]
    known = ~np.isnan(scaled)
    return np.concatenate([np.clip(np.where(known, scaled, 0), -CLIP, CLIP), known], axis=2, dtype=np.float32)


def triples(place: npt.NDArray[Any], features: Features) -> Numbers:
    """Return the logarithms of amounts, gaps and values, oldest first: shape (rows, n, columns).

    ``place`` has the start and end of the list in the vector.
    """
    start, end = place
    newest_first = features[:, start:end].reshape(len(features), COLUMNS, (end - start) // COLUMNS)
    values = np.swapaxes(newest_first, 1, 2)[:, ::-1]
    return np.copysign(np.log1p(np.abs(values)), values)


def network(xp: Any, weights: Arrays, inputs: Arrays) -> Arrays:  # noqa: ANN401 - a module
    """Return the log-odds of inputs of shape (n, ..., 2 * columns); ``xp`` is numpy or JAX's numpy.

    The GRU of Cho et al., 2014, with the reset gate applied after the matrix product (as in cuDNN), so that
    each step needs only one product.
    """
    gates = product(inputs, weights["input"]) + weights["bias"]
    state = xp.zeros((*inputs.shape[1:-1], HIDDEN), xp.float32)
    for gate, is_step in zip(gates, inputs[..., COLUMNS:][..., :1], strict=True):
        state = state + is_step * (_advanced(xp, weights, gate, state) - state)
    return (state * weights["output"]).sum(axis=-1) + weights["output_bias"]


def _advanced(xp: Any, weights: Arrays, gate: Arrays, state: Arrays) -> Arrays:  # noqa: ANN401 - a module
    ahead = product(state, weights["recurrent"])
    both = _sigmoid(xp, gate[..., : 2 * HIDDEN] + ahead[..., : 2 * HIDDEN])
    reset, update = both[..., :HIDDEN], both[..., HIDDEN:]
    candidate = xp.tanh(gate[..., 2 * HIDDEN :] + reset * ahead[..., 2 * HIDDEN :])
    return candidate + update * (state - candidate)


def _sigmoid(xp: Any, values: Arrays) -> Arrays:  # noqa: ANN401 - a module
    # Via tanh, which never overflows.
    return 0.5 * xp.tanh(0.5 * values) + 0.5

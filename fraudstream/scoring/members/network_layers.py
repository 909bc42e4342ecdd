"""Neural network layers in plain numpy, with results for a row that don't depend on the rest of the batch."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt

from fraudstream.scoring.manifest import ModelError

Numbers = npt.NDArray[np.float32]
Weights = Mapping[str, Numbers]
"""A network's arrays by name."""
Arrays = Any
"""Arrays of numpy or JAX: the same code of a network serves training and scoring."""


def product(rows: Arrays, weights: Arrays) -> Arrays:
    """Return ``rows @ weights`` for rows of shape (..., inputs) and weights of shape (inputs, outputs).

    BLAS divides a matrix into tiles, whose size depends on the processor and on the number of rows, and
    rounds a row differently at the edge of a tile than inside it. For numpy arrays the inputs are therefore
    added one by one: a row's result depends neither on the other rows nor on the machine. In JAX, which is
    used for training only, rounding does not matter.
    """
    if not isinstance(rows, np.ndarray):
        return rows @ weights
    total = rows[..., :1] * weights[0]
    for place in range(1, len(weights)):
        total += rows[..., place : place + 1] * weights[place]
    return total


def to_bytes(weights: Weights) -> bytes:
    """Encode arrays as an npz file of numpy; equal arrays give equal bytes."""
    file = BytesIO()
    np.savez(file, **{name: np.asarray(array) for name, array in weights.items()})
    return file.getvalue()


def of_bytes(data: bytes, names: tuple[str, ...]) -> dict[str, Numbers]:
    """Decode the named arrays of an npz file; raises `ModelError` unless it has exactly these arrays."""
    try:
        with np.load(BytesIO(data), allow_pickle=False) as file:
            arrays: dict[str, Any] = dict(file)
    except Exception as error:  # noqa: BLE001 - broken zips and broken arrays raise errors of many kinds
        msg = f"is not a valid .npz file: {error}"
        raise ModelError(msg) from None
    if set(arrays) != set(names):
        msg = f"has the arrays {', '.join(sorted(arrays))}; this version reads {', '.join(sorted(names))}"
        raise ModelError(msg)
    return arrays

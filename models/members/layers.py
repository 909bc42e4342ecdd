"""Layers of neural networks in plain numpy, whose result for a row does not depend on the rows beside it."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fraudstream.scoring.manifest import ModelError

Numbers = npt.NDArray[np.float32]
Weights = Mapping[str, Numbers]
"""A network's arrays by name."""
Arrays = Any
"""Arrays of numpy or of JAX: a network is written once, for training and for scoring."""

BLOCK: Final = 64
"""Rows that are multiplied at once, padded with zeros where there are fewer.

A matrix product takes other ways, and rounds otherwise, for another number of rows. With always the same
number, and one that BLAS divides into whole tiles (of 4, 8 or 16 rows), every row is treated alike.
"""


def in_blocks(rows: Numbers) -> Numbers:
    """Return the rows of shape (rows, ...) as (blocks, `BLOCK`, ...), the last block padded with zeros."""
    missing = -len(rows) % BLOCK
    padded = np.concatenate([rows, np.zeros((missing, *rows.shape[1:]), np.float32)]) if missing else rows
    return padded.reshape(-1, BLOCK, *rows.shape[1:])


def out_of_blocks(blocks: Numbers, count: int) -> Numbers:
    """Return the first ``count`` rows of blocks."""
    return blocks.reshape(-1, *blocks.shape[2:])[:count]


def to_bytes(weights: Weights) -> bytes:
    """Write arrays as numpy's npz; the same arrays give the same bytes."""
    file = BytesIO()
    np.savez(file, **{name: np.asarray(array) for name, array in weights.items()})
    return file.getvalue()


def of_bytes(data: bytes, names: tuple[str, ...]) -> dict[str, Numbers]:
    """Read the named arrays of an npz; raises `ModelError` if it has not just these."""
    try:
        with np.load(BytesIO(data), allow_pickle=False) as file:
            arrays: dict[str, Any] = dict(file)
    except Exception as error:  # noqa: BLE001 - broken zips and broken arrays raise errors of many kinds
        msg = f"is no file of arrays (npz): {error}"
        raise ModelError(msg) from None
    if set(arrays) != set(names):
        msg = f"has the arrays {', '.join(sorted(arrays))}; this version reads {', '.join(sorted(names))}"
        raise ModelError(msg)
    return arrays

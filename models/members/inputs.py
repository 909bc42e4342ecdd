"""What the members do to their inputs before they look at them."""

import numpy as np
import numpy.typing as npt

from models.members.base import Features

Row = npt.NDArray[np.float32]
"""One number for each place of the catalogue's vector."""


def medians(features: Features) -> Row:
    """Return the median of each place's values, missing ones left out; 0 where none is known."""
    known = ~np.isnan(features)
    return np.array(
        [
            np.median(column[is_known]) if is_known.any() else 0.0
            for column, is_known in zip(features.T, known.T, strict=True)
        ],
        dtype=np.float32,
    )


def imputed(features: Features, fill: Row) -> Features:
    """Return a copy with the values of ``fill`` in place of missing ones."""
    return np.where(np.isnan(features), fill, features)

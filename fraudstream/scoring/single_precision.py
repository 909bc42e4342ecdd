"""Conversion of feature vectors to the model's single precision, in which huge values are missing."""

import numpy as np
import numpy.typing as npt

from fraudstream.scoring.members.member import Features


def single_precision(features: npt.NDArray[np.float64]) -> tuple[Features, npt.NDArray[np.bool_] | None]:
    """Return ``features`` in single precision, and a mask of the values that it can't hold; None if it can.

    Both have the shape of ``features``. A value beyond 3.4e38, or infinity, becomes NaN: missing. The ranges
    of a transaction's fields keep sums and squares within single precision; ratios are unbounded.
    """
    with np.errstate(over="ignore"):
        values = np.ascontiguousarray(features, dtype=np.float32)
    overflowing = np.isinf(values)
    if not overflowing.any():
        return values, None
    # An array that had this type already is the caller's own.
    values = np.where(overflowing, np.float32(np.nan), values)
    return values, overflowing

"""Conversion between probabilities and log-odds, in which scores are blended and calibrated."""

from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LEAST: Final = 1e-12
"""Least distance of scores from 0 and 1, whose log-odds are infinite; double precision resolves it."""


def probability(log_odds: Floats) -> Floats:
    """Return 1 / (1 + e^-x) of each element."""
    # e^-x overflows to infinity for x < -709, which correctly gives the probability 0.
    with np.errstate(over="ignore"):
        return np.asarray(1.0 / (1.0 + np.exp(-log_odds)))


def log_odds(scores: Floats) -> Floats:
    """Return ln(p / (1 - p)) of each score, clamped so that 0 and 1 give finite values."""
    held = np.minimum(np.maximum(scores, LEAST), 1.0 - LEAST)
    return np.asarray(np.log(held / (1.0 - held)))

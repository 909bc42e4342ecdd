"""Probabilities and their log-odds, in which scores are combined and calibrated."""

from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LEAST: Final = 1e-12
"""Scores are held this far from 0 and 1, whose log-odds are infinite; double precision tells them apart."""


def probability(log_odds: Floats) -> Floats:
    """Return 1 / (1 + e^-x) of each."""
    # e^-x overflows to infinity for x < -709, and the probability is then 0, as it should be.
    with np.errstate(over="ignore"):
        return np.asarray(1.0 / (1.0 + np.exp(-log_odds)))


def log_odds(scores: Floats) -> Floats:
    """Return ln(p / (1 - p)) of each score, finite for 0 and 1 too."""
    held = np.minimum(np.maximum(scores, LEAST), 1.0 - LEAST)
    return np.asarray(np.log(held / (1.0 - held)))

"""Platt scaling: fitting of a calibration (Platt, 1999)."""

from typing import Final

import numpy as np
import numpy.typing as npt

from fraudstream.scoring.calibration import Calibration
from fraudstream.scoring.members.member import Scores
from fraudstream.scoring.odds import log_odds
from models.regression import logistic_regression

MIN_SLOPE: Final = 1e-6
"""For scores that say nothing, or the opposite: all get the share of fraud, in the order of their scores."""


def fit_calibration(scores: Scores, is_fraud: npt.NDArray[np.bool_]) -> Calibration:
    """Fit on transactions later than those that any member was trained on; needs both classes.

    Their mean probability is then their share of fraud.
    """
    (slope,), intercept = logistic_regression(log_odds(scores)[:, None], is_fraud)
    if slope < MIN_SLOPE:
        return Calibration(MIN_SLOPE, float(log_odds(is_fraud.mean())))
    return Calibration(float(slope), intercept)

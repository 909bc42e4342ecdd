"""Logistic regression, which learns the weights of blends and calibrations."""

from typing import Final

import numpy as np
import numpy.typing as npt

PENALTY: Final = 1e-4
"""Weight of half the squared weights, added to the mean log loss: keeps weights finite under perfect
separation."""


def logistic_regression(
    inputs: npt.NDArray[np.float64], is_fraud: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.float64], float]:
    """Return a weight for each column of ``inputs``, shape (rows, columns), and the bias.

    They give the log-odds of fraud. ``is_fraud`` needs both classes.
    """
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - importing it takes a second

    # scikit-learn's C weighs the sum of the losses against the penalty.
    regression = LogisticRegression(C=1 / (PENALTY * len(inputs)), tol=1e-8, max_iter=1000)
    regression.fit(inputs, is_fraud)
    return regression.coef_[0], float(regression.intercept_[0])

"""Boosted trees of XGBoost, the main member."""

from typing import Final

import numpy as np
import numpy.typing as npt
import xgboost

from fraudstream.scoring.members.booster_structure import LOGISTIC
from fraudstream.scoring.members.boosters import booster_of, sums
from fraudstream.scoring.members.member import Features, Scores
from fraudstream.scoring.odds import probability


class Trees:
    """Boosted trees; the score is the logistic function of the sum of the trees."""

    kind: Final = "xgboost"

    def __init__(self, data: bytes, width: int) -> None:
        """Load XGBoost's own format, UBJSON, for ``width`` features; raises `ModelError` if it is unsound."""
        self.booster = booster_of(data, width=width, objective=LOGISTIC)
        self._data = data

    def score(self, features: Features) -> Scores:
        """Return a score for each row; missing values take the default branch that was learnt in training."""
        # XGBoost's own logistic function has single precision: high scores would be tied.
        return probability(sums(self.booster, features))

    def contributions(self, features: Features) -> npt.NDArray[np.float64]:
        """Return each feature's contribution to the log-odds (SHAP values), shape (transactions, width).

        A row's contributions plus the bias, which is not included, add up to the log-odds of its score.
        """
        matrix = xgboost.DMatrix(features, nthread=1)
        # The last column is the bias.
        contributions = self.booster.predict(matrix, pred_contribs=True)[:, :-1]
        return np.asarray(contributions, dtype=np.float64)

    def to_bytes(self) -> bytes:
        """Return XGBoost's own format, UBJSON."""
        return self._data

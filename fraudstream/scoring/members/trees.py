"""XGBoost's boosted trees: the main member."""

from typing import Final

import numpy as np
import numpy.typing as npt
import xgboost

from fraudstream.scoring.members.boosters import booster_of, sums
from fraudstream.scoring.members.member import Features, Scores
from fraudstream.scoring.odds import probability


class Trees:
    """Boosted trees; their score is the logistic function of the trees' sum."""

    kind: Final = "xgboost"

    def __init__(self, data: bytes) -> None:
        """Load XGBoost's own format; raises `ModelError` if the bytes are no booster."""
        self.booster = booster_of(data)
        self._data = data

    def score(self, features: Features) -> Scores:
        """Return a score for each row; missing values go the way that was learnt for them."""
        # XGBoost's own logistic function is of single precision: high scores would be tied.
        return probability(sums(self.booster, features))

    def contributions(self, features: Features) -> npt.NDArray[np.float64]:
        """Return what each feature adds to the log-odds (SHAP), shape (transactions, width).

        A row's contributions and the bias, which is left out, add up to the log-odds of its score.
        """
        matrix = xgboost.DMatrix(features, nthread=1)
        # The last column is the bias.
        contributions = self.booster.predict(matrix, pred_contribs=True)[:, :-1]
        return np.asarray(contributions, dtype=np.float64)

    def to_bytes(self) -> bytes:
        """Return XGBoost's own format, UBJSON."""
        return self._data

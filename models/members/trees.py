"""XGBoost's boosted trees: the main member."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import xgboost

from fraudstream.domain.catalogue import Catalogue
from fraudstream.scoring.odds import probability
from models.members.base import Features, Scores
from models.members.boosters import booster_of, sums

TREES: Final = 200
"""With depth 6 about 2 µs a transaction, in batches of 1,000 on one core."""
_MAX_BIN: Final = 4096


class Trees:
    """Boosted trees; their score is the logistic function of the trees' sum."""

    kind: Final = "xgboost"

    def __init__(self, data: bytes) -> None:
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


@dataclass(frozen=True, slots=True)
class TreesKind:
    """Trains 200 trees of depth 6 on all rows, at their true share of fraud.

    Two of XGBoost's defaults since 2.0 cost average precision where fraud is rare: 256 bins are too few
    for amounts with long tails, and a learnt ``base_score`` starts the trees at the share of fraud.
    ``scale_pos_weight`` stays 1: a larger one makes every score too high to be a probability.
    """

    name: str = "xgboost"
    suffix: str = "ubj"

    def unfit_for(self, catalogue: Catalogue) -> str | None:  # noqa: ARG002 - it learns from any features
        """Say None: it learns from any features."""
        return None

    def fit(
        self,
        features: Features,
        is_fraud: npt.NDArray[np.bool_],
        catalogue: Catalogue,  # noqa: ARG002 - every place of the vector is one number
        seed: int,
    ) -> Trees:
        """Train on rows in the order of their event time."""
        return Trees(train_trees(features, is_fraud, seed))

    def load(self, data: bytes) -> Trees:
        """Make the trees of XGBoost's own format; raises `ModelError` if it is none."""
        return Trees(data)

    def parameters(self, seed: int) -> dict[str, Any]:
        """Return XGBoost's parameters."""
        return {**_told(seed), "num_boost_round": TREES}


def train_trees(features: Features, is_fraud: npt.NDArray[np.bool_], seed: int) -> bytes:
    """Return trees, in XGBoost's own format, that were trained on features of any width."""
    matrix = xgboost.QuantileDMatrix(features, label=is_fraud.astype(np.float32), max_bin=_MAX_BIN)
    booster = xgboost.train(_told(seed), matrix, num_boost_round=TREES)
    return bytes(booster.save_raw("ubj"))


def _told(seed: int) -> dict[str, Any]:
    return {
        "objective": "binary:logistic",
        "max_depth": 6,
        "eta": 0.1,
        "subsample": 0.8,
        "colsample_bytree": 0.8,
        "min_child_weight": 5,
        "base_score": 0.5,
        "max_bin": _MAX_BIN,
        "tree_method": "hist",
        "seed": seed,
        "nthread": 2,
    }

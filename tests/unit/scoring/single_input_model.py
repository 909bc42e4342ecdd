"""A small catalogue, and a model whose score a test sets directly in a row."""

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt

from fraudstream.domain.catalogue import Catalogue, TransactionFeature, WindowFeature
from fraudstream.scoring.decider import Decider
from fraudstream.scoring.scorer import Rated

if TYPE_CHECKING:
    from fraudstream.scoring.scorer import Scorer

Matrix = npt.NDArray[np.float64]
THRESHOLD = 0.5
CATALOGUE = Catalogue(
    (
        WindowFeature(
            name="last",
            entity="account_id",
            statistic="last_n",
            column="transaction_amount_vnd",
            window_ms=1_000,
            n=2,
        ),
        TransactionFeature(
            name="biometric_failure_count",
            entity="transaction",
            statistic="value",
            column="biometric_failure_count",
        ),
        TransactionFeature(name="weekend_flag", entity="transaction", statistic="weekend"),
    )
)
"""Its vector: two amounts, two gaps, two values, then a number shown to analysts, and a flag."""
SCORE = 6
"""The position that the model reads as the score."""


class SingleInputModel:
    """Scores a row by one of its numbers; a row of -1 makes scoring fail for the whole batch.

    Only that number contributes; if it exceeds 1, contributions fail. Infinity exceeds single precision.
    """

    manifest = SimpleNamespace(
        version="m1",
        digest="5" * 64,
        threshold=THRESHOLD,
        features=(
            SimpleNamespace(name="biometric_failure_count", usual=0.25),
            SimpleNamespace(name="weekend_flag", usual=0.0),
        ),
    )

    def __init__(self) -> None:
        self.explained: list[int] = []

    def contributions(self, features: Matrix) -> Matrix:
        self.explained.append(len(features))
        if (features[:, SCORE] > 1).any():
            msg = "no such tree"
            raise RuntimeError(msg)
        added = np.zeros(features.shape)
        added[:, SCORE] = features[:, SCORE]
        return added

    def rated(self, features: Matrix) -> Rated:
        scores = features[:, SCORE].copy()
        if (scores == -1).any():
            msg = "no such leaf"
            raise RuntimeError(msg)
        rows = range(len(features))
        places = {row: tuple(np.flatnonzero(np.isinf(features[row])).tolist()) for row in rows}
        return Rated(scores, {row: of_row for row, of_row in places.items() if of_row})


def decider_of(model: SingleInputModel | None = None, catalogue: Catalogue = CATALOGUE) -> Decider:
    """Return a decider that alerts from `THRESHOLD` on."""
    return Decider(cast("Scorer", model or SingleInputModel()), catalogue)


def vector(score: float, flag: float = 0.0) -> list[float]:
    """Return a vector of `CATALOGUE` to which the model assigns the score."""
    return [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, score, flag]

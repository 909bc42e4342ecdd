"""Score Arrow batches of feature vectors: the only Python in the path of a transaction."""

import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pyflink.table import DataTypes
from pyflink.table.udf import ScalarFunction, udf

from fraudstream.alert import Judge
from fraudstream.catalogue import Catalogue
from models.scorer import Scorer

if TYPE_CHECKING:
    import numpy.typing as npt

RESULT_TYPE = DataTypes.ROW(
    [
        DataTypes.FIELD("score", DataTypes.DOUBLE()),
        DataTypes.FIELD("alert", DataTypes.STRING()),
        DataTypes.FIELD("error", DataTypes.STRING()),
    ]
)
"""A score, and the alert's JSON if there is one; or why there is no score."""


class ScoreTransactions(ScalarFunction):  # type: ignore[misc] # PyFlink has no types
    """Turns a batch of feature vectors into scores and alerts; a row that fails does not fail the batch."""

    def __init__(self, scorer: Scorer, judge: Judge, catalogue: Catalogue) -> None:
        self._scorer = scorer
        self._judge = judge
        self._names = catalogue.names

    def is_deterministic(self) -> bool:
        """Say no: an alert holds the time of scoring, and what is deterministic may be run twice."""
        return False

    def eval(  # noqa: PLR0913, PLR0917 - the columns of one batch, as SQL hands them over
        self,
        features: "pd.Series[Any]",
        transaction_id: "pd.Series[Any]",
        account_id: "pd.Series[Any]",
        event_time_ms: "pd.Series[Any]",
        arrival_ms: "pd.Series[Any]",
        amount_vnd: "pd.Series[Any]",
    ) -> pd.DataFrame:
        """Score one batch: all series have its length; ``features`` holds eight bytes a feature."""
        matrix = np.frombuffer(b"".join(features), dtype="<f8").reshape(len(features), len(self._names))
        scores, errors = self._scores(matrix)
        alerts: list[str | None] = [None] * len(features)
        scored_at_ms = time.time_ns() // 1_000_000
        columns = [
            series.to_numpy()
            for series in (transaction_id, account_id, event_time_ms, arrival_ms, amount_vnd)
        ]
        for row in np.flatnonzero(scores >= self._judge.threshold):
            facts = [column[row] for column in columns]
            try:
                alerts[row] = self._alert(float(scores[row]), matrix[row], facts, scored_at_ms)
            except Exception as error:  # noqa: BLE001 - one bad row must not stop the rest
                errors[row] = f"the alert could not be made: {error}"
        return pd.DataFrame({"score": scores, "alert": alerts, "error": errors})

    def _alert(
        self, score: float, vector: "npt.NDArray[np.float64]", facts: list[Any], scored_at_ms: int
    ) -> str | None:
        transaction_id, account_id, event_time_ms, arrival_ms, amount_vnd = facts
        alert = self._judge.alert(
            transaction_id=transaction_id,
            account_id=account_id,
            event_time_ms=int(event_time_ms),
            arrival_ms=None if pd.isna(arrival_ms) else int(arrival_ms),
            scored_at_ms=scored_at_ms,
            transaction_amount_vnd=float(amount_vnd),
            score=score,
            features=dict(zip(self._names, _nullable(vector), strict=True)),
        )
        return alert.to_json() if alert else None

    def _scores(
        self, matrix: "npt.NDArray[np.float64]"
    ) -> "tuple[npt.NDArray[np.float64], list[str | None]]":
        try:
            scores = self._scorer.score(matrix)
        except Exception as error:  # noqa: BLE001 - one bad row must not stop the rest: each is tried alone
            if len(matrix) == 1:
                return np.full(1, np.nan), [f"the model failed: {error}"]
            rows = [self._scores(matrix[row : row + 1]) for row in range(len(matrix))]
            return np.concatenate([score for score, _ in rows]), [error for _, (error,) in rows]
        message = "a feature is too large for the model; check the transaction's numbers"
        return scores, [message if missing else None for missing in np.isnan(scores)]


def _nullable(values: "npt.NDArray[np.float64]") -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in values]


def scoring_udf(scorer: Scorer, judge: Judge, catalogue: Catalogue) -> Any:  # noqa: ANN401 - PyFlink has no types
    """Return the vectorized function that `jobs.feature_job` calls ``score``."""
    return udf(
        ScoreTransactions(scorer, judge, catalogue),
        result_type=RESULT_TYPE,
        func_type="pandas",
        deterministic=False,
    )

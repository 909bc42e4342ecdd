"""Decisions on transactions: score, explain, alert. Used by the stream job and every other caller."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

import numpy as np

from fraudstream.domain.alert import Alert
from fraudstream.domain.catalogue import Catalogue
from fraudstream.domain.likely_fraud_type import likely_fraud_type
from fraudstream.scoring.decisions import Decisions, Matrix, Scores, Subjects
from fraudstream.scoring.explanation import Explainer, Explanation
from fraudstream.scoring.judge import Judge, Judged
from fraudstream.scoring.scorer import Rated, Scorer

NO_SCORE: Final = "the model gave no score; check the files of its version"


class Decider:
    """Makes decisions with one model version over one catalogue. Picklable, and without a clock."""

    def __init__(self, scorer: Scorer, catalogue: Catalogue, threshold: float | None = None) -> None:
        """Take the model and a threshold, by default the model's own."""
        self.scorer = scorer
        self.judge = Judge.of(scorer.manifest, catalogue, threshold)
        self._explainer = Explainer(scorer, catalogue)
        self._width = catalogue.width
        self._names = [feature.name for feature in catalogue.features for _ in range(feature.width)]

    def warm_up(self) -> None:
        """Prepare the explanations, which takes about a second, and load the fraud patterns.

        Otherwise the first alert would wait for both.
        """
        likely_fraud_type({})
        self._explainer.explain(np.zeros((1, self._width)))

    def explain(self, vectors: Matrix) -> list[Explanation]:
        """Return the reasons of scores below the threshold too, one explanation for each row."""
        return self._explainer.explain(vectors)

    def decide(self, subjects: Subjects, vectors: Matrix, now_ms: Callable[[], int]) -> Decisions:
        """Return a decision for each row of ``vectors``, shape (transactions, width of the catalogue).

        Row i of ``vectors`` has the features of ``subjects[i]``; any sequence of `Subject` works. NaN is a
        missing value. ``now_ms`` returns epoch milliseconds; it is called once, after scoring, if any row
        alerts. A row's decision does not depend on other rows; if a row fails, its decision has the error.
        Values that are too large for the model are treated as missing, and the decision names their features.
        Raises ``ValueError`` if the shapes don't match.
        """
        self._check_shape(subjects, vectors)
        (scores, places), errors = self._rated(vectors)
        overflowing = {row: self._names_of(places[row]) for row in places}
        held = _without(vectors, places)
        alerts, failures = self._alerts(subjects, held, scores, overflowing, now_ms)
        return Decisions(scores, alerts, errors | failures, overflowing)

    def _names_of(self, places: Iterable[int]) -> tuple[str, ...]:
        # A feature that is a list has many places.
        return tuple(dict.fromkeys(self._names[place] for place in places))

    def _check_shape(self, subjects: Subjects, vectors: Matrix) -> None:
        expected = (len(subjects), self._width)
        if vectors.shape != expected:
            msg = (
                f"the vectors have the shape {vectors.shape}, not {expected}; give one row per transaction, "
                "with the features of the decider's catalogue"
            )
            raise ValueError(msg)

    def _alerts(
        self,
        subjects: Subjects,
        vectors: Matrix,
        scores: Scores,
        overflowing: Mapping[int, tuple[str, ...]],
        now_ms: Callable[[], int],
    ) -> tuple[dict[int, Alert], dict[int, str]]:
        """Return the alerts that are due, explained in one batch, and the errors of failed ones, by row."""
        alerts: dict[int, Alert] = {}
        failures: dict[int, str] = {}
        rows = self.judge.rows_due(scores)
        if not rows:
            return alerts, failures
        scored_at_ms = now_ms()
        explanations = self._explainer.explain(vectors[rows])
        for row, score, explanation in zip(rows, scores[rows].tolist(), explanations, strict=True):
            judged = Judged(vectors[row].tolist(), score, explanation, overflowing.get(row, ()))
            try:
                alerts[row] = self.judge.alert(subjects[row], judged, scored_at_ms)
            except Exception as error:  # noqa: BLE001 - one bad row must not stop the rest
                failures[row] = alert_failure(error)
        return alerts, failures

    def _rated(self, vectors: Matrix) -> tuple[Rated, dict[int, str]]:
        """Return the scores, NaN if a row has none, and the errors of such rows, by row."""
        try:
            rated = self.scorer.rated(vectors)
            failures: dict[int, str] = {}
        except Exception:  # noqa: BLE001 - one bad row must not stop the rest: score rows singly
            rated, failures = self._rated_one_by_one(vectors)
        missing = np.flatnonzero(np.isnan(rated.scores)).tolist()
        return rated, {row: failures.get(row, NO_SCORE) for row in missing}

    def _rated_one_by_one(self, vectors: Matrix) -> tuple[Rated, dict[int, str]]:
        scores = np.full(len(vectors), np.nan)
        places: dict[int, tuple[int, ...]] = {}
        failures = {}
        for row in range(len(vectors)):
            try:
                rated = self.scorer.rated(vectors[row : row + 1])
            except Exception as error:  # noqa: BLE001 - the other rows must still be scored
                failures[row] = f"the model failed: {error}"
            else:
                scores[row] = rated.scores[0]
                if rated.overflowing:
                    places[row] = rated.overflowing[0]
        return Rated(scores, places), failures


def _without(vectors: Matrix, places: Mapping[int, tuple[int, ...]]) -> Matrix:
    """Return the vectors with NaN at the places, by row; the vectors themselves if there are none."""
    if not places:
        return vectors
    held = vectors.copy()
    for row, of_row in places.items():
        held[row, list(of_row)] = np.nan
    return held


def alert_failure(error: Exception) -> str:
    """Return the error of a decision whose alert could not be made or written."""
    return f"the alert could not be created: {error}"

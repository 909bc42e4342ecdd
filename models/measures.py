"""Metrics of a version and its members, for the manifest and the model card."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fraudstream.domain.patterns import FRAUD_TYPES
from fraudstream.scoring.members.member import Member, Scores, scores_of
from fraudstream.scoring.scorer import Scorer
from models.ensemble import EnsembleChoice
from models.score_metrics import auc_roc, average_precision, measure
from models.training_splits import Split

STRETCHES: Final = 4
"""Stretches of time; the noise of a gain is its variation between them."""
ENSEMBLE: Final = "ensemble"


def measures(scorer: Scorer, split: Split) -> dict[str, Any]:
    """Return the metrics of a version's probabilities, with its recall at the threshold by fraud type."""
    scores = scorer.score(split.features.astype(np.float64))
    threshold = scorer.manifest.threshold
    metrics = measure(
        is_fraud=split.is_fraud,
        scores=scores,
        threshold=threshold,
        amount_vnd=split.amount_vnd,
        accounts=split.accounts,
        event_time_ms=split.event_time_ms,
    )
    return {**metrics, "recall_by_fraud_type": recall_by_fraud_type(split, scores >= threshold)}


def recall_by_fraud_type(split: Split, is_alert: npt.NDArray[np.bool_]) -> dict[str, float]:
    """Return the recall of each of the project's fraud types that occurs."""
    of_type = {name: split.fraud_types == code for code, name in enumerate(FRAUD_TYPES)}
    return {name: float(is_alert[rows].mean()) for name, rows in of_type.items() if rows.any()}


def compared(members: Mapping[str, Member], decision: EnsembleChoice, split: Split) -> dict[str, Any]:
    """Return ROC AUC and average precision of each member alone, and of the ensemble."""
    scores = scores_of(members, split.features)
    return {
        name: {
            "auc_roc": auc_roc(split.is_fraud, each),
            "average_precision": average_precision(split.is_fraud, each),
        }
        for name, each in {**scores, ENSEMBLE: decision.learnt.combine(scores)}.items()
    }


def gains_of(ensemble: Scores, single: Scores, is_fraud: npt.NDArray[np.bool_]) -> tuple[float, ...]:
    """Return the ensemble's average precision minus the other's, in each stretch of time that has fraud."""
    gains = []
    for rows in np.array_split(np.arange(len(is_fraud)), STRETCHES):
        better, other = (average_precision(is_fraud[rows], scores[rows]) for scores in (ensemble, single))
        if better is not None and other is not None:
            gains.append(better - other)
    return tuple(gains)

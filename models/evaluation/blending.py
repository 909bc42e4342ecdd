"""Probabilities of one fold: the ensemble is learnt and every model calibrated on the validation part."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np

from fraudstream.domain.duration import DAY_MS
from fraudstream.scoring.members.member import Scores
from models.data.labelled_dataset import Dataset
from models.ensemble import FIXED_WEIGHTS, Mean, is_gain, learn_blend
from models.evaluation.baselines import AMOUNT_ONLY
from models.evaluation.judging import DIGITS, JudgedFold
from models.platt_scaling import fit_calibration
from models.threshold import JudgedTransactions, ThresholdChoice
from models.time_folds import Fold, FoldRows

MAIN: Final = "xgboost"
"""Kind that the ensemble must beat."""
ENSEMBLE: Final = "ensemble"


class PartScores(Protocol):
    """Scores of a model in a fold, before calibration."""

    @property
    def validation(self) -> Scores:
        """Scores of the validation part."""

    @property
    def test(self) -> Scores:
        """Scores of the test part."""


@dataclass(frozen=True, slots=True)
class _Mixed:
    validation: Scores
    test: Scores


class _Way(Protocol):
    def combine(self, scores: Mapping[str, Scores]) -> Scores: ...


@dataclass(frozen=True, slots=True)
class Blended:
    """Calibrated results of a fold's models in its test."""

    judged: Mapping[str, JudgedFold]
    """By model: the kinds, the fixed weights, the ensemble, and last the baseline that all must beat."""
    weights: Mapping[str, float]
    """The ensemble's weights by kind; kinds that it leaves out are not there."""


def blend(
    data: Dataset, fold: Fold, rows: FoldRows, scores: Mapping[str, PartScores], choice: ThresholdChoice
) -> Blended:
    """Combine, calibrate and choose thresholds, with the labels that are known when the test begins."""
    kinds = {name: each for name, each in scores.items() if name != AMOUNT_ONLY}
    is_fraud = data.known_fraud(fold.test_start_ms)[rows.validation]
    learnt = learn_blend({name: each.validation for name, each in kinds.items()}, is_fraud)
    ways: dict[str, _Way] = {
        name: Mean(weights) for name, weights in FIXED_WEIGHTS.items() if weights.keys() <= kinds.keys()
    }
    ways[ENSEMBLE] = learnt
    mixed = {name: _mixed(way, kinds) for name, way in ways.items()}
    judged = {
        name: _judged(each, data, fold, rows, choice)
        for name, each in {**kinds, **mixed, AMOUNT_ONLY: scores[AMOUNT_ONLY]}.items()
    }
    return Blended(judged, {name: round(weight, DIGITS) for name, weight in learnt.weights.items()})


def _mixed(way: _Way, kinds: Mapping[str, PartScores]) -> _Mixed:
    return _Mixed(
        way.combine({name: each.validation for name, each in kinds.items()}),
        way.combine({name: each.test for name, each in kinds.items()}),
    )


def _judged(
    scores: PartScores, data: Dataset, fold: Fold, rows: FoldRows, choice: ThresholdChoice
) -> JudgedFold:
    is_fraud = data.known_fraud(fold.test_start_ms)[rows.validation]
    calibration = fit_calibration(scores.validation, is_fraud)
    threshold = choice.threshold(
        JudgedTransactions(
            scores=calibration.calibrated(scores.validation),
            is_fraud=is_fraud,
            amount_vnd=data.amount_vnd[rows.validation],
            days=(fold.validation_end_ms - fold.validation_start_ms) / DAY_MS,
        )
    )
    return JudgedFold(rows.test, calibration.calibrated(scores.test), threshold)


def shipping(figures: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return which model ships and why, from the ``results`` of all; the ensemble must earn its cost."""
    each = ([fold["average_precision"] for fold in figures[name]["folds"]] for name in (ENSEMBLE, MAIN))
    gains = [ensemble - main for ensemble, main in zip(*each, strict=True)]
    compared = f"The ensemble's average precision is {float(np.mean(gains)):+.4f} against {MAIN} alone"
    if is_gain(gains):
        return {"ships": ENSEMBLE, "ships_because": f"{compared}, above the folds' standard deviation."}
    return {"ships": MAIN, "ships_because": f"{compared}, not above the folds' standard deviation."}

"""Metrics from probabilities: of each fold, with mean and standard deviation over the folds."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fraudstream.scoring.members.member import Scores
from models.data.labelled_dataset import Dataset
from models.score_metrics import ALERT_COST_VND, ALERTS_PER_DAY, calibration_curve, measure
from models.time_folds import Rows

DIGITS: Final = 6
"""Decimal places of a figure: far finer than its standard deviation."""
_COUNTS: Final = frozenset({"transactions", "frauds"})

Metrics = dict[str, Any]


@dataclass(frozen=True, slots=True)
class JudgedFold:
    """A model's probabilities in the test of one fold, and the threshold that was chosen before it."""

    rows: Rows
    """Rows of the data set that were tested."""
    scores: Scores
    threshold: float


@dataclass(frozen=True, slots=True)
class Team:
    """Capacity and cost of the people who look at alerts."""

    alerts_per_day: int = ALERTS_PER_DAY
    alert_cost_vnd: float = ALERT_COST_VND


def results(data: Dataset, folds: Sequence[JudgedFold], team: Team) -> Metrics:
    """Return a model's object in the evaluation file.

    It has each metric by its name, as the mean over the folds; ``sd``, the standard deviations (of the folds
    as a population); ``folds``, the metrics of each fold; ``by_fraud_type``, the same for the honest
    transactions and the frauds of one type; and the ``calibration_curve`` of all tests together.
    """
    is_fraud, scores = pooled(data, folds)
    return {
        **_over_folds(data, folds, team),
        "by_fraud_type": {
            name: _over_folds(data, [_of_type(data, fold, code) for fold in folds], team)
            for code, name in enumerate(data.fraud_type_names)
            if (data.fraud_types == code).any()
        },
        "calibration_curve": _rounded(calibration_curve(is_fraud, scores)),
    }


def pooled(data: Dataset, folds: Sequence[JudgedFold]) -> tuple[npt.NDArray[np.bool_], Scores]:
    """Return labels and scores of all tests together."""
    rows = np.concatenate([fold.rows for fold in folds])
    return data.is_fraud[rows], np.concatenate([fold.scores for fold in folds])


def _over_folds(data: Dataset, folds: Sequence[JudgedFold], team: Team) -> Metrics:
    each = [_metrics(data, fold, team) for fold in folds]
    return {
        **{name: _mean(values) for name, values in _columns(each)},
        "sd": {name: _sd(values) for name, values in _columns(each) if name not in _COUNTS},
        "folds": [_rounded(metrics) for metrics in each],
    }


def _metrics(data: Dataset, fold: JudgedFold, team: Team) -> Metrics:
    rows = fold.rows
    metrics = measure(
        is_fraud=data.is_fraud[rows],
        scores=fold.scores,
        threshold=fold.threshold,
        amount_vnd=data.amount_vnd[rows],
        accounts=data.accounts[rows],
        event_time_ms=data.event_time_ms[rows],
        alerts_per_day=team.alerts_per_day,
        alert_cost_vnd=team.alert_cost_vnd,
    )
    return {**metrics, "threshold": fold.threshold}


def _of_type(data: Dataset, fold: JudgedFold, code: int) -> JudgedFold:
    kept = ~data.is_fraud[fold.rows] | (data.fraud_types[fold.rows] == code)
    return JudgedFold(fold.rows[kept], fold.scores[kept], fold.threshold)


def _columns(each: Sequence[Metrics]) -> Iterable[tuple[str, list[float]]]:
    """Yield each metric's values in the folds that have one."""
    for name in each[0]:
        yield name, [metrics[name] for metrics in each if metrics[name] is not None]


def _mean(values: list[float]) -> float | None:
    return _rounded(float(np.mean(values))) if values else None


def _sd(values: list[float]) -> float | None:
    return _rounded(float(np.std(values))) if values else None


def _rounded(value: Any) -> Any:  # noqa: ANN401 - whatever a figure is nested in
    if isinstance(value, Mapping):
        return {name: _rounded(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_rounded(each) for each in value]
    return round(value, DIGITS) if isinstance(value, float) else value

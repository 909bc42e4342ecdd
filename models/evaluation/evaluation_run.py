"""Run of an evaluation, from files to figures; slow results are kept, so that a second run continues."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fraudstream.domain.catalogue import Catalogue
from fraudstream.domain.transaction import format_time
from fraudstream.scoring.manifest import ModelError
from models.data.cache import features_digest, load_dataset
from models.data.labelled_dataset import Dataset, DatasetFiles
from models.evaluation.baselines import Candidate, amount_only, candidate
from models.evaluation.blending import MAIN, blend, shipping
from models.evaluation.evaluation_report import EvaluationReport
from models.evaluation.fold_scoring import FoldScores, fit_and_score, load, save, scores_file
from models.evaluation.judging import Team, results
from models.evaluation.steps import Steps
from models.members.kind import Kind
from models.threshold import ThresholdChoice
from models.time_folds import Fold, FoldRows, Plan, SplitOptions, fold_rows, plan


@dataclass(frozen=True, slots=True)
class EvaluationRequest:
    """Data, features and options of an evaluation."""

    files: DatasetFiles
    source: str
    """Description of the data."""
    catalogue: Catalogue
    seed: int
    split: SplitOptions
    team: Team
    choice: ThresholdChoice
    """Method that chooses the threshold on the validation parts."""


@dataclass(frozen=True, slots=True)
class _Study:
    """A data set, its folds, and the rows of each fold."""

    data: Dataset
    planned: Plan
    fold_rows: tuple[FoldRows, ...]

    @property
    def folds(self) -> list[tuple[Fold, FoldRows]]:
        return list(zip(self.planned.folds, self.fold_rows, strict=True))


def evaluate(
    request: EvaluationRequest, kinds: Mapping[str, Kind], folder: Path, steps: Steps
) -> EvaluationReport:
    """Compute features, train each kind in each fold, and judge; results in ``folder`` are used again.

    The same files, kinds and seed give the same report, byte for byte. Raises `ModelError` if a file can't be
    read, the data is too short for the folds, or a part of a fold lacks frauds or honest transactions.
    """
    study = _study(load_dataset(request.files, request.catalogue, folder, steps.on_progress), request.split)
    candidates = _candidates(kinds, request.catalogue, steps)
    scores = _scores(request, study, candidates, folder, steps)
    steps.on_progress("judging")
    blends = [
        blend(study.data, fold, rows, each, request.choice)
        for (fold, rows), each in zip(study.folds, scores, strict=True)
    ]
    judged = {name: [each.judged[name] for each in blends] for name in blends[0].judged}
    figures = {name: results(study.data, folds, request.team) for name, folds in judged.items()}
    facts = {**_facts(request, study), **shipping(figures), "weights": [each.weights for each in blends]}
    importance = _importance([each[MAIN] for each in scores], request.catalogue)
    return EvaluationReport({**figures, "data": facts}, study.data, judged, importance, request.team)


def _study(data: Dataset, options: SplitOptions) -> _Study:
    planned = plan(int(data.event_time_ms[0]), int(data.event_time_ms[-1]), options)
    study = _Study(data, planned, tuple(fold_rows(data, fold) for fold in planned.folds))
    for fold, rows in study.folds:
        known = data.known_fraud(fold.test_start_ms)
        _check_both(fold, "fit", known[rows.fit])
        _check_both(fold, "validation", known[rows.validation])
        _check_both(fold, "test", data.is_fraud[rows.test])
    return study


def _check_both(fold: Fold, part: str, is_fraud: np.ndarray[Any, np.dtype[np.bool_]]) -> None:
    frauds = int(is_fraud.sum())
    if not 0 < frauds < len(is_fraud):
        msg = (
            f"fold {fold.number}: {frauds} of the {len(is_fraud)} transactions in the {part} part are known "
            "frauds when the test begins; the part needs frauds and honest transactions: give more data or "
            "labels, fewer --folds, or a --delay-days that matches the delay of the labels"
        )
        raise ModelError(msg)


def _candidates(kinds: Mapping[str, Kind], catalogue: Catalogue, steps: Steps) -> list[Candidate]:
    """Return the kinds that can learn from the catalogue, and last the baseline that they must beat."""
    fitting = []
    for name, kind in kinds.items():
        objection = kind.reason_unsuitable(catalogue)
        if objection:
            steps.on_progress(f"skipped {name}: {objection}")
        else:
            fitting.append(candidate(kind, catalogue))
    return [*fitting, amount_only(kinds[MAIN])]


def _scores(
    request: EvaluationRequest, study: _Study, candidates: Sequence[Candidate], folder: Path, steps: Steps
) -> list[dict[str, FoldScores]]:
    """Return the scores of each candidate in each fold, by its name."""
    steps.expect(len(candidates) * len(study.folds))
    depends_on = {"seed": request.seed, "features": features_digest(request.files, request.catalogue)}
    found: list[dict[str, FoldScores]] = []
    for fold, rows in study.folds:
        found.append({})
        for each in candidates:
            path = scores_file(folder, each, fold, depends_on)
            with steps.step(f"fold {fold.number}: {each.name}"):
                if not path.is_file():
                    save(fit_and_score(each, study.data, rows, fold, request.seed), path)
                found[-1][each.name] = load(path)
    return found


def _importance(scores: Sequence[FoldScores], catalogue: Catalogue) -> dict[str, float]:
    """Return each feature's importance, averaged over the folds; empty if the main model has none."""
    sizes = np.mean([each.importance for each in scores], axis=0)
    if not len(sizes):
        return {}
    return {name: float(sizes[places].sum()) for name, places in catalogue.slices.items()}


def _facts(request: EvaluationRequest, study: _Study) -> dict[str, Any]:
    data = study.data
    return {
        "source": request.source,
        "transactions": len(data),
        "accounts": int(data.accounts.max()) + 1,
        "frauds": int(data.is_fraud.sum()),
        "base_rate": round(float(data.is_fraud.mean()), 6),
        "first_event_time": format_time(int(data.event_time_ms[0])),
        "last_event_time": format_time(int(data.event_time_ms[-1])),
        "features": len(request.catalogue.names),
        "catalogue_version": request.catalogue.version,
        "seed": request.seed,
        "split": asdict(study.planned.options),
        "note": study.planned.note,
        "alerts_per_day": request.team.alerts_per_day,
        "alert_cost_vnd": request.team.alert_cost_vnd,
        "threshold": request.choice.words,
        "folds": [_fold_facts(fold, rows) for fold, rows in study.folds],
    }


def _fold_facts(fold: Fold, rows: FoldRows) -> dict[str, Any]:
    return {
        "number": fold.number,
        "fit": rows.fit.stop - rows.fit.start,
        "validation": len(rows.validation),
        "test": len(rows.test),
        "left_out": rows.left_out,
        "test_start": format_time(fold.test_start_ms),
        "test_end": format_time(fold.test_end_ms),
    }

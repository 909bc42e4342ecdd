"""Evaluation report for people: a page in Markdown with its pictures beside it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes

from models.data.labelled_dataset import Dataset
from models.evaluation import pictures
from models.evaluation.baselines import AMOUNT_ONLY
from models.evaluation.blending import MAIN
from models.evaluation.judging import JudgedFold, Team, pooled

SHARES: Final = ("precision", "recall", "false_positive_rate", "money_saved_share", "mean_score", "base_rate")
"""Figures that are shown in per cent."""
_TITLES: Final = {
    "auc_roc": "ROC AUC",
    "average_precision": "average precision",
    "recall_at_fpr_0_5pct": "recall at 0.5 % false positives",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "false_positive_rate": "false-positive rate",
    "money_saved_share": "money saved",
    "brier": "Brier score",
    "mean_score": "mean score",
    "base_rate": "base rate",
}
_BY_TYPE: Final = (
    "frauds",
    "auc_roc",
    "average_precision",
    "recall_at_fpr_0_5pct",
    "recall",
    "money_saved_share",
)


_HEIGHT: Final = 4.2
_HEIGHTS: Final = {"importance": 6.0}
"""Heights of the pictures that differ from `_HEIGHT`, in inches."""

Plot = Callable[[Axes], None]


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """All data that the page is made from."""

    evaluation: Mapping[str, Any]
    """Content of the evaluation file."""
    data: Dataset
    judged: Mapping[str, Sequence[JudgedFold]]
    """Each model's folds; the baseline comes last."""
    importance: Mapping[str, float]
    team: Team


def write_report(report: EvaluationReport, path: Path) -> None:
    """Write the page, and its pictures into the folder ``<name>-pictures`` beside it."""
    folder = path.with_name(f"{path.stem}-pictures")
    folder.mkdir(parents=True, exist_ok=True)
    titles = _draw_all(report, folder)
    images = {name: f"![{title}]({folder.name}/{name}.svg)" for name, title in titles.items()}
    path.write_text("\n".join(_page(report, images)) + "\n")


def _draw_all(report: EvaluationReport, folder: Path) -> dict[str, str]:
    """Draw the pictures; returns the title of each by its name."""
    plots = _plots(report)
    for name, (_, plot) in plots.items():
        pictures.draw(folder / f"{name}.svg", plot, height=_HEIGHTS.get(name, _HEIGHT))
    return {name: title for name, (title, _) in plots.items()}


def _plots(report: EvaluationReport) -> dict[str, tuple[str, Plot]]:
    """Return title and plot of each picture that has something to show."""
    scored = {name: pooled(report.data, folds) for name, folds in report.judged.items()}
    curves = {name: report.evaluation[name]["calibration_curve"] for name in report.judged}
    plots: dict[str, tuple[str, Plot]] = {
        "precision-recall": ("precision by recall", partial(pictures.precision_by_recall, scored=scored)),
        "calibration": ("calibration", partial(pictures.calibration, curves=curves)),
        "scores": (f"scores of {_shipped(report)}", _scores_plot(report)),
        "money": ("money saved by alerts", _money_plot(report, scored)),
    }
    if _types(report):
        recalls = partial(pictures.by_fraud_type, recalls=_recalls(report))
        plots["fraud-types"] = ("recall by fraud type", recalls)
    if report.importance:
        plots["importance"] = ("importance", partial(pictures.importance, sizes=report.importance))
    return plots


def _scores_plot(report: EvaluationReport) -> Plot:
    folds = report.judged[_shipped(report)]
    is_fraud, scores = pooled(report.data, folds)
    thresholds = [fold.threshold for fold in folds]
    return partial(pictures.score_histogram, is_fraud=is_fraud, scores=scores, thresholds=thresholds)


def _money_plot(report: EvaluationReport, scored: pictures.Scored) -> Plot:
    # All models are tested on the same rows.
    folds = report.judged[MAIN]
    return partial(
        pictures.money_by_alerts,
        scored=scored,
        amount_vnd=report.data.amount_vnd[np.concatenate([fold.rows for fold in folds])],
        days=report.evaluation["data"]["split"]["test_days"] * len(folds),
        alert_cost_vnd=report.team.alert_cost_vnd,
    )


def _shipped(report: EvaluationReport) -> str:
    shipped: str = report.evaluation["data"]["ships"]
    return shipped


def _types(report: EvaluationReport) -> list[str]:
    return list(report.evaluation[MAIN]["by_fraud_type"])


def _recalls(report: EvaluationReport) -> dict[str, dict[str, dict[str, float | None]]]:
    return {
        model: {
            name: {"mean": figures["recall"], "sd": figures["sd"]["recall"]}
            for name, figures in report.evaluation[model]["by_fraud_type"].items()
        }
        for model in report.judged
    }


def _page(report: EvaluationReport, images: Mapping[str, str]) -> Iterator[str]:
    yield "# Evaluation\n"
    yield from _introduction(report)
    yield "\n## Models\n"
    yield from _models_table(report)
    yield ""
    yield from _verdicts(report)
    yield f"\n{images['precision-recall']}\n"
    yield "\n## Calibration\n"
    yield f"{images['calibration']}\n"
    yield f"{images['scores']}\n"
    yield "\n## Cost and savings\n"
    yield (
        f"A missed fraud costs its amount, an alert {report.team.alert_cost_vnd:,.0f} VND. Money saved "
        "is relative to alerting exactly the frauds that are worth an alert.\n"
    )
    yield f"{images['money']}\n"
    yield from _by_type(report, images)
    if "importance" in images:
        yield f"\n## Feature importance\n\n{images['importance']}\n"
    yield "\n## Folds\n"
    yield from _folds_table(report)


def _introduction(report: EvaluationReport) -> Iterator[str]:
    facts = report.evaluation["data"]
    split = facts["split"]
    yield (
        f"{facts['transactions']:,} transactions of {facts['accounts']:,} accounts, {facts['base_rate']:.2%} "
        f"of them fraud, from {facts['first_event_time']} to {facts['last_event_time']}, with "
        f"{facts['features']} features."
    )
    yield (
        f"{split['folds']} folds by time: each tests on {split['test_days']} days and trains on data that is "
        f"at least {split['delay_days']} days older. Accounts known to be compromised are left out of "
        "the tests. Mean ± standard deviation over the folds. See docs/models.md for the metrics."
    )
    if facts["note"]:
        yield f"\n**{facts['note']}**"


def _models_table(report: EvaluationReport) -> Iterator[str]:
    card = f"card_precision_at_{report.team.alerts_per_day}"
    titles = {**_TITLES, card: f"card precision at {report.team.alerts_per_day} per day"}
    models = list(report.judged)
    yield f"| | {' | '.join(models)} |"
    yield f"| --- |{' ---: |' * len(models)}"
    for metric in [name for name in report.evaluation[models[0]]["sd"] if name in titles]:
        cells = [_cell(report.evaluation[model], metric) for model in models]
        yield f"| {titles[metric]} | {' | '.join(cells)} |"


def _cell(figures: Mapping[str, Any], metric: str) -> str:
    mean = figures[metric]
    if mean is None:
        return "-"
    if metric not in figures["sd"]:
        return f"{mean:,.0f}"
    sd = figures["sd"][metric]
    if metric in SHARES:
        return f"{mean:.2%} ± {sd:.2%}"
    return f"{mean:.4f} ± {sd:.4f}" if metric == "brier" else f"{mean:.3f} ± {sd:.3f}"


def _verdicts(report: EvaluationReport) -> Iterator[str]:
    facts = report.evaluation["data"]
    main, baseline = report.evaluation[MAIN], report.evaluation[AMOUNT_ONLY]
    yield f"**{facts['ships']} ships.** {facts['ships_because']}"
    if main["average_precision"] is not None:
        yield (
            f"\nA model of the amount alone has an average precision of {baseline['average_precision']:.3f} "
            f"({MAIN}: {main['average_precision']:.3f}) and a ROC AUC of {baseline['auc_roc']:.3f} "
            f"({MAIN}: {main['auc_roc']:.3f})."
        )


def _by_type(report: EvaluationReport, images: Mapping[str, str]) -> Iterator[str]:
    if not _types(report):
        return
    shipped = _shipped(report)
    yield "\n## By fraud type\n"
    yield f"{shipped}, each type with all honest transactions:\n"
    yield f"| | {' | '.join('frauds per fold' if name == 'frauds' else _TITLES[name] for name in _BY_TYPE)} |"
    yield f"| --- |{' ---: |' * len(_BY_TYPE)}"
    for name, figures in report.evaluation[shipped]["by_fraud_type"].items():
        yield f"| {name} | {' | '.join(_cell(figures, metric) for metric in _BY_TYPE)} |"
    yield f"\n{images['fraud-types']}\n"


def _folds_table(report: EvaluationReport) -> Iterator[str]:
    yield "| fold | fit | validation | test | left out | test from | to |"
    yield "| ---: | ---: | ---: | ---: | ---: | --- | --- |"
    for fold in report.evaluation["data"]["folds"]:
        counts = " | ".join(f"{fold[name]:,}" for name in ("fit", "validation", "test", "left_out"))
        yield f"| {fold['number']} | {counts} | {fold['test_start']} | {fold['test_end']} |"

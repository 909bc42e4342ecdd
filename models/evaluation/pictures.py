"""Pictures of the report: SVG, with the same bytes for the same figures."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, PercentFormatter
from sklearn.metrics import precision_recall_curve

from models.score_metrics import savings_by_alerts

COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#555555")
"""Okabe and Ito's palette, which colour-blind people can distinguish; the last colour is for the baseline."""
STYLE: Final = {
    "svg.fonttype": "none",
    "svg.hashsalt": "evaluation",
    "font.family": "sans-serif",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e5e5e5",
    "axes.axisbelow": True,
}
POINTS: Final = 500
"""Points of a curve: more can't be seen, and would make the file large."""
SHOWN_FEATURES: Final = 20
MIN_PER_POINT: Final = 30
"""Transactions behind a point of the calibration curve: with fewer, the share is mostly chance."""
MAX_ALERTS_PER_FRAUD: Final = 4
"""Right end of the money curve, in alerts per fraud."""

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Scored = Mapping[str, tuple[Bools, Floats]]
"""By model: labels and probabilities of all tests."""


def draw(path: Path, plot: Callable[[Axes], None], *, height: float) -> None:
    """Draw one picture of this height in inches with ``plot``, and write it."""
    with rc_context(STYLE):
        figure = Figure(figsize=(7.2, height), layout="constrained")
        plot(figure.subplots())
        figure.savefig(path, metadata={"Date": None})


def colour(names: Sequence[str], name: str) -> str:
    """Return a model's colour, the same in all pictures; the last model is the baseline."""
    place = names.index(name)
    return COLOURS[-1] if place == len(names) - 1 else COLOURS[place % (len(COLOURS) - 1)]


def precision_by_recall(axes: Axes, scored: Scored) -> None:
    """Draw precision by recall, a curve for each model."""
    for name, (is_fraud, scores) in scored.items():
        precision, recall, _ = precision_recall_curve(is_fraud, scores)
        shown = _some(len(precision))
        axes.plot(recall[shown], precision[shown], label=name, color=colour(list(scored), name))
    axes.set(
        xlabel="recall: share of fraud that is found", ylabel="precision: share of alerts that are fraud"
    )
    _shares(axes, "x", "y")
    axes.legend(frameon=False)


def calibration(axes: Axes, curves: Mapping[str, Sequence[Mapping[str, float]]]) -> None:
    """Draw the share of fraud by the predicted probability: the nearer the diagonal, the better."""
    axes.plot([0, 1], [0, 1], color="#999999", linestyle="--", label="perfect")
    for name, all_bins in curves.items():
        bins = [each for each in all_bins if each["transactions"] >= MIN_PER_POINT]
        said, was = ([each[key] for each in bins] for key in ("mean_score", "fraud_share"))
        axes.plot(said, was, marker="o", label=name, color=colour(list(curves), name))
    axes.set(xlabel="predicted probability", ylabel="observed share of fraud")
    _shares(axes, "x", "y")
    axes.legend(frameon=False)


def score_histogram(axes: Axes, is_fraud: Bools, scores: Floats, thresholds: Sequence[float]) -> None:
    """Draw the number of honest transactions and frauds by probability, and the thresholds."""
    edges = np.linspace(0, 1, 41)
    for label, rows, tone in (("honest", ~is_fraud, COLOURS[0]), ("fraud", is_fraud, COLOURS[1])):
        axes.stairs(
            np.histogram(scores[rows], edges)[0], edges, fill=True, alpha=0.6, color=tone, label=label
        )
    for number, threshold in enumerate(thresholds):
        axes.axvline(
            threshold, color="#333333", linestyle=":", label=None if number else "threshold of each fold"
        )
    axes.set(xlabel="probability", ylabel="transactions", yscale="log")
    _shares(axes, "x")
    axes.legend(frameon=False)


def money_by_alerts(axes: Axes, scored: Scored, amount_vnd: Floats, days: int, alert_cost_vnd: float) -> None:
    """Draw the money saved per day by the number of alerts that a team looks at per day."""
    for name, (is_fraud, scores) in scored.items():
        saved_vnd = savings_by_alerts(is_fraud, scores, amount_vnd, alert_cost_vnd)
        most = min(len(saved_vnd) - 1, MAX_ALERTS_PER_FRAUD * int(is_fraud.sum()))
        alerts = _some(most + 1)
        axes.plot(alerts / days, saved_vnd[alerts] / days, label=name, color=colour(list(scored), name))
    axes.axhline(0, color="#999999", linewidth=1)
    axes.set(xlabel="alerts per day, highest probabilities first", ylabel="VND saved per day")
    axes.yaxis.set_major_formatter(FuncFormatter(_short_amount))
    axes.legend(frameon=False)


def importance(axes: Axes, sizes: Mapping[str, float]) -> None:
    """Draw the features that move the trees' scores most, the largest at the top."""
    names = sorted(sizes, key=lambda name: (-sizes[name], name))[:SHOWN_FEATURES]
    axes.barh(names[::-1], [sizes[name] for name in names[::-1]], color=COLOURS[0])
    axes.set(xlabel="mean absolute contribution to the log-odds (SHAP)")
    axes.grid(visible=False, axis="y")


def by_fraud_type(axes: Axes, recalls: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> None:
    """Draw each model's recall at its threshold by fraud type, with its standard deviation over folds."""
    models = list(recalls)
    types = list(recalls[models[0]])
    width = 0.8 / len(models)
    for place, model in enumerate(models):
        found = [recalls[model][name] for name in types]
        means, sds = ([each[key] or 0.0 for each in found] for key in ("mean", "sd"))
        left = np.arange(len(types)) - 0.4 + (place + 0.5) * width
        axes.bar(left, means, width, yerr=sds, label=model, color=colour(models, model), ecolor="#777777")
    axes.set_xticks(range(len(types)), [name.replace("_", " ") for name in types])
    axes.set(ylabel="recall at the threshold")
    axes.set_ylim(0, 1)
    axes.grid(visible=False, axis="x")
    _shares(axes, "y")
    axes.legend(frameon=False, ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1.0))


def _some(count: int) -> npt.NDArray[np.intp]:
    """Return at most `POINTS` of ``count`` places, both ends included."""
    places: npt.NDArray[np.intp] = np.unique(np.linspace(0, count - 1, POINTS).astype(np.intp))
    return places


def _shares(axes: Axes, *sides: str) -> None:
    for side in sides:
        getattr(axes, f"{side}axis").set_major_formatter(PercentFormatter(1.0))


def _short_amount(amount_vnd: float, _: object) -> str:
    for size, unit in ((1e9, "bn"), (1e6, "m"), (1e3, "k")):
        if abs(amount_vnd) >= size:
            return f"{amount_vnd / size:g} {unit}"
    return f"{amount_vnd:g}"

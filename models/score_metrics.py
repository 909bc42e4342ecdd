"""Metrics of scores as fraud teams use them: pure functions of arrays with one row per transaction."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from fraudstream.domain.duration import DAY_MS

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

ALERTS_PER_DAY: Final = 100
"""Accounts that a team looks at per day; the Fraud Detection Handbook's figure."""
LOW_FALSE_POSITIVE_RATE: Final = 0.005
"""One honest transaction in 200."""
ALERT_COST_VND: Final = 50_000.0
"""Cost of a quarter of an hour of an analyst; this project's assumption."""
CALIBRATION_BINS: Final = 10


def auc_roc(is_fraud: Bools, scores: Floats) -> float | None:
    """Return how often a fraud scores higher than an honest transaction; None without both classes."""
    return float(roc_auc_score(is_fraud, scores)) if _has_both(is_fraud) else None


def average_precision(is_fraud: Bools, scores: Floats) -> float | None:
    """Return the precision averaged over the recall; None without a fraud."""
    return float(average_precision_score(is_fraud, scores)) if is_fraud.any() else None


def recall_at_false_positive_rate(is_fraud: Bools, scores: Floats, rate: float) -> float | None:
    """Return the highest recall at a false-positive rate of at most ``rate``; None without both classes."""
    if not _has_both(is_fraud):
        return None
    false_positive_rates, recalls, _ = roc_curve(is_fraud, scores, drop_intermediate=False)
    return float(recalls[false_positive_rates <= rate].max())


def card_precision(
    is_fraud: Bools,
    scores: Floats,
    accounts: npt.NDArray[np.int32],
    event_time_ms: npt.NDArray[np.int64],
    alerts_per_day: int = ALERTS_PER_DAY,
) -> float | None:
    """Return the share of compromised accounts among the ``alerts_per_day`` highest, averaged over days.

    The score of an account is its highest of the day; it is compromised if one of its transactions that day
    is a fraud. Compromised accounts that are found are left out on later days. The handbook's
    ``card_precision_top_k`` does the same; as there, a day with fewer accounts still has ``alerts_per_day``
    in the denominator. None without a transaction.
    """
    found = np.zeros(int(accounts.max(initial=-1)) + 1, dtype=np.bool_)
    precisions = []
    for day in _days(event_time_ms):
        rows = day[~found[accounts[day]]]
        caught = _caught(is_fraud[rows], scores[rows], accounts[rows], alerts_per_day)
        found[caught] = True
        precisions.append(len(caught) / alerts_per_day)
    return float(np.mean(precisions)) if precisions else None


def _days(event_time_ms: npt.NDArray[np.int64]) -> Iterator[npt.NDArray[np.intp]]:
    days = event_time_ms // DAY_MS
    for day in np.unique(days):
        yield np.flatnonzero(days == day)


def _caught(
    is_fraud: Bools, scores: Floats, accounts: npt.NDArray[np.int32], alerts: int
) -> npt.NDArray[np.int32]:
    """Return the compromised accounts among the ``alerts`` accounts with the highest scores of a day."""
    cards, places = np.unique(accounts, return_inverse=True)
    highest = np.full(len(cards), -np.inf)
    np.maximum.at(highest, places, scores)
    compromised = np.zeros(len(cards), dtype=np.bool_)
    compromised[places[is_fraud]] = True
    top = np.argsort(-highest, kind="stable")[:alerts]
    caught: npt.NDArray[np.int32] = cards[top[compromised[top]]]
    return caught


def at_threshold(is_fraud: Bools, scores: Floats, threshold: float) -> dict[str, float | None]:
    """Return precision, recall, F1 and false-positive rate of alerts at and above the threshold.

    A share of nothing is None, except that the precision of no alerts is 0 if there was fraud to find.
    """
    alerts = scores >= threshold
    hits, raised, frauds = (int(rows.sum()) for rows in (alerts & is_fraud, alerts, is_fraud))
    return {
        "precision": _share(hits, raised) if raised or not frauds else 0.0,
        "recall": _share(hits, frauds),
        "f1": _share(2 * hits, raised + frauds),
        "false_positive_rate": _share(raised - hits, len(is_fraud) - frauds),
    }


def brier(is_fraud: Bools, scores: Floats) -> float | None:
    """Return the mean squared difference of score and label; None without a transaction."""
    return float(np.mean((scores - is_fraud) ** 2)) if len(scores) else None


def calibration_curve(
    is_fraud: Bools, scores: Floats, bins: int = CALIBRATION_BINS
) -> list[dict[str, float]]:
    """Return mean score, share of fraud and number of transactions of each bin; empty bins are left out.

    The bins have equal width.
    """
    places = np.minimum((scores * bins).astype(np.intp), bins - 1)
    return [
        {
            "mean_score": float(scores[places == place].mean()),
            "fraud_share": float(is_fraud[places == place].mean()),
            "transactions": int((places == place).sum()),
        }
        for place in np.unique(places)
    ]


def money(
    is_fraud: Bools, alerts: Bools, amount_vnd: Floats, alert_cost_vnd: float = ALERT_COST_VND
) -> dict[str, float | None]:
    """Return the savings by alerts: a missed fraud costs its amount, and each alert ``alert_cost_vnd``.

    ``money_saved_share`` is 0 without a model, and 1 for alerts on exactly the frauds that are worth an
    alert; below 0 the alerts cost more than they save. It is None if nothing can be saved.
    """
    saved_vnd = float(amount_vnd[alerts & is_fraud].sum()) - alert_cost_vnd * int(alerts.sum())
    best_vnd = float(np.maximum(amount_vnd[is_fraud] - alert_cost_vnd, 0.0).sum())
    return {
        "money_saved_vnd": saved_vnd,
        "money_lost_without_model_vnd": float(amount_vnd[is_fraud].sum()),
        "money_saved_share": saved_vnd / best_vnd if best_vnd else None,
    }


def savings_by_alerts(
    is_fraud: Bools, scores: Floats, amount_vnd: Floats, alert_cost_vnd: float = ALERT_COST_VND
) -> Floats:
    """Return the savings in VND of 0, 1, 2, ... alerts, those with the highest scores first."""
    order = np.argsort(-scores, kind="stable")
    gains = np.where(is_fraud, amount_vnd, 0.0)[order] - alert_cost_vnd
    return np.concatenate([[0.0], np.cumsum(gains)])


def measure(  # noqa: PLR0913 - what transactions have, and what the team's work costs
    *,
    is_fraud: Bools,
    scores: Floats,
    threshold: float,
    amount_vnd: Floats,
    accounts: npt.NDArray[np.int32],
    event_time_ms: npt.NDArray[np.int64],
    alerts_per_day: int = ALERTS_PER_DAY,
    alert_cost_vnd: float = ALERT_COST_VND,
) -> dict[str, Any]:
    """Return all of these metrics by name; ``scores`` are probabilities."""
    return {
        "auc_roc": auc_roc(is_fraud, scores),
        "average_precision": average_precision(is_fraud, scores),
        f"card_precision_at_{alerts_per_day}": card_precision(
            is_fraud, scores, accounts, event_time_ms, alerts_per_day
        ),
        "recall_at_fpr_0_5pct": recall_at_false_positive_rate(is_fraud, scores, LOW_FALSE_POSITIVE_RATE),
        **at_threshold(is_fraud, scores, threshold),
        "brier": brier(is_fraud, scores),
        "mean_score": float(scores.mean()) if len(scores) else None,
        "base_rate": float(is_fraud.mean()) if len(scores) else None,
        **money(is_fraud, scores >= threshold, amount_vnd, alert_cost_vnd),
        "transactions": len(scores),
        "frauds": int(is_fraud.sum()),
    }


def _has_both(is_fraud: Bools) -> bool:
    return bool(is_fraud.any() and not is_fraud.all())


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None

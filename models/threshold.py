"""Choice of the alert threshold, on transactions later than those of training."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from fraudstream.scoring.members.member import Scores

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class JudgedTransactions:
    """Transactions with known labels, and their probabilities."""

    scores: Scores
    is_fraud: Bools
    amount_vnd: Floats
    days: float
    """Time span of the transactions."""


class ThresholdChoice(Protocol):
    """Method of choosing a threshold; needs at least one transaction."""

    def threshold(self, judged: JudgedTransactions) -> float:
        """Return a threshold from 0 to 1; alerts are sent at and above it."""

    @property
    def words(self) -> str:
        """Description of the method, for the manifest."""


@dataclass(frozen=True, slots=True)
class LeastCost:
    """Lowest total cost of missed frauds, each its amount, and of alerts, each the cost to look at it."""

    alert_cost_vnd: float

    def threshold(self, judged: JudgedTransactions) -> float:
        """Return the threshold that saves most, the highest if several do; 1 if alerts only cost."""
        scores, order, alerts = _cuts(judged.scores)
        gains_vnd = np.where(judged.is_fraud, judged.amount_vnd, 0.0) - self.alert_cost_vnd
        saved_vnd = np.cumsum(gains_vnd[order])[alerts - 1]
        return float(scores[np.argmax(saved_vnd)]) if saved_vnd.max() > 0 else 1.0

    @property
    def words(self) -> str:
        """Description of the method, for the manifest."""
        return f"the least cost: a missed fraud costs its amount, an alert {self.alert_cost_vnd:,.0f} VND"


@dataclass(frozen=True, slots=True)
class BestF1:
    """Highest harmonic mean of precision and recall."""

    def threshold(self, judged: JudgedTransactions) -> float:
        """Return the threshold with the highest F1, the highest threshold if several have it."""
        scores, order, alerts = _cuts(judged.scores)
        hits = np.cumsum(judged.is_fraud[order])[alerts - 1]
        return float(scores[np.argmax(2 * hits / (alerts + judged.is_fraud.sum()))])

    @property
    def words(self) -> str:
        """Description of the method, for the manifest."""
        return "the highest F1"


@dataclass(frozen=True, slots=True)
class AlertBudget:
    """At most as many alerts as a team can look at."""

    alerts_per_day: float

    def threshold(self, judged: JudgedTransactions) -> float:
        """Return the lowest threshold within the budget, on average; 1 if even one alert is too many."""
        scores, _, alerts = _cuts(judged.scores)
        affordable = scores[alerts <= self.alerts_per_day * judged.days]
        return float(affordable[-1]) if len(affordable) else 1.0

    @property
    def words(self) -> str:
        """Description of the method, for the manifest."""
        return f"at most {self.alerts_per_day:,g} alerts a day"


def _cuts(scores: Scores) -> tuple[Scores, npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the distinct thresholds, highest first, the order of the rows, and each threshold's alerts."""
    order = np.argsort(-scores, kind="stable")
    falling = scores[order]
    is_last = np.append(falling[1:] != falling[:-1], True)
    alerts = np.flatnonzero(is_last) + 1
    return falling[alerts - 1], order, alerts


def parse_choice(text: str) -> ThresholdChoice:
    """Parse ``cost:50000`` (VND an alert), ``alerts:100`` (a day) or ``f1``; else raises ``ValueError``."""
    name, _, number = text.partition(":")
    if text == "f1":
        return BestF1()
    if name == "cost" and _is_amount(number):
        return LeastCost(float(number))
    if name == "alerts" and _is_amount(number):
        return AlertBudget(float(number))
    msg = f"invalid threshold {text!r}: use cost:50000 (VND per alert), alerts:100 (per day) or f1"
    raise ValueError(msg)


def _is_amount(text: str) -> bool:
    try:
        return 0 < float(text) < np.inf
    except ValueError:
        return False

"""Splits of the time line into the four parts that a version is trained on.

|------- fit -------|-- weights --|-- choice --|   label delay   |---- test ----|
  members             blend         ensemble or not,               measured once
                                    calibration, threshold
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from fraudstream.domain.duration import DAY_MS
from fraudstream.domain.transaction import format_time
from fraudstream.scoring.manifest import ModelError
from fraudstream.scoring.members.member import Features
from models.data.labelled_dataset import Dataset
from models.time_folds import Fold, SplitOptions, fold_rows, plan

SPLIT: Final = SplitOptions(folds=1, test_days=14, validation_days=14)
"""Two weeks for choices and two for the test, so that both have every day of the week; the rest is for
fitting."""


@dataclass(frozen=True, slots=True)
class Split:
    """Transactions of one part, in event-time order."""

    features: Features
    is_fraud: npt.NDArray[np.bool_]
    """All labels for the test; for the parts before it, those known when the test began."""
    fraud_types: npt.NDArray[np.int8]
    accounts: npt.NDArray[np.int32]
    amount_vnd: npt.NDArray[np.float64]
    event_time_ms: npt.NDArray[np.int64]

    @property
    def days(self) -> float:
        """Days from the first transaction to the last."""
        return float(self.event_time_ms[-1] - self.event_time_ms[0]) / DAY_MS

    @property
    def facts(self) -> dict[str, str | int]:
        """Description of the part, for the manifest."""
        first, last = (format_time(int(self.event_time_ms[row])) for row in (0, -1))
        return {
            "from": first,
            "to": last,
            "transactions": len(self.is_fraud),
            "frauds": int(self.is_fraud.sum()),
        }


@dataclass(frozen=True, slots=True)
class TrainingSplits:
    """The parts of a data set."""

    fit: Split
    weights: Split
    choice: Split
    test: Split

    @property
    def named(self) -> Mapping[str, Split]:
        """All parts by name, the earliest first."""
        return {"fit": self.fit, "weights": self.weights, "choice": self.choice, "test": self.test}


def training_splits(data: Dataset) -> TrainingSplits:
    """Split a data set by time; accounts known as compromised are left out of the test.

    Raises `ModelError` if the data is too short, or a part has only frauds or only honest transactions.
    """
    fold = plan(int(data.event_time_ms[0]), int(data.event_time_ms[-1]), SPLIT).folds[0]
    rows = fold_rows(data, fold)
    known = data.known_fraud(fold.test_start_ms)
    weights, choice = _halves(data, fold)
    splits = TrainingSplits(
        fit=_split(data, rows.fit, known),
        weights=_split(data, weights, known),
        choice=_split(data, choice, known),
        test=_split(data, rows.test, data.is_fraud),
    )
    for name, split in splits.named.items():
        _check_has_both(name, split.is_fraud)
    return splits


def _halves(data: Dataset, fold: Fold) -> tuple[slice, slice]:
    middle_ms = (fold.validation_start_ms + fold.validation_end_ms) // 2
    edges_ms = (fold.validation_start_ms, middle_ms, fold.validation_end_ms)
    first, middle, end = np.searchsorted(data.event_time_ms, edges_ms).tolist()
    return slice(first, middle), slice(middle, end)


def _split(data: Dataset, rows: slice | npt.NDArray[np.intp], is_fraud: npt.NDArray[np.bool_]) -> Split:
    return Split(
        features=data.features[rows],
        is_fraud=is_fraud[rows],
        fraud_types=data.fraud_types[rows],
        accounts=data.accounts[rows],
        amount_vnd=data.amount_vnd[rows],
        event_time_ms=data.event_time_ms[rows],
    )


def _check_has_both(name: str, is_fraud: npt.NDArray[np.bool_]) -> None:
    frauds = int(is_fraud.sum())
    if not 0 < frauds < len(is_fraud):
        msg = (
            f"the part {name!r} has {frauds} known frauds among {len(is_fraud)} transactions, but needs "
            "frauds and honest transactions; give more data or more labels"
        )
        raise ModelError(msg)

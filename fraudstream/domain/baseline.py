"""Account baselines: the usual value of a feature for an account, derived from the same feature vector.

There is no state and no look-up, so the baselines of an alert can be recomputed from the stored features.
A feature has no baseline if the catalogue lacks the features that it is derived from, or if the account has
no history.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import Final, Protocol

from fraudstream.domain.catalogue import Catalogue, TransactionFeature, WindowFeature
from fraudstream.domain.duration import SECOND_MS

Vector = Sequence[float]
"""A feature vector as Python floats (not numpy's), in the catalogue's order; NaN if missing."""
MIN_TRANSACTIONS: Final = 3
"""Fewest other transactions of an account for a baseline; the number is this project's choice."""
_TOLD_BY: Final[Mapping[str, str]] = {
    "count": "count",
    "sum": "sum",
    "mean": "mean",
    "seconds_since_previous": "count",
}
"""By statistic of a window: the statistic over a longer window that its baseline is derived from."""


class Baseline(Protocol):
    """Derives the account baseline of one feature."""

    def of(self, vector: Vector) -> float:
        """Return the baseline; NaN if it can't be derived from the vector."""


@dataclass(frozen=True, slots=True)
class _Unknown:
    def of(self, vector: Vector) -> float:  # noqa: ARG002 - part of the protocol
        return nan


@dataclass(frozen=True, slots=True)
class _Rest:
    """The part of the account's longest window that lies outside the window of the feature."""

    place: int
    longer: int

    def of(self, vector: Vector) -> float:
        return vector[self.longer] - vector[self.place]


@dataclass(frozen=True, slots=True)
class _Count:
    """Baseline of a count: the transaction itself, plus the expected number of others in such a window."""

    transactions: _Rest
    share: float

    def of(self, vector: Vector) -> float:
        transactions = self.transactions.of(vector)
        return 1 + self.share * transactions if transactions >= MIN_TRANSACTIONS else nan


@dataclass(frozen=True, slots=True)
class _Sum:
    """Baseline of a sum: the mean of one transaction, plus the expected sum of others in such a window."""

    added: _Rest
    transactions: _Rest
    share: float

    def of(self, vector: Vector) -> float:
        transactions = self.transactions.of(vector)
        if not transactions >= MIN_TRANSACTIONS:
            return nan
        return self.added.of(vector) * (1 / transactions + self.share)


@dataclass(frozen=True, slots=True)
class _MeanBefore:
    """Baseline of a column: the mean that its ``ratio_to_mean`` was computed with."""

    place: int
    ratio: int

    def of(self, vector: Vector) -> float:
        ratio = vector[self.ratio]
        return vector[self.place] / ratio if ratio else nan


@dataclass(frozen=True, slots=True)
class _Other:
    """Baseline that is another feature: the mean over a longer window, or the share of a flag."""

    place: int

    def of(self, vector: Vector) -> float:
        return vector[self.place]


@dataclass(frozen=True, slots=True)
class _MeanGap:
    """Mean seconds between two transactions: the length of a window divided by its count."""

    count: int
    window_seconds: float

    def of(self, vector: Vector) -> float:
        count = vector[self.count]
        # The count includes the transaction itself.
        return self.window_seconds / count if count > MIN_TRANSACTIONS else nan


def account_baselines(catalogue: Catalogue) -> tuple[Baseline, ...]:
    """Return the account baseline of each feature of the catalogue, in its order.

    - ``count`` and ``sum`` of the account: the expected value at one of its transactions, derived from the
      rest of its longest window with the same statistic if that holds `MIN_TRANSACTIONS` or more.
    - ``mean`` of the account: the mean over its longest window.
    - ``seconds_since_previous`` of the account: the mean gap over the longest window with a count.
    - value: the mean that ``ratio_to_mean`` compares it with (in the built-in catalogue, the account's month
      before the transaction), else the mean of the longest window.
    - flag: the share of the account's transactions for which it is 1.
    """
    finder = _Finder(catalogue)
    return tuple(
        finder.of_row(feature) if isinstance(feature, TransactionFeature) else finder.of_window(feature)
        for feature in catalogue.features
    )


class _Finder:
    """Finds the account's features from which the baseline of another feature is derived."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._places = {name: place.start for name, place in catalogue.slices.items()}
        self._of_account = [feature for feature in catalogue.windows if feature.entity == "account_id"]
        self._counts = {
            feature.window_ms: self._places[feature.name]
            for feature in self._of_account
            if feature.statistic == "count" and not feature.delay_ms
        }

    def of_row(self, feature: TransactionFeature) -> Baseline:
        column = feature.name if feature.statistic != "value" else feature.column
        ratio = self._longest("ratio_to_mean", column)
        if ratio is not None and feature.statistic == "value":
            return _MeanBefore(self._places[feature.name], self._places[ratio.name])
        mean = self._longest("mean", column)
        return _Other(self._places[mean.name]) if mean else _Unknown()

    def of_window(self, feature: WindowFeature) -> Baseline:
        longer = self._longest(_TOLD_BY.get(feature.statistic, ""), feature.column)
        if feature.entity != "account_id" or longer is None:
            return _Unknown()
        if feature.statistic == "seconds_since_previous":
            return _MeanGap(self._places[longer.name], longer.window_ms / SECOND_MS)
        if longer.window_ms <= feature.window_ms:
            return _Unknown()
        if feature.statistic == "mean":
            return _Other(self._places[longer.name])
        return self._by_the_rest(feature, longer)

    def _by_the_rest(self, feature: WindowFeature, longer: WindowFeature) -> Baseline:
        own, others = self._counts.get(feature.window_ms), self._counts.get(longer.window_ms)
        # The formulas assume windows that include the transaction itself; those with a delay exclude it.
        if feature.delay_ms or longer.delay_ms or own is None or others is None:
            return _Unknown()
        share = feature.window_ms / (longer.window_ms - feature.window_ms)
        if feature.statistic == "count":
            return _Count(_Rest(own, others), share)
        added = _Rest(self._places[feature.name], self._places[longer.name])
        return _Sum(added, _Rest(own, others), share)

    def _longest(self, statistic: str, column: str | None) -> WindowFeature | None:
        """Return the account's feature with the longest window; None if there is no such feature."""
        fitting = [one for one in self._of_account if one.statistic == statistic and one.column == column]
        return max(fitting, key=lambda feature: feature.window_ms, default=None)

"""What is usual for an account, worked out from the other features of the same vector.

No state and no look-up: what an alert says is usual can be worked out again from the stored features.
A catalogue without the features that it takes has none, nor has an account without a past.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import Final, Protocol

from fraudstream.domain.catalogue import Catalogue, TransactionFeature, WindowFeature
from fraudstream.domain.duration import SECOND_MS

Vector = Sequence[float]
"""Python's own numbers, in the catalogue's order; NaN if missing."""
FEWEST_TRANSACTIONS: Final = 3
"""An account with fewer others has no habits yet; the number is this project's choice."""
_TOLD_BY: Final[Mapping[str, str]] = {
    "count": "count",
    "sum": "sum",
    "mean": "mean",
    "seconds_since_previous": "count",
}
"""Of which statistic over a longer window one tells what is usual for another."""


class Baseline(Protocol):
    """Works out what is usual for an account."""

    def of(self, vector: Vector) -> float:
        """Return it; NaN if the vector does not tell."""


@dataclass(frozen=True, slots=True)
class _Unknown:
    def of(self, vector: Vector) -> float:  # noqa: ARG002 - the protocol's
        return nan


@dataclass(frozen=True, slots=True)
class _Rest:
    """What lies in an account's longest window, but not in the one that is judged."""

    place: int
    longer: int

    def of(self, vector: Vector) -> float:
        return vector[self.longer] - vector[self.place]


@dataclass(frozen=True, slots=True)
class _Count:
    """What a transaction of the account usually counts: itself, and what comes by chance in such a window."""

    transactions: _Rest
    share: float

    def of(self, vector: Vector) -> float:
        transactions = self.transactions.of(vector)
        return 1 + self.share * transactions if transactions >= FEWEST_TRANSACTIONS else nan


@dataclass(frozen=True, slots=True)
class _Sum:
    """The same of a sum: what a transaction usually adds, and what comes by chance in such a window."""

    added: _Rest
    transactions: _Rest
    share: float

    def of(self, vector: Vector) -> float:
        transactions = self.transactions.of(vector)
        if not transactions >= FEWEST_TRANSACTIONS:
            return nan
        return self.added.of(vector) * (1 / transactions + self.share)


@dataclass(frozen=True, slots=True)
class _MeanBefore:
    """A column: the mean that its ratio to the mean was made with."""

    place: int
    ratio: int

    def of(self, vector: Vector) -> float:
        ratio = vector[self.ratio]
        return vector[self.place] / ratio if ratio else nan


@dataclass(frozen=True, slots=True)
class _Other:
    """What another feature says: the mean over a longer window, or the share of a flag."""

    place: int

    def of(self, vector: Vector) -> float:
        return vector[self.place]


@dataclass(frozen=True, slots=True)
class _MeanGap:
    """The seconds between two transactions: a window's length by how many it has."""

    count: int
    window_seconds: float

    def of(self, vector: Vector) -> float:
        count = vector[self.count]
        # The transaction itself is one more.
        return self.window_seconds / count if count > FEWEST_TRANSACTIONS else nan


def account_baselines(catalogue: Catalogue) -> tuple[Baseline, ...]:
    """Return for each feature of the catalogue, in its order, how to tell what is usual for the account.

    - ``count``, ``sum`` of the account: what one of its transactions usually sees, by the rest of its
      longest window of the kind, if `FEWEST_TRANSACTIONS` lie there.
    - ``mean`` of the account: that of its longest window.
    - ``seconds_since_previous`` of the account: its mean over the longest window with a count.
    - a value: the mean of the month before, or whatever ``ratio_to_mean`` compares it with; else the
      mean of the longest window.
    - a flag: the share of the account's transactions for which it is 1.
    """
    finder = _Finder(catalogue)
    return tuple(
        finder.of_row(feature) if isinstance(feature, TransactionFeature) else finder.of_window(feature)
        for feature in catalogue.features
    )


class _Finder:
    """Finds the features of the account that say what is usual for another one."""

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
        # Windows with a delay leave the transaction itself out.
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

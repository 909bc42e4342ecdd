"""Comparison of the features of two runs, with a cause for each difference. Pure: no I/O, no clock."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from alerts.order import OrderChange
from fraudstream.domain.catalogue import Catalogue, Entity, Feature, WindowFeature
from fraudstream.domain.features import METADATA_VERSION
from fraudstream.domain.transaction import TransactionKey

Cause = Literal["others", "reordered", "labels", "metadata", "model", "features", "unexplained"]
"""Cause of a difference.

- ``others``: other transactions of the entity came before this one.
- ``reordered``: the same transactions came before, in another order. The order matters if two have the same
  event time, and where a long history is condensed.
- ``labels``: the feature depends on labels, whose arrival is not recorded.
- ``metadata``: the feature depends on the customers' metadata, and these had another version; or a window of
  them, for which the versions of other transactions count too.
- ``model``, ``features``: causes of a different score: another model, or other feature values.
- ``unexplained``: none of these.
"""

TOLERANCE: Final = 1e-9
"""Tolerance of a comparison: relative, and absolute near 0. The drill compares features with the reference
by the same tolerance."""
SCORE: Final = "score"
"""Name of the score among the features' names."""

Scored = Mapping[str, Any]
"""A record of the stream of scored transactions, with the outcome ``new``."""


@dataclass(slots=True)
class FeatureDifference:
    """A feature, or the score, that differs between the runs.

    ``example`` is a transaction with a difference, None before the first one; ``before`` and ``after`` are
    its two values.
    """

    name: str
    causes: Counter[Cause] = field(default_factory=Counter)
    largest: float | None = None
    """The largest difference between two numbers; None if no two numbers differ, only nulls or lists."""
    example: TransactionKey | None = None
    before: object = None
    after: object = None

    @property
    def differing(self) -> int:
        """Number of transactions in which it differs."""
        return self.causes.total()

    def add(self, transaction: TransactionKey, before: object, after: object, cause: Cause) -> None:
        """Count a transaction. The example is the first unexplained one, else the largest difference."""
        is_first_unexplained = cause == "unexplained" and not self.causes[cause]
        size = _size(before, after)
        is_largest = size is not None and (self.largest is None or size > self.largest)
        if is_first_unexplained or not self.causes or (is_largest and not self.causes["unexplained"]):
            self.example, self.before, self.after = transaction, before, after
        if is_largest:
            self.largest = size
        self.causes[cause] += 1


class FeaturesComparison:
    """Compares the records of two runs with the same catalogue, transaction by transaction."""

    def __init__(self, catalogue: Catalogue, changes: Mapping[Entity, OrderChange]) -> None:
        self._behind = catalogue.entities_behind
        self._of_labels = _names_of_labels(catalogue.features)
        self._of_metadata, self._of_windows_of_metadata = _names_of_metadata(catalogue)
        self._changes = changes
        self._found: dict[str, FeatureDifference] = {}
        self.compared = 0

    def add(self, before: Scored, after: Scored) -> None:
        """Compare the records of one transaction."""
        self.compared += 1
        transaction = TransactionKey.of(after)
        for name, value in before["features"].items():
            other = after["features"][name]
            if not is_same(value, other):
                has_new_metadata = before.get(METADATA_VERSION) != after.get(METADATA_VERSION)
                cause = self._cause(name, transaction, has_new_metadata=has_new_metadata)
                self._differs(name, transaction, value, other, cause)
        if not is_same(before["score"], after["score"]):
            cause = _cause_of_score(before, after)
            self._differs(SCORE, transaction, before["score"], after["score"], cause)

    def found(self) -> list[FeatureDifference]:
        """Return the differing features, those with the most unexplained differences first, then by count."""
        return sorted(
            self._found.values(), key=lambda each: (-each.causes["unexplained"], -each.differing, each.name)
        )

    def _differs(
        self, name: str, transaction: TransactionKey, before: object, after: object, cause: Cause
    ) -> None:
        self._found.setdefault(name, FeatureDifference(name)).add(transaction, before, after, cause)

    def _cause(self, name: str, transaction: TransactionKey, *, has_new_metadata: bool) -> Cause:
        changes = [self._changes[entity] for entity in self._behind[name]]
        if any(transaction in change.others for change in changes):
            return "others"
        if any(transaction in change.reordered for change in changes):
            return "reordered"
        if name in self._of_windows_of_metadata or (has_new_metadata and name in self._of_metadata):
            return "metadata"
        return "labels" if name in self._of_labels else "unexplained"


def is_same(value: object, other: object) -> bool:
    """Return whether two values are equal within `TOLERANCE`, lists by element; null equals only null."""
    if isinstance(value, int | float) and isinstance(other, int | float):
        return math.isclose(value, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    if isinstance(value, list) and isinstance(other, list):
        return len(value) == len(other) and all(map(is_same, value, other))
    return value == other


def _names_of_labels(features: Iterable[Feature]) -> frozenset[str]:
    names: set[str] = set()
    for feature in features:
        if isinstance(feature, WindowFeature):
            is_of_labels = feature.statistic == "fraud_rate"
        else:
            is_of_labels = not names.isdisjoint(feature.of)
        if is_of_labels:
            names.add(feature.name)
    return frozenset(names)


def _names_of_metadata(catalogue: Catalogue) -> tuple[frozenset[str], frozenset[str]]:
    """Return the features that depend on metadata, and those of them that do so through a window."""
    names = set(catalogue.of_customers)
    through_windows: set[str] = set()
    for feature in catalogue.features:
        if isinstance(feature, WindowFeature):
            if feature.name in names or feature.refers_to in names:
                through_windows.add(feature.name)
        elif not names.isdisjoint(feature.of):
            names.add(feature.name)
            if not through_windows.isdisjoint(feature.of):
                through_windows.add(feature.name)
        names |= through_windows
    return frozenset(names), frozenset(through_windows)


def _cause_of_score(before: Scored, after: Scored) -> Cause:
    if before["model_version"] != after["model_version"]:
        return "model"
    # Compared exactly: a tree may split between two values that differ only in the last bit.
    return "features" if before["features"] != after["features"] else "unexplained"


def _size(before: object, after: object) -> float | None:
    if isinstance(before, int | float) and isinstance(after, int | float):
        return abs(after - before)
    return None

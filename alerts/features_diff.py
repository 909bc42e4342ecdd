"""Which features of two runs differ, and whether the order of the transactions explains it. Pure."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from alerts.order import OrderChange
from fraudstream.domain.catalogue import Catalogue, Entity, Feature, WindowFeature

Cause = Literal["others", "reordered", "labels", "model", "features", "unexplained"]
"""Why a value may differ. ``others``: other transactions of the entity came before this one; ``reordered``:
the same ones, in another order, which matters where two have the same event time and where a long history
is condensed; ``labels``: nothing records when a label came; ``model``, ``features``: of a score, another
model judged it, or other features; ``unexplained``: none of these."""

TOLERANCE: Final = 1e-9
"""Relative, and absolute near 0: the drill holds features against the reference by the same."""
SCORE: Final = "score"
"""What the comparison calls the score, beside the features' names."""

Scored = Mapping[str, Any]
"""A record of the scored transactions whose outcome is ``new``."""


@dataclass(slots=True)
class FeatureDifference:
    """One feature, or the score, that differs; ``example`` is a transaction in which it does."""

    name: str
    causes: Counter[Cause] = field(default_factory=Counter)
    largest: float | None = None
    """The largest difference of two numbers; None if there is none, as where null or a list differs."""
    example: str = ""
    before: object = None
    after: object = None

    @property
    def differing(self) -> int:
        """In how many transactions it differs."""
        return self.causes.total()

    def add(self, transaction_id: str, before: object, after: object, cause: Cause) -> None:
        """Count a transaction; the example is the first unexplained one, else the largest difference."""
        is_first_unexplained = cause == "unexplained" and not self.causes[cause]
        size = _size(before, after)
        is_largest = size is not None and (self.largest is None or size > self.largest)
        if is_first_unexplained or not self.causes or (is_largest and not self.causes["unexplained"]):
            self.example, self.before, self.after = transaction_id, before, after
        if is_largest:
            self.largest = size
        self.causes[cause] += 1


class FeaturesComparison:
    """Compares records of two runs of one catalogue, transaction by transaction."""

    def __init__(self, catalogue: Catalogue, changes: Mapping[Entity, OrderChange]) -> None:
        self._behind = catalogue.entities_behind
        self._of_labels = _names_of_labels(catalogue.features)
        self._changes = changes
        self._found: dict[str, FeatureDifference] = {}
        self.compared = 0

    def add(self, before: Scored, after: Scored) -> None:
        """Compare the records of one transaction."""
        self.compared += 1
        transaction_id = str(after["transaction_id"])
        for name, value in before["features"].items():
            other = after["features"][name]
            if not is_same(value, other):
                self._differs(name, transaction_id, value, other, self._cause(name, transaction_id))
        if not is_same(before["score"], after["score"]):
            cause = _cause_of_score(before, after)
            self._differs(SCORE, transaction_id, before["score"], after["score"], cause)

    def found(self) -> list[FeatureDifference]:
        """Return what differs: what is unexplained first, then what differs most often."""
        return sorted(
            self._found.values(), key=lambda each: (-each.causes["unexplained"], -each.differing, each.name)
        )

    def _differs(self, name: str, transaction_id: str, before: object, after: object, cause: Cause) -> None:
        self._found.setdefault(name, FeatureDifference(name)).add(transaction_id, before, after, cause)

    def _cause(self, name: str, transaction_id: str) -> Cause:
        changes = [self._changes[entity] for entity in self._behind[name]]
        if any(transaction_id in change.others for change in changes):
            return "others"
        if any(transaction_id in change.reordered for change in changes):
            return "reordered"
        return "labels" if name in self._of_labels else "unexplained"


def is_same(value: object, other: object) -> bool:
    """Whether two values are the same but for rounding, lists number by number; null is null alone."""
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


def _cause_of_score(before: Scored, after: Scored) -> Cause:
    if before["model_version"] != after["model_version"]:
        return "model"
    # To the last bit: a tree may branch there.
    return "features" if before["features"] != after["features"] else "unexplained"


def _size(before: object, after: object) -> float | None:
    if isinstance(before, int | float) and isinstance(after, int | float):
        return abs(after - before)
    return None

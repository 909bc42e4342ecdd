"""The features that the job computes, as data: one list, read by the kernel, the reference and the models.

What a feature can be stands in `fraudstream.domain.features`, the project's own ones in
`fraudstream.domain.families`. The list has a JSON form, which is what the kernel reads.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import Field, TypeAdapter, ValidationError

from fraudstream.domain.families import HIGH_FREQUENCY_PER_5_MINUTES, built_in, fraud_rates
from fraudstream.domain.features import (
    ENTITIES,
    LONGEST_WINDOW_MS,
    CatalogueError,
    Entity,
    Feature,
    TransactionFeature,
    WindowFeature,
    fields_of,
    wrong_column,
)
from fraudstream.domain.transaction import COLUMN_KINDS

__all__ = [
    "BUILT_IN",
    "BUILT_IN_WITH_LABELS",
    "ENTITIES",
    "HIGH_FREQUENCY_PER_5_MINUTES",
    "LONGEST_WINDOW_MS",
    "Catalogue",
    "CatalogueError",
    "Entity",
    "Feature",
    "TransactionFeature",
    "WindowFeature",
]

_SPEC: Final[TypeAdapter[Feature]] = TypeAdapter(Annotated[Feature, Field(discriminator="entity")])
_TRANSACTION: Final = "transaction"
"""The entity of features of the transaction itself."""


@dataclass(frozen=True)
class Catalogue:
    """An ordered list of features with different names; their places in the vector follow its order."""

    features: tuple[Feature, ...]

    def __post_init__(self) -> None:
        """Check what no single feature can."""
        if not self.features:
            msg = "the catalogue has no feature; give at least one"
            raise CatalogueError(msg)
        for place, feature in enumerate(self.features):
            problem = _problem(feature, self.features[:place])
            if problem:
                msg = f"feature {feature.name!r}{problem}"
                raise CatalogueError(msg)

    @classmethod
    def from_json(cls, text: str | bytes) -> "Catalogue":
        """Read ``{"features": [...]}``; raises `CatalogueError` for the first feature that is wrong."""
        try:
            catalogue = json.loads(text)
        except ValueError as error:
            msg = f'a catalogue is JSON like {{"features": [...]}}: {error}'
            raise CatalogueError(msg) from None
        if not isinstance(catalogue, dict) or "features" not in catalogue:
            msg = 'a catalogue is an object like {"features": [...]}; this is none with that key'
            raise CatalogueError(msg)
        specs = catalogue["features"]
        if not isinstance(specs, list):
            msg = f"features must be a list, not {type(specs).__name__}"
            raise CatalogueError(msg)
        return cls(tuple(_feature(spec, place) for place, spec in enumerate(specs, start=1)))

    @classmethod
    def load(cls, path: Path | None) -> "Catalogue":
        """Read a catalogue's file; the project's own catalogue for None."""
        if path is None:
            return BUILT_IN
        try:
            return cls.from_json(path.read_bytes())
        except OSError as error:
            msg = f"catalogue: {path} can't be read ({error.strerror}); give a file that can, or none"
            raise CatalogueError(msg) from None

    def to_json(self) -> str:
        """Return the JSON form, the same text for the same catalogue."""
        return json.dumps(
            {"features": [feature.to_json() for feature in self.features]}, separators=(",", ":")
        )

    @cached_property
    def version(self) -> str:
        """Twelve hexadecimal digits that change with any change of the list."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:12]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The features' names, in the order of the vector."""
        return tuple(feature.name for feature in self.features)

    @cached_property
    def width(self) -> int:
        """How many numbers the vector has."""
        return sum(feature.width for feature in self.features)

    @cached_property
    def slices(self) -> Mapping[str, slice]:
        """Where each feature stands in the vector: one place, 3n for a ``last_n``."""
        edges = accumulate((feature.width for feature in self.features), initial=0)
        slices = (slice(start, end) for start, end in pairwise(edges))
        return dict(zip(self.names, slices, strict=True))

    @cached_property
    def flags(self) -> tuple[str, ...]:
        """The names of the features that say yes or no."""
        return tuple(feature.name for feature in self.features if feature.is_flag)

    @cached_property
    def windows(self) -> tuple[WindowFeature, ...]:
        """The features that look at other transactions, too."""
        return tuple(feature for feature in self.features if isinstance(feature, WindowFeature))

    @cached_property
    def row_features(self) -> tuple[TransactionFeature, ...]:
        """The features that depend on no window, so that a window can look at them."""
        return _row_features(self.features)

    @cached_property
    def entities(self) -> tuple[Entity, ...]:
        """The entities that have windows, in the order of the job's steps."""
        return tuple(entity for entity in ENTITIES if self.reach_ms_of(entity))

    @cached_property
    def entities_behind(self) -> Mapping[str, frozenset[Entity]]:
        """The entities whose windows each feature follows from; none for what a transaction says itself."""
        behind: dict[str, frozenset[Entity]] = {}
        for feature in self.features:
            if isinstance(feature, WindowFeature):
                behind[feature.name] = frozenset({feature.entity})
            else:
                behind[feature.name] = frozenset().union(*(behind[name] for name in feature.of))
        return behind

    @cached_property
    def reach_ms(self) -> int:
        """How far back from a transaction the longest window reaches, its delay included."""
        return max((feature.reach_ms for feature in self.windows), default=0)

    def reach_ms_of(self, entity: Entity) -> int:
        """Return how far back the windows of one entity reach; 0 if it has none."""
        return max((feature.reach_ms for feature in self.windows if feature.entity == entity), default=0)

    def meaning(self, name: str) -> dict[str, Any]:
        """Return what a feature computes, its name left out and the features it refers to spelled out."""
        feature = self.features[self.names.index(name)]
        spec = feature.to_json()
        del spec["name"]
        if "of" in spec:
            spec["of"] = [self.meaning(other) for other in spec["of"]]
        if isinstance(feature, WindowFeature) and feature.refers_to:
            spec["column"] = self.meaning(feature.refers_to)
        return spec


def _row_features(features: Iterable[Feature]) -> tuple[TransactionFeature, ...]:
    found: dict[str, TransactionFeature] = {}
    for feature in features:
        if isinstance(feature, TransactionFeature) and found.keys() >= set(feature.of):
            found[feature.name] = feature
    return tuple(found.values())


def _problem(feature: Feature, before: tuple[Feature, ...]) -> str | None:
    """Say what is wrong with a feature behind those before it."""
    if feature.name in {other.name for other in before}:
        return " is there twice; give each its own name"
    if isinstance(feature, TransactionFeature):
        return _problem_with_of(feature, before)
    return _problem_with_column(feature, before)


def _problem_with_of(feature: TransactionFeature, before: tuple[Feature, ...]) -> str | None:
    named = {other.name: other for other in before}
    for name in feature.of:
        if name not in named:
            return f": of names {name!r}, which must come before it in the list"
        if named[name].width > 1:
            return f": of names {name!r}, which is a list; name a feature that is one number"
    return None


def _problem_with_column(feature: WindowFeature, before: tuple[Feature, ...]) -> str | None:
    column = feature.refers_to
    fitting = [other.name for other in _row_features(before)]
    if column is None or column in fitting:
        return None
    # A feature that has the name of a field can't be reached under it.
    choices = fields_of(feature.column_kinds) + [name for name in fitting if name not in COLUMN_KINDS]
    reason = wrong_column(column, choices)
    if column in {other.name for other in before}:
        return f": {reason}; {column!r} depends on a window, and no window can look at another"
    return f": {reason}; a feature of the transaction alone must come before it in the list"


def _feature(spec: object, place: int) -> Feature:
    name = spec.get("name") if isinstance(spec, dict) else None
    try:
        return _SPEC.validate_python(spec)
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(str(part) for part in problem["loc"] if part not in (*ENTITIES, _TRANSACTION))
        reason = problem["msg"].removeprefix("Value error, ")
        if problem["type"].startswith("union_tag"):
            windows = ", ".join(repr(entity) for entity in ENTITIES)
            reason = f"entity must be {windows} (a window) or {_TRANSACTION!r} (the transaction itself)"
        where = f"feature {name!r}" if name else f"feature {place} of the list"
        msg = f"{where}: {field + ': ' if field else ''}{reason}"
        raise CatalogueError(msg) from None


BUILT_IN: Final = Catalogue(tuple(built_in()))
"""The project's catalogue."""
BUILT_IN_WITH_LABELS: Final = Catalogue((*BUILT_IN.features, *fraud_rates()))
"""The project's catalogue where labels are fed back; without labels its fraud rates say nothing."""

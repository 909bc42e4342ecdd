"""Feature catalogue: the list of features to compute, shared by the kernel, the reference and the models.

`fraudstream.domain.features` defines the kinds of features, `fraudstream.domain.families` the built-in ones.
The kernel reads the catalogue in its JSON form.
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

from fraudstream.domain.customer import CUSTOMER_COLUMNS, FEATURE_COLUMNS
from fraudstream.domain.families import HIGH_FREQUENCY_PER_5_MINUTES, built_in, customer_metadata, fraud_rates
from fraudstream.domain.features import (
    ENTITIES,
    MAX_WINDOW_MS,
    CatalogueError,
    Entity,
    Feature,
    TransactionFeature,
    WindowFeature,
    window_fields_of,
    wrong_column,
)

__all__ = [
    "BUILT_IN",
    "BUILT_IN_WITH_LABELS",
    "CUSTOMER_FEATURES",
    "ENTITIES",
    "HIGH_FREQUENCY_PER_5_MINUTES",
    "MAX_WINDOW_MS",
    "Catalogue",
    "CatalogueError",
    "Entity",
    "Feature",
    "TransactionFeature",
    "WindowFeature",
    "built_in_catalogue",
]

_SPEC: Final[TypeAdapter[Feature]] = TypeAdapter(Annotated[Feature, Field(discriminator="entity")])
_TRANSACTION: Final = "transaction"
"""Value of ``entity`` for features of the transaction itself."""


@dataclass(frozen=True)
class Catalogue:
    """An ordered list of features with unique names; the feature vector has the same order."""

    features: tuple[Feature, ...]

    def __post_init__(self) -> None:
        """Validate the features against each other: unique names, references to earlier features."""
        if not self.features:
            msg = "the catalogue has no features; add at least one"
            raise CatalogueError(msg)
        for place, feature in enumerate(self.features):
            problem = _problem(feature, self.features[:place])
            if problem:
                msg = f"feature {feature.name!r}{problem}"
                raise CatalogueError(msg)

    @classmethod
    def from_json(cls, text: str | bytes) -> "Catalogue":
        """Parse ``{"features": [...]}``; raises `CatalogueError` for the first invalid feature."""
        try:
            catalogue = json.loads(text)
        except (ValueError, RecursionError) as error:
            msg = f'the catalogue is not valid JSON ({error}); write it like {{"features": [...]}}'
            raise CatalogueError(msg) from None
        if not isinstance(catalogue, dict) or "features" not in catalogue:
            msg = 'the key "features" is missing; write the catalogue like {"features": [...]}'
            raise CatalogueError(msg)
        specs = catalogue["features"]
        if not isinstance(specs, list):
            msg = f"features must be a list, not {type(specs).__name__}"
            raise CatalogueError(msg)
        return cls(tuple(_feature(spec, place) for place, spec in enumerate(specs, start=1)))

    @classmethod
    def load(cls, path: Path | None) -> "Catalogue":
        """Read a catalogue file; the built-in catalogue if ``path`` is None."""
        if path is None:
            return BUILT_IN
        try:
            return cls.from_json(path.read_bytes())
        except OSError as error:
            msg = (
                f"catalogue: {path} can't be read ({error.strerror}); use a readable file, or omit "
                "--catalogue"
            )
            raise CatalogueError(msg) from None

    def to_json(self) -> str:
        """Return the JSON form; equal catalogues give equal text."""
        return json.dumps(
            {"features": [feature.to_json() for feature in self.features]}, separators=(",", ":")
        )

    @cached_property
    def version(self) -> str:
        """Twelve hexadecimal digits that change whenever the list changes."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:12]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The features' names, in the order of the vector."""
        return tuple(feature.name for feature in self.features)

    @cached_property
    def width(self) -> int:
        """The length of the feature vector."""
        return sum(feature.width for feature in self.features)

    @cached_property
    def slices(self) -> Mapping[str, slice]:
        """The slice of each feature in the vector: one position, 3n for a ``last_n``."""
        edges = accumulate((feature.width for feature in self.features), initial=0)
        slices = (slice(start, end) for start, end in pairwise(edges))
        return dict(zip(self.names, slices, strict=True))

    @cached_property
    def flags(self) -> tuple[str, ...]:
        """The names of the flags: features that are 1 or 0."""
        return tuple(feature.name for feature in self.features if feature.is_flag)

    @cached_property
    def windows(self) -> tuple[WindowFeature, ...]:
        """The features over a window of an entity's transactions."""
        return tuple(feature for feature in self.features if isinstance(feature, WindowFeature))

    @cached_property
    def row_features(self) -> tuple[TransactionFeature, ...]:
        """The features that depend on no window; windows can use them as columns."""
        return _row_features(self.features)

    @cached_property
    def entities(self) -> tuple[Entity, ...]:
        """The entities that have windows, in the order of the job's steps."""
        return tuple(entity for entity in ENTITIES if self.reach_ms_of(entity))

    @cached_property
    def entities_behind(self) -> Mapping[str, frozenset[Entity]]:
        """The entities whose windows each feature depends on; empty for features of the transaction alone."""
        behind: dict[str, frozenset[Entity]] = {}
        for feature in self.features:
            if isinstance(feature, WindowFeature):
                behind[feature.name] = frozenset({feature.entity})
            else:
                behind[feature.name] = frozenset().union(*(behind[name] for name in feature.of))
        return behind

    @cached_property
    def of_customers(self) -> tuple[str, ...]:
        """The names of the features with a column of the customers' metadata."""
        return tuple(
            feature.name
            for feature in self.features
            if not CUSTOMER_COLUMNS.keys().isdisjoint({feature.column, getattr(feature, "denominator", None)})
        )

    @cached_property
    def reach_ms(self) -> int:
        """Milliseconds that the longest window reaches back from a transaction, its delay included."""
        return max((feature.reach_ms for feature in self.windows), default=0)

    def reach_ms_of(self, entity: Entity) -> int:
        """Return the milliseconds that the windows of one entity reach back; 0 if it has no windows."""
        return max((feature.reach_ms for feature in self.windows if feature.entity == entity), default=0)

    def meaning(self, name: str) -> dict[str, Any]:
        """Return the definition of a feature without its name, with the features it refers to expanded."""
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
    """Return what is wrong with a feature, given the features before it; None if nothing is."""
    if feature.name in {other.name for other in before}:
        return " is defined twice; rename one of the two"
    if isinstance(feature, TransactionFeature):
        return _problem_with_of(feature, before)
    return _problem_with_column(feature, before)


def _problem_with_of(feature: TransactionFeature, before: tuple[Feature, ...]) -> str | None:
    named = {other.name: other for other in before}
    for name in feature.of:
        if name not in named:
            return f": 'of' refers to {name!r}, which must come before it in the list"
        if named[name].width > 1:
            return f": 'of' refers to {name!r}, which is a list; use a feature that is one number"
    return None


def _problem_with_column(feature: WindowFeature, before: tuple[Feature, ...]) -> str | None:
    column = feature.refers_to
    fitting = [other.name for other in _row_features(before)]
    if column is None or column in fitting:
        return None
    # The name of a field always means the field, so a feature of that name can't be used as a column.
    choices = window_fields_of(feature.column_kinds) + [
        name for name in fitting if name not in FEATURE_COLUMNS
    ]
    reason = wrong_column(column, choices)
    if column in {other.name for other in before}:
        return f": {reason}; {column!r} depends on a window, which a window can't use as its column"
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
"""The built-in catalogue."""
BUILT_IN_WITH_LABELS: Final = Catalogue((*BUILT_IN.features, *fraud_rates()))
"""The built-in catalogue plus fraud rates, which are meaningful only in jobs that read labels."""
CUSTOMER_FEATURES: Final = tuple(customer_metadata())
"""Features of the customers' metadata, which a job with metadata adds to the built-in catalogue."""


def built_in_catalogue(*, has_labels: bool, has_metadata: bool) -> Catalogue:
    """Return the catalogue of a job without one of its own: built-in features, and those of what it reads."""
    built_in = BUILT_IN_WITH_LABELS if has_labels else BUILT_IN
    return Catalogue((*built_in.features, *CUSTOMER_FEATURES)) if has_metadata else built_in

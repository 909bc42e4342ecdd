"""Scorer: a model version loaded for scoring batches, small enough to be shipped inside the job."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from fraudstream.domain.catalogue import Catalogue
from fraudstream.scoring.blend import Blend
from fraudstream.scoring.calibration import Calibration
from fraudstream.scoring.manifest import Manifest, ManifestMember, ModelError, read_model_file
from fraudstream.scoring.members import LOADABLE
from fraudstream.scoring.members.member import Features, Member, scores_of
from fraudstream.scoring.members.trees import Trees
from fraudstream.scoring.single_precision import single_precision
from fraudstream.scoring.tree_shap import TreeShap

_MADE_AGAIN: Final = ("_members", "_tree_shap")
"""Attributes that are not pickled but rebuilt from the members' bytes."""


class Rated(NamedTuple):
    """The scores of a batch."""

    scores: npt.NDArray[np.float64]
    """Probabilities of fraud, shape (transactions,)."""
    overflowing: Mapping[int, tuple[int, ...]]
    """By row: the places in the catalogue's vector whose values single precision can't hold."""


class Scorer:
    """Scores the feature vectors of one catalogue with one model version.

    It is pickled as the members' bytes, so that every worker scores with the model that was checked when the
    job started.
    """

    def __init__(self, files: Mapping[str, bytes], manifest: Manifest, catalogue: Catalogue) -> None:
        """Build the members from ``files``, their contents by file name.

        Raises `ModelError` if one is broken or has another digest than the manifest says, or if the manifest
        does not fit the catalogue.
        """
        self.manifest = manifest
        self._columns = np.array(manifest.columns_in(catalogue))
        self._files = dict(files)
        self._blend = Blend({member.kind: member.weight for member in manifest.members}, manifest.bias)
        self._calibration = Calibration(manifest.calibration.slope, manifest.calibration.intercept)
        self._members = self._made()

    @classmethod
    def load(cls, folder: Path, catalogue: Catalogue) -> "Scorer":
        """Load a version's folder; raises `ModelError` if it is broken or doesn't fit the catalogue."""
        manifest = Manifest.load(folder)
        return cls(
            {member.file: read_model_file(folder, member.file) for member in manifest.members},
            manifest,
            catalogue,
        )

    def score(self, features: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the probability of fraud for each row of ``features``, shape (transactions, catalogue).

        NaN is a missing value. So is a value that overflows single precision, in which the model computes.
        """
        return self.rated(features).scores

    def rated(self, features: npt.NDArray[np.float64]) -> "Rated":
        """Return the scores as `score` does, with the places of the values that were treated as missing."""
        inputs, overflowing = single_precision(features[:, self._columns])
        return Rated(self._probabilities(inputs), {} if overflowing is None else self._places(overflowing))

    def _places(self, overflowing: npt.NDArray[np.bool_]) -> dict[int, tuple[int, ...]]:
        rows = np.flatnonzero(overflowing.any(axis=1)).tolist()
        return {row: tuple(self._columns[overflowing[row]].tolist()) for row in rows}

    def contributions(self, features: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the contribution of each element of ``features`` to the log-odds (SHAP values), same shape.

        The contribution is 0 for features that are not inputs of the model. Only the trees contribute: other
        members have no SHAP values. The first call takes about a second.
        """
        added = np.zeros(features.shape)
        if self._tree_shap:
            weight = self._calibration.slope * self._blend.weights[Trees.kind]
            inputs, _ = single_precision(features[:, self._columns])
            added[:, self._columns] = weight * self._tree_shap.contributions(inputs)
        return added

    def _probabilities(self, inputs: Features) -> npt.NDArray[np.float64]:
        if not len(inputs):
            return np.empty(0)
        return self._calibration.calibrated(self._blend.combine(scores_of(self._members, inputs)))

    def _made(self) -> dict[str, Member]:
        width = len(self._columns)
        return {
            member.kind: _member(member, self._files[member.file], width) for member in self.manifest.members
        }

    @cached_property
    def _tree_shap(self) -> TreeShap | None:
        trees = self._members.get(Trees.kind)
        return TreeShap(trees.booster) if isinstance(trees, Trees) else None

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the attributes that are rebuilt from the members' bytes."""
        return {name: value for name, value in self.__dict__.items() if name not in _MADE_AGAIN}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Rebuild the members and warm them up, as their first prediction is slow."""
        self.__dict__.update(state)
        self._members = self._made()
        self._probabilities(np.zeros((1, len(self._columns)), dtype=np.float32))


def _member(member: ManifestMember, data: bytes, width: int) -> Member:
    if member.kind not in LOADABLE:
        msg = f"model: {member.file} is of the kind {member.kind!r}; this version reads {', '.join(LOADABLE)}"
        raise ModelError(msg)
    member.check(data)
    try:
        return LOADABLE[member.kind](data, width)
    except ModelError as error:
        msg = f"model: {member.file} {error}; train the version again with `make train`"
        raise ModelError(msg) from None

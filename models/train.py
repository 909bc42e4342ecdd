"""Training of a version: members, weights, calibration, threshold and metrics.

The same arguments give the same bytes.
"""

import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import xgboost

from fraudstream.domain.catalogue import Catalogue
from fraudstream.scoring.blend import Blend
from fraudstream.scoring.manifest import (
    MANIFEST_NAME,
    Manifest,
    ManifestCalibration,
    ManifestMember,
    manifest_features,
)
from fraudstream.scoring.members.member import Member, scores_of
from fraudstream.scoring.scorer import Scorer
from models.card import CARD_NAME, model_card
from models.data.labelled_dataset import Dataset
from models.ensemble import EnsembleChoice, alone, learn_blend
from models.measures import compared, gains_of, measures
from models.members.kind import Kind
from models.platt_scaling import fit_calibration
from models.threshold import JudgedTransactions, ThresholdChoice
from models.training_splits import Split, TrainingSplits, training_splits

_PACKAGES: Final = ("numpy", "scikit-learn", "jax", "optax")
"""Packages that the members are trained with, besides XGBoost, whose builds have different package names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRequest:
    """Features, data source and options of a training."""

    version: str
    seed: int
    catalogue: Catalogue
    """Catalogue of the data's features."""
    source: Mapping[str, Any]
    """Description of the data and how to get it again, for manifest and card."""
    choice: ThresholdChoice
    """Method that chooses the threshold."""


@dataclass(frozen=True, slots=True)
class TrainedVersion:
    """A trained version, with the content of its folder."""

    manifest: Manifest
    files: Mapping[str, bytes]
    """The members, by file name."""

    def write(self, folder: Path) -> None:
        """Write members, manifest and model card."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in self.files.items():
            (folder / name).write_bytes(data)
        (folder / MANIFEST_NAME).write_text(self.manifest.to_text())
        (folder / CARD_NAME).write_text(model_card(self.manifest))


def train(
    data: Dataset, request: TrainingRequest, kinds: Mapping[str, Kind], on_progress: Callable[[str], None]
) -> TrainedVersion:
    """Train all kinds that can learn from the features; the ensemble ships if it is worth its cost.

    Otherwise the first kind ships alone. ``on_progress`` is called with each step that begins. Raises
    `ModelError` if the data is too short, or a part of it lacks fraud or honest transactions.
    """
    splits = training_splits(data)
    members = fitted(splits.fit, request, kinds, on_progress)
    on_progress("choosing weights, calibration and threshold")
    decision = decided(members, splits)
    undigested = _draft(request, kinds, splits, members, decision.blend)
    files = {member.file: members[member.kind].to_bytes() for member in undigested.members}
    draft = undigested.with_digests(files)
    on_progress("measuring")
    scorer = Scorer(files, draft, request.catalogue)
    metrics = {
        "choice": measures(scorer, splits.choice),
        "test": measures(scorer, splits.test),
        "ensemble": {
            "ships": decision.ships,
            "gains": list(decision.gains),
            "weights": dict(decision.learnt.weights),
            "on_test": compared(members, decision, splits.test),
        },
    }
    return TrainedVersion(draft.model_copy(update={"metrics": metrics}), files)


def fitted(
    split: Split, request: TrainingRequest, kinds: Mapping[str, Kind], on_progress: Callable[[str], None]
) -> dict[str, Member]:
    """Train each kind that can learn from the catalogue; ``on_progress`` is told which can't, and why."""
    members = {}
    for name, kind in kinds.items():
        objection = kind.reason_unsuitable(request.catalogue)
        on_progress(f"skipped {name}: {objection}" if objection else f"training {name}")
        if not objection:
            members[name] = kind.fit(split.features, split.is_fraud, request.catalogue, request.seed)
    return members


def decided(members: Mapping[str, Member], splits: TrainingSplits) -> EnsembleChoice:
    """Learn the ensemble on one part, and compare it with the first member on the following part."""
    learnt = learn_blend(scores_of(members, splits.weights.features), splits.weights.is_fraud)
    simple = alone(next(iter(members)))
    scores = scores_of(members, splits.choice.features)
    gains = gains_of(learnt.combine(scores), simple.combine(scores), splits.choice.is_fraud)
    return EnsembleChoice(learnt, simple, gains)


def baseline_values(split: Split, catalogue: Catalogue) -> dict[str, float | None]:
    """Return the median of each feature over the honest transactions that have it; None for lists."""
    honest = split.features[~split.is_fraud]
    return {
        feature.name: _median(honest[:, catalogue.slices[feature.name].start])
        for feature in catalogue.features
        if feature.width == 1
    }


def _median(values: npt.NDArray[np.float32]) -> float | None:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else None


def _draft(
    request: TrainingRequest,
    kinds: Mapping[str, Kind],
    splits: TrainingSplits,
    members: Mapping[str, Member],
    blend: Blend,
) -> Manifest:
    """Return the manifest, without the metrics."""
    choice = splits.choice
    raw = blend.combine(scores_of(members, choice.features))
    calibration = fit_calibration(raw, choice.is_fraud)
    judged = JudgedTransactions(calibration.calibrated(raw), choice.is_fraud, choice.amount_vnd, choice.days)
    return Manifest(
        version=request.version,
        features=manifest_features(request.catalogue, baseline_values(splits.fit, request.catalogue)),
        catalogue_version=request.catalogue.version,
        members=_entries(blend, kinds, request.seed),
        bias=blend.bias,
        calibration=ManifestCalibration(slope=calibration.slope, intercept=calibration.intercept),
        threshold=request.choice.threshold(judged),
        threshold_choice=f"{request.choice.words}, on the part 'choice'",
        seed=request.seed,
        training_data={
            **request.source,
            "parts": {name: split.facts for name, split in splits.named.items()},
        },
        metrics={},
        libraries=_libraries(),
    )


def _entries(blend: Blend, kinds: Mapping[str, Kind], seed: int) -> tuple[ManifestMember, ...]:
    return tuple(
        ManifestMember(
            kind=name,
            file=f"{name}.{kinds[name].suffix}",
            weight=weight,
            parameters=kinds[name].parameters(seed),
        )
        for name, weight in blend.weights.items()
    )


def _libraries() -> dict[str, str]:
    packages = {name: installed(name) for name in _PACKAGES}
    return {"python": platform.python_version(), "xgboost": xgboost.__version__, **packages}

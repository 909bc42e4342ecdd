"""Variants of the job with other catalogues and models, for comparison with its own."""

from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import xgboost

from benchmarks import rival_trees as trees
from benchmarks.catalogues import write_windows_catalogue
from fraudstream.domain.catalogue import Catalogue
from fraudstream.runtime.project_root import ROOT
from fraudstream.scoring.manifest import (
    MANIFEST_NAME,
    MODEL_NAME,
    Manifest,
    ManifestCalibration,
    ManifestMember,
    manifest_features,
)
from models.data.feature_arrays import compute_features, read_features

ALERT_SHARE: Final = 0.05
"""Share of the training transactions that alert with a windows model, about the share of fraud."""


class JobVariant(NamedTuple):
    """Values of the job's options ``--catalogue`` and ``--model``."""

    catalogue: Path
    model: Path

    @property
    def options(self) -> tuple[str, ...]:
        """Command-line arguments for the job."""
        return ("--catalogue", str(self.catalogue), "--model", str(self.model))


def write_version(catalogue: Path, model: Path, folder: Path, threshold: float | None = None) -> JobVariant:
    """Create a model version in ``folder`` from a model that was trained on all features of a catalogue.

    Without ``threshold`` it has the threshold of the project's own model.
    """
    features = Catalogue.load(catalogue)
    own = Manifest.load(ROOT / "models" / "v1")
    manifest = own.model_copy(
        update={
            "version": folder.name,
            "features": manifest_features(features),
            "catalogue_version": features.version,
            "members": (ManifestMember(kind="xgboost", file=MODEL_NAME, weight=1.0, parameters={}),),
            "bias": 0.0,
            "calibration": ManifestCalibration(slope=1.0, intercept=0.0),
            "threshold": own.threshold if threshold is None else threshold,
        }
    )
    folder.mkdir(parents=True, exist_ok=True)
    data = model.read_bytes()
    (folder / MANIFEST_NAME).write_text(manifest.with_digests({MODEL_NAME: data}).to_text())
    (folder / MODEL_NAME).write_bytes(data)
    return JobVariant(catalogue, folder)


def windows_version(folder: Path, windows: int, transactions: Path, is_fraud: Path) -> JobVariant:
    """Create a catalogue with this many windows and a model of the job's size trained on all of them."""
    catalogue = write_windows_catalogue(folder, windows)
    rows = compute_features(transactions, folder / f"features-{windows}-windows.parquet", catalogue)
    inputs = read_features(rows, Catalogue.load(catalogue))
    rows.unlink()
    model = trees.train(folder / f"model-{windows}-windows.ubj", inputs, is_fraud)
    scores = xgboost.Booster(model_file=model).inplace_predict(inputs)
    threshold = float(np.quantile(scores, 1 - ALERT_SHARE))
    return write_version(catalogue, model, folder / f"windows-{windows}", threshold)

"""Cache of a data set's features, under a name that changes with everything they depend on."""

import hashlib
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from fraudstream.domain.catalogue import Catalogue
from fraudstream.runtime.project_root import ROOT
from fraudstream.scoring.manifest import ModelError
from models.data.feature_arrays import compute_features
from models.data.labelled_dataset import Dataset, DatasetFiles, read_dataset

KERNEL: Final = ROOT / "build" / "pyflink-dependencies.jar"
FOLDER: Final = ROOT / "build" / "evaluation"
"""Folder for files that can be computed again; it may be deleted at any time."""


def load_dataset(
    files: DatasetFiles, catalogue: Catalogue, folder: Path, on_progress: Callable[[str], None]
) -> Dataset:
    """Return a data set with the catalogue's features, computed by the job unless ``folder`` has them.

    ``on_progress`` is called with each step that begins. Raises `ModelError` if a file can't be read or the
    job fails.
    """
    features = folder / f"{features_digest(files, catalogue)}.features.parquet"
    if features.is_file():
        on_progress("using the cached features")
    else:
        on_progress("computing the features with the job in bounded mode")
        _compute(files, catalogue, features)
    on_progress("reading features and labels")
    return read_dataset(files, features, catalogue)


def features_digest(files: DatasetFiles, catalogue: Catalogue) -> str:
    """Return 16 hexadecimal digits that change with the files, the catalogue and the kernel.

    Raises `ModelError` if a file is missing.
    """
    digest = hashlib.sha256(catalogue.to_json().encode())
    for path in (files.transactions, files.labels, KERNEL):
        digest.update(_digest(path).encode())
    return digest.hexdigest()[:16]


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        remedy = "run `make setup`" if path == KERNEL else "give a readable file"
        msg = f"{path} can't be read ({error.strerror}); {remedy}"
        raise ModelError(msg) from None


def _compute(files: DatasetFiles, catalogue: Catalogue, features: Path) -> None:
    features.parent.mkdir(parents=True, exist_ok=True)
    needs_labels = any(feature.statistic == "fraud_rate" for feature in catalogue.windows)
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "catalogue.json"
        wanted.write_text(catalogue.to_json())
        compute_features(files.transactions, features, wanted, files.labels if needs_labels else None)

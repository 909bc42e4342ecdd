"""The job with the rivals' four features and trees, so that both do the same work."""

import json
import shutil
from pathlib import Path
from typing import Any, Final, NamedTuple

from fraudstream.catalogue import Catalogue
from fraudstream.settings import ROOT
from models.manifest import MANIFEST_NAME, MODEL_NAME, Manifest
from models.train import manifest_features

_AMOUNT: Final = {"statistic": "sum", "column": "transaction_amount_vnd"}
FEATURES: Final[tuple[dict[str, Any], ...]] = tuple(
    {"entity": "account_id", "window": window, "name": f"account_{name}_{window}"} | statistic
    for window in ("5m", "1h")
    for name, statistic in (("count", {"statistic": "count"}), ("amount_vnd_sum", _AMOUNT))
)
"""In the order of `benchmarks.velocity.Features`."""


class Version(NamedTuple):
    """What the job's options ``--catalogue`` and ``--model`` take."""

    catalogue: Path
    model: Path


def write_version(folder: Path, model: Path) -> Version:
    """Write the catalogue of the four features, and the rivals' model as a version of the job's."""
    version = Version(folder / "catalogue-four-features.json", folder / "four-features")
    version.catalogue.write_text(json.dumps({"features": FEATURES}))
    catalogue = Catalogue.load(version.catalogue)
    manifest = Manifest.load(ROOT / "models" / "v1").model_copy(
        update={
            "version": "four-features",
            "features": manifest_features(catalogue),
            "catalogue_version": catalogue.version,
        }
    )
    version.model.mkdir(parents=True, exist_ok=True)
    (version.model / MANIFEST_NAME).write_text(manifest.model_dump_json(indent=2))
    shutil.copyfile(model, version.model / MODEL_NAME)
    return version

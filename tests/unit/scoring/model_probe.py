"""Load models from any bytes and score with them, in a process of its own: native code could crash it.

Inputs: X an XGBoost booster, I the isolation forest, A the autoencoder, G the recurrent network, all of
`WIDTH` features; M a manifest. An answer says whether the bytes are ``refused`` by a `ModelError`, were used
(``scored``), or by which other exception it ``failed``.
"""

import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import numpy as np

from fraudstream.domain.catalogue import BUILT_IN
from fraudstream.scoring.manifest import MANIFEST_NAME, Manifest, ModelError
from fraudstream.scoring.members import LOADABLE
from fraudstream.scoring.members.trees import Trees
from fraudstream.scoring.tree_shap import TreeShap
from tests.probing import Answer, serve

WIDTH: Final = 5
KINDS: Final[Mapping[str, str]] = {"X": "xgboost", "I": "isolation_forest", "A": "autoencoder", "G": "gru"}
FEATURES: Final = np.array(
    [[0, 0, 0, 0, 0], [np.nan] * WIDTH, [3e38, -3e38, 1e-38, -1, 1], [1, 2, 3, 4, np.nan]], np.float32
)


def answer(kind: str, data: bytes) -> Answer:
    """Return what becomes of the bytes."""
    try:
        (_check_manifest if kind == "M" else _score(KINDS[kind]))(data)
    except ModelError as error:
        return {"refused": str(error)}
    except Exception as error:  # noqa: BLE001 - the answer says that there was one
        return {"failed": f"{type(error).__name__}: {error}"}
    return {"scored": True}


def _score(kind: str) -> Callable[[bytes], None]:
    def score(data: bytes) -> None:
        member = LOADABLE[kind](data, WIDTH)
        # Numbers beyond all bounds give no score, which the decider reports.
        with np.errstate(all="ignore"):
            assert member.score(FEATURES).shape == (len(FEATURES),)
        if isinstance(member, Trees):
            assert TreeShap(member.booster).contributions(FEATURES).shape == FEATURES.shape

    return score


def _check_manifest(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / MANIFEST_NAME).write_bytes(data)
        manifest = Manifest.load(Path(folder))
        (Path(folder) / MANIFEST_NAME).write_text(manifest.to_text())
        assert Manifest.load(Path(folder)).digest == manifest.digest
    manifest.columns_in(BUILT_IN)


if __name__ == "__main__":
    sys.setrecursionlimit(1_000)
    serve(answer)

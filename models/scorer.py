"""A trained version, ready to score batches; small enough to travel inside the job itself."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xgboost

from fraudstream.catalogue import Catalogue
from models.manifest import MODEL_NAME, Manifest, ModelError


class Scorer:
    """Scores the feature vectors of one catalogue with one model version.

    Pickles as the model's bytes, so that every worker scores with the very model that was checked
    when the job started, wherever it runs.
    """

    def __init__(self, model: bytes, manifest: Manifest, catalogue: Catalogue) -> None:
        self.manifest = manifest
        self._model = model
        self._columns = np.array(manifest.columns_in(catalogue))
        self._booster = _booster(model)

    @classmethod
    def load(cls, folder: Path, catalogue: Catalogue) -> "Scorer":
        """Load a version's folder; raises `ModelError` if it is broken or doesn't fit the catalogue."""
        manifest = Manifest.load(folder)
        path = folder / MODEL_NAME
        if not path.is_file():
            msg = f"model: {path} does not exist; give the folder of a trained version, or run `make train`"
            raise ModelError(msg)
        return cls(path.read_bytes(), manifest, catalogue)

    def score(self, features: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return a score in [0, 1] for each row of ``features``, shape (transactions, catalogue).

        NaN is a missing value. A row with a value that single precision can't hold has no score: NaN.
        """
        with np.errstate(over="ignore"):
            inputs = np.ascontiguousarray(features[:, self._columns], dtype=np.float32)
        usable = ~np.isinf(inputs).any(axis=1)
        scores = np.full(len(inputs), np.nan)
        if usable.any():
            scores[usable] = self._booster.inplace_predict(inputs[usable])
        return scores

    def __getstate__(self) -> dict[str, Any]:
        """Leave the booster out: it is made again from the model's bytes."""
        return {name: value for name, value in self.__dict__.items() if name != "_booster"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Make the booster again, and warm it: its first prediction is slow."""
        self.__dict__.update(state)
        self._booster = _booster(self._model)
        self._booster.inplace_predict(np.zeros((1, len(self._columns)), dtype=np.float32))


def _booster(model: bytes) -> xgboost.Booster:
    if not model:
        # XGBoost ends the whole process over an empty buffer.
        msg = f"model: {MODEL_NAME} is empty; train the version again with `make train`"
        raise ModelError(msg)
    try:
        booster = xgboost.Booster(model_file=bytearray(model))
    except xgboost.core.XGBoostError as error:
        msg = f"model: the bytes of {MODEL_NAME} are no XGBoost model: {str(error).splitlines()[0]}"
        raise ModelError(msg) from None
    # One thread: the parallelism is Flink's, and threads of one batch would fight over its cores.
    booster.set_param({"nthread": 1})
    return booster

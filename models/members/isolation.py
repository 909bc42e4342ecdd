"""An isolation forest, which learns without labels: what few random cuts set apart is unusual.

Liu, Ting and Zhou, "Isolation Forest", 2008. It is trained by scikit-learn and written down as a booster of
XGBoost, whose leaves hold path lengths: scoring then needs no scikit-learn, and takes a fraction of its time.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fraudstream.domain.catalogue import Catalogue
from models.members.base import Features, Scores
from models.members.boosters import booster_of, sums
from models.members.forest_booster import as_booster
from models.members.inputs import imputed, medians

TREES: Final = 100
ROWS_PER_TREE: Final = 256
"""Both as in the paper, which finds that more of either changes little."""


class Isolation:
    """A forest whose score is 2^-(mean path length / expected path length), about 0.5 for a usual row."""

    kind: Final = "isolation_forest"

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._booster = booster_of(data)

    def score(self, features: Features) -> Scores:
        """Return a score for each row; a missing value goes where the median of training would."""
        return np.asarray(np.exp2(-sums(self._booster, features)))

    def to_bytes(self) -> bytes:
        """Return XGBoost's format, UBJSON."""
        return self._data


@dataclass(frozen=True, slots=True)
class IsolationKind:
    """Trains 100 trees of 256 rows each, or all there are; missing values are at the rows' median."""

    name: str = "isolation_forest"
    suffix: str = "ubj"

    def unfit_for(self, catalogue: Catalogue) -> str | None:  # noqa: ARG002 - it learns from any features
        """Say None: it learns from any features."""
        return None

    def fit(
        self,
        features: Features,
        is_fraud: npt.NDArray[np.bool_],  # noqa: ARG002 - it learns without labels
        catalogue: Catalogue,  # noqa: ARG002 - every place of the vector is one number
        seed: int,
    ) -> Isolation:
        """Train on all rows: frauds are few enough to stay unusual."""
        from sklearn.ensemble import IsolationForest  # noqa: PLC0415 - what scores does without scikit-learn

        fill = medians(features)
        told = _told(seed) | {"max_samples": min(ROWS_PER_TREE, len(features))}
        forest = IsolationForest(**told).fit(imputed(features, fill))
        return Isolation(as_booster(forest, fill))

    def load(self, data: bytes) -> Isolation:
        """Make the forest of XGBoost's format; raises `ModelError` if it is none."""
        return Isolation(data)

    def parameters(self, seed: int) -> dict[str, Any]:
        """Return scikit-learn's parameters."""
        return _told(seed)


def _told(seed: int) -> dict[str, Any]:
    return {"n_estimators": TREES, "max_samples": ROWS_PER_TREE, "random_state": seed}

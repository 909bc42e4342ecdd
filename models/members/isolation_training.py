"""Training of the isolation forest, which learns without labels.

scikit-learn trains it; it is then converted into an XGBoost booster, with which the job scores.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fraudstream.domain.catalogue import Catalogue
from fraudstream.scoring.members.imputation import imputed
from fraudstream.scoring.members.isolation_forest import IsolationForest
from fraudstream.scoring.members.member import Features
from models.members.forest_booster import to_booster
from models.members.medians import medians

TREES: Final = 100
ROWS_PER_TREE: Final = 256
"""Defaults of Liu, Ting and Zhou, "Isolation Forest" (ICDM 2008): larger values change little."""


@dataclass(frozen=True, slots=True)
class IsolationKind:
    """Trains 100 trees on 256 rows each, or all rows if fewer; missing values are set to the rows' median."""

    name: str = IsolationForest.kind
    suffix: str = "ubj"

    def reason_unsuitable(self, catalogue: Catalogue) -> str | None:  # noqa: ARG002 - it learns from any features
        """Return None: it learns from any features."""
        return None

    def fit(
        self,
        features: Features,
        is_fraud: npt.NDArray[np.bool_],  # noqa: ARG002 - it learns without labels
        catalogue: Catalogue,  # noqa: ARG002 - every place of the vector is one number
        seed: int,
    ) -> IsolationForest:
        """Train on all rows: frauds are rare enough to stay unusual."""
        from sklearn import ensemble  # noqa: PLC0415 - other kinds are trained without scikit-learn

        fill = medians(features)
        parameters = _parameters(seed) | {"max_samples": min(ROWS_PER_TREE, len(features))}
        forest = ensemble.IsolationForest(**parameters).fit(imputed(features, fill))
        return IsolationForest(to_booster(forest, fill), len(fill))

    def parameters(self, seed: int) -> dict[str, Any]:
        """Return scikit-learn's parameters; ``max_samples`` is capped at the number of rows when training."""
        return _parameters(seed)


def _parameters(seed: int) -> dict[str, Any]:
    return {"n_estimators": TREES, "max_samples": ROWS_PER_TREE, "random_state": seed}

"""Training of an isolation forest, which learns without labels.

scikit-learn trains it, and it is written down as a booster of XGBoost, with which the job scores.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fraudstream.domain.catalogue import Catalogue
from fraudstream.scoring.members.imputation import imputed
from fraudstream.scoring.members.isolation_forest import IsolationForest
from fraudstream.scoring.members.member import Features
from models.members.forest_booster import as_booster
from models.members.medians import medians

TREES: Final = 100
ROWS_PER_TREE: Final = 256
"""Both as in the paper, which finds that more of either changes little."""


@dataclass(frozen=True, slots=True)
class IsolationKind:
    """Trains 100 trees of 256 rows each, or all there are; missing values are at the rows' median."""

    name: str = IsolationForest.kind
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
    ) -> IsolationForest:
        """Train on all rows: frauds are few enough to stay unusual."""
        from sklearn import ensemble  # noqa: PLC0415 - other kinds are trained without scikit-learn

        fill = medians(features)
        parameters = _parameters(seed) | {"max_samples": min(ROWS_PER_TREE, len(features))}
        forest = ensemble.IsolationForest(**parameters).fit(imputed(features, fill))
        return IsolationForest(as_booster(forest, fill))

    def parameters(self, seed: int) -> dict[str, Any]:
        """Return scikit-learn's parameters."""
        return _parameters(seed)


def _parameters(seed: int) -> dict[str, Any]:
    return {"n_estimators": TREES, "max_samples": ROWS_PER_TREE, "random_state": seed}

"""Interface of a kind of model that can be trained."""

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from fraudstream.domain.catalogue import Catalogue
from fraudstream.scoring.members.member import Features, Member


class Kind(Protocol):
    """Trains members of one kind; `fraudstream.scoring.members.LOADABLE` has the class that loads them.

    Packages that only training needs (JAX, scikit-learn) are imported by `fit`.
    """

    @property
    def name(self) -> str:
        """Name of the kind in manifests."""

    @property
    def suffix(self) -> str:
        """Suffix of its file names, which says what other programs can read the files."""

    def reason_unsuitable(self, catalogue: Catalogue) -> str | None:
        """Return why it can't learn from a catalogue's features, or None if it can."""

    def fit(
        self, features: Features, is_fraud: npt.NDArray[np.bool_], catalogue: Catalogue, seed: int
    ) -> Member:
        """Train on rows in event-time order; the same arguments give the same member.

        Raises `ModelError` if `reason_unsuitable` has an objection.
        """

    def parameters(self, seed: int) -> dict[str, Any]:
        """Return the parameters of training, for the manifest."""

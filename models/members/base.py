"""What every kind of model can do, so that training, evaluation and scoring need not know which it is."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from fraudstream.domain.catalogue import Catalogue

Features = npt.NDArray[np.float32]
"""Shape (transactions, width of the catalogue's vector); NaN if missing, never infinite."""
Scores = npt.NDArray[np.float64]
"""Shape (transactions,), each in [0, 1]: the higher, the more like fraud. Not yet a probability."""


class Member(Protocol):
    """A trained model. The score of a row depends on that row alone, whatever the batch it is in."""

    @property
    def kind(self) -> str:
        """The name of its kind, which says how to load it again."""

    def score(self, features: Features) -> Scores:
        """Return a score for each row."""

    def to_bytes(self) -> bytes:
        """Return all that `Kind.load` needs; loading it gives a member whose scores are equal bit for bit."""


class Kind(Protocol):
    """A kind of model: how to train one, and how to load one.

    Loading and scoring need numpy and XGBoost alone; what training needs beside them is imported by `fit`.
    """

    @property
    def name(self) -> str:
        """What manifests call it."""

    @property
    def suffix(self) -> str:
        """What its files' names end in, which says what other programs can read them."""

    def unfit_for(self, catalogue: Catalogue) -> str | None:
        """Say why it can't learn from a catalogue's features; None if it can."""

    def fit(
        self, features: Features, is_fraud: npt.NDArray[np.bool_], catalogue: Catalogue, seed: int
    ) -> Member:
        """Train on rows in the order of their event time; the same arguments give the same member.

        Raises `ModelError` if `unfit_for` has an objection.
        """

    def load(self, data: bytes) -> Member:
        """Make a member of its bytes; raises `ModelError` if they are none."""

    def parameters(self, seed: int) -> dict[str, Any]:
        """Return what the training is told, for the manifest."""


def scores_of(members: Mapping[str, Member], features: Features) -> dict[str, Scores]:
    """Return each member's scores by its name."""
    return {name: member.score(features) for name, member in members.items()}

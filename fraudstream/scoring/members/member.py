"""Interface of a trained model, so that scoring and evaluation don't depend on its kind."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import numpy.typing as npt

Features = npt.NDArray[np.float32]
"""Feature vectors, shape (transactions, width of the catalogue's vector); NaN if missing, never infinite."""
Scores = npt.NDArray[np.float64]
"""Shape (transactions,), each in [0, 1]; higher means more likely fraud. Not calibrated as a probability."""


class Member(Protocol):
    """A trained model. The score of a row depends on that row alone, not on the rest of the batch."""

    @property
    def kind(self) -> str:
        """The name of its kind in manifests."""

    def score(self, features: Features) -> Scores:
        """Return a score for each row."""

    def to_bytes(self) -> bytes:
        """Return the content of its file; a member loaded from it has bitwise identical scores."""


def scores_of(members: Mapping[str, Member], features: Features) -> dict[str, Scores]:
    """Return each member's scores, by name."""
    return {name: member.score(features) for name, member in members.items()}

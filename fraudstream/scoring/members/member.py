"""The interface of a trained model, so that scoring and evaluation need not know its kind."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import numpy.typing as npt

Features = npt.NDArray[np.float32]
"""Shape (transactions, width of the catalogue's vector); NaN if missing, never infinite."""
Scores = npt.NDArray[np.float64]
"""Shape (transactions,), each in [0, 1]: the higher, the more like fraud. Not yet a probability."""


class Member(Protocol):
    """A trained model. The score of a row depends on that row alone, whatever the batch it is in."""

    @property
    def kind(self) -> str:
        """The name that manifests call its kind."""

    def score(self, features: Features) -> Scores:
        """Return a score for each row."""

    def to_bytes(self) -> bytes:
        """Return the content of its file; loading it gives a member whose scores are equal bit for bit."""


def scores_of(members: Mapping[str, Member], features: Features) -> dict[str, Scores]:
    """Return each member's scores by its name."""
    return {name: member.score(features) for name, member in members.items()}

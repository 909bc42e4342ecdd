"""Values in place of missing ones."""

import numpy as np
import numpy.typing as npt

from fraudstream.scoring.members.member import Features

Row = npt.NDArray[np.float32]
"""One number for each place of the catalogue's vector."""


def imputed(features: Features, fill: Row) -> Features:
    """Return a copy with the values of ``fill`` in place of missing ones."""
    return np.where(np.isnan(features), fill, features)

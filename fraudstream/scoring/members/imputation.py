"""Imputation of missing values."""

import numpy as np
import numpy.typing as npt

from fraudstream.scoring.members.member import Features

Row = npt.NDArray[np.float32]
"""One number for each position of the catalogue's vector."""


def imputed(features: Features, fill: Row) -> Features:
    """Return a copy with missing values replaced by those of ``fill``."""
    return np.where(np.isnan(features), fill, features)

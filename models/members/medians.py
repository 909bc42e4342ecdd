"""The values that stand for missing ones, learnt from the rows of training."""

import numpy as np

from fraudstream.scoring.members.imputation import Row
from fraudstream.scoring.members.member import Features


def medians(features: Features) -> Row:
    """Return the median of each place's values, missing ones left out; 0 where none is known."""
    known = ~np.isnan(features)
    return np.array(
        [
            np.median(column[is_known]) if is_known.any() else 0.0
            for column, is_known in zip(features.T, known.T, strict=True)
        ],
        dtype=np.float32,
    )

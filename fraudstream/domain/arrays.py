"""The arrays that vectorised code passes around, by what they hold."""

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]
"""64 random bits each, from which any number of draws can be made."""
Rows = npt.NDArray[np.void]
"""A structured array."""

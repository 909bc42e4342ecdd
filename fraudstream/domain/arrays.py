"""Type aliases of NumPy arrays for vectorised code."""

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]
"""Random keys of 64 bits, from each of which any number of draws can be derived."""
Rows = npt.NDArray[np.void]
"""A structured array."""

"""XGBoost boosters loaded from bytes, used by the trees and the isolation forest."""

import numpy as np
import numpy.typing as npt
import xgboost

from fraudstream.scoring.manifest import ModelError
from fraudstream.scoring.members.booster_structure import check_booster
from fraudstream.scoring.members.member import Features


def booster_of(data: bytes, *, width: int, objective: str) -> xgboost.Booster:
    """Load a booster over ``width`` features that scores in one thread.

    Raises `ModelError` if the bytes are not a sound booster that was trained for the objective.
    """
    check_booster(data, width=width, objective=objective)
    try:
        booster = xgboost.Booster(model_file=bytearray(data))
    except xgboost.core.XGBoostError as error:
        msg = f"is not an XGBoost model: {str(error).splitlines()[0]}"
        raise ModelError(msg) from None
    # One thread: Flink provides the parallelism; more threads per batch would compete for its cores.
    booster.set_param({"nthread": 1})
    return booster


def sums(booster: xgboost.Booster, features: Features) -> npt.NDArray[np.float64]:
    """Return for each row the sum of its leaves plus the base margin; NaN is a missing value."""
    margins = booster.inplace_predict(features, predict_type="margin")
    return np.asarray(margins, dtype=np.float64)

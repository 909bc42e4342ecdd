"""XGBoost's boosters, read from bytes: what the trees and the isolation forest score with."""

import numpy as np
import numpy.typing as npt
import xgboost

from fraudstream.scoring.manifest import ModelError
from fraudstream.scoring.members.member import Features


def booster_of(data: bytes) -> xgboost.Booster:
    """Read a booster that scores in one thread; raises `ModelError` if the bytes are none."""
    if not data:
        # XGBoost ends the whole process over an empty buffer.
        msg = "is empty"
        raise ModelError(msg)
    try:
        booster = xgboost.Booster(model_file=bytearray(data))
    except xgboost.core.XGBoostError as error:
        msg = f"is no XGBoost model: {str(error).splitlines()[0]}"
        raise ModelError(msg) from None
    # One thread: the parallelism is Flink's, and threads of one batch would fight over its cores.
    booster.set_param({"nthread": 1})
    return booster


def sums(booster: xgboost.Booster, features: Features) -> npt.NDArray[np.float64]:
    """Return the sum of the leaves that each row falls into, and of the base margin; NaN is missing."""
    margins = booster.inplace_predict(features, predict_type="margin")
    return np.asarray(margins, dtype=np.float64)

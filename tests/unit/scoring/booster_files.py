"""Small boosters, and UBJSON made by hand from what they hold."""

import struct
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import xgboost

WIDTH = 5
Model = dict[str, Any]
_MARKERS = {"int8": b"i", "uint8": b"U", "int16": b"I", "int32": b"l", "int64": b"L", "float32": b"d"}


def rows(count: int, seed: int = 1) -> npt.NDArray[np.float32]:
    """Return rows of five numbers, one in ten missing."""
    random = np.random.default_rng(seed)
    matrix = random.normal(size=(count, WIDTH)).astype(np.float32)
    matrix[random.random(matrix.shape) < 0.1] = np.nan
    return matrix


@cache
def booster_bytes(trees: int = 3) -> bytes:
    """Return trees of depth 3 in UBJSON, as training writes them."""
    inputs = rows(400)
    known = np.nan_to_num(inputs)
    matrix = xgboost.DMatrix(inputs, label=(known[:, 0] * known[:, 1] > 0).astype(np.float32))
    options = {"objective": "binary:logistic", "max_depth": 3, "base_score": 0.5, "nthread": 1}
    return bytes(xgboost.train(options, matrix, num_boost_round=trees).save_raw("ubj"))


def to_ubjson(value: Any) -> bytes:  # noqa: ANN401 - whatever UBJSON can hold
    """Encode a value as XGBoost does."""
    if isinstance(value, dict):
        return b"{" + b"".join(_text(key) + to_ubjson(each) for key, each in value.items()) + b"}"
    if isinstance(value, np.ndarray):
        numbers = value.astype(value.dtype.newbyteorder(">")).tobytes()
        return b"[$" + _MARKERS[value.dtype.name] + b"#" + _length(len(value)) + numbers
    if isinstance(value, list):
        return b"[#" + _length(len(value)) + b"".join(map(to_ubjson, value))
    if isinstance(value, str):
        return b"S" + _text(value)
    return b"L" + struct.pack(">q", value)


def _text(text: str) -> bytes:
    return _length(len(text.encode())) + text.encode()


def _length(length: int) -> bytes:
    return b"L" + struct.pack(">q", length)

"""Neural network layers in plain numpy, with results for a row that don't depend on the rest of the batch."""

import zipfile
from collections.abc import Collection, Iterable, Mapping
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt

from fraudstream.scoring.manifest import ModelError

Numbers = npt.NDArray[np.float32]
Weights = Mapping[str, Numbers]
"""A network's arrays by name."""
Arrays = Any
"""Arrays of numpy or JAX: the same code of a network serves training and scoring."""


def product(rows: Arrays, weights: Arrays) -> Arrays:
    """Return ``rows @ weights`` for rows of shape (..., inputs) and weights of shape (inputs, outputs).

    BLAS divides a matrix into tiles, whose size depends on the processor and on the number of rows, and
    rounds a row differently at the edge of a tile than inside it. For numpy arrays the inputs are therefore
    added one by one: a row's result depends neither on the other rows nor on the machine. In JAX, which is
    used for training only, rounding does not matter.
    """
    if not isinstance(rows, np.ndarray):
        return rows @ weights
    total = rows[..., :1] * weights[0]
    for place in range(1, len(weights)):
        total += rows[..., place : place + 1] * weights[place]
    return total


def to_bytes(weights: Weights) -> bytes:
    """Encode arrays as an npz file of numpy; equal arrays give equal bytes."""
    file = BytesIO()
    np.savez(file, **{name: np.asarray(array) for name, array in weights.items()})
    return file.getvalue()


def of_bytes(
    data: bytes, shapes: Mapping[str, tuple[int, ...]], *, integers: Collection[str] = ()
) -> dict[str, Numbers]:
    """Decode the arrays of an npz file, of single precision except ``integers``.

    Raises `ModelError` unless it has exactly the arrays of ``shapes``, with finite numbers.
    """
    try:
        with np.load(BytesIO(data), allow_pickle=False) as file:
            _check_members(file.zip, shapes)
            arrays: dict[str, Any] = dict(file)
    except ModelError:
        raise
    except Exception as error:  # noqa: BLE001 - broken zips and broken arrays raise errors of many kinds
        msg = f"is not a valid .npz file: {error}"
        raise ModelError(msg) from None
    for name, shape in shapes.items():
        _check_array(name, arrays[name], shape, np.int64 if name in integers else np.float32)
    return arrays


def check_positive(arrays: Weights, names: Iterable[str]) -> None:
    """Raise `ModelError` if an array, by which scoring divides, has a number that is not above 0."""
    for name in names:
        if not (arrays[name] > 0).all():
            msg = f"has numbers in {name!r} that are not above 0"
            raise ModelError(msg)


def _check_members(archive: zipfile.ZipFile, shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Check the list of a zip file, before anything is unpacked; NumPy's ``savez`` does not compress."""
    found = sorted(each.filename.removesuffix(".npy") for each in archive.infolist())
    if found != sorted(shapes):
        msg = f"has the arrays {', '.join(found)}; this version reads {', '.join(sorted(shapes))}"
        raise ModelError(msg)
    if any(each.compress_type != zipfile.ZIP_STORED for each in archive.infolist()):
        msg = "has compressed arrays; write them with NumPy's savez"
        raise ModelError(msg)


def _check_array(name: str, array: Numbers, shape: tuple[int, ...], kind: type) -> None:
    found = (array.shape, array.dtype.name) if isinstance(array, np.ndarray) else "no array"
    if found != (shape, kind.__name__):
        msg = f"has {found} as {name!r}; this version reads {(shape, kind.__name__)}"
        raise ModelError(msg)
    if not np.isfinite(array).all():
        msg = f"has numbers in {name!r} that are not finite"
        raise ModelError(msg)

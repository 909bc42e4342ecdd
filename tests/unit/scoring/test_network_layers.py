from io import BytesIO
from typing import Any

import numpy as np
import pytest

from fraudstream.scoring.manifest import ModelError
from fraudstream.scoring.members.network_layers import check_positive, of_bytes, product, to_bytes


@pytest.mark.parametrize("count", [0, 1, 63, 200])
def test_a_product_is_the_rows_times_the_weights_and_independent_of_other_rows(count: int) -> None:
    random = np.random.default_rng(3)
    rows = random.standard_normal((count, 71)).astype(np.float32)
    weights = random.standard_normal((71, 33)).astype(np.float32)
    made = product(rows, weights)
    np.testing.assert_allclose(made, rows.astype(np.float64) @ weights, rtol=1e-4, atol=1e-4)
    for row in range(count):
        assert np.array_equal(product(rows[row : row + 1], weights)[0], made[row])


def test_arrays_missing_from_a_network_are_reported() -> None:
    data = to_bytes({"a": np.ones(2, np.float32), "b": np.ones(1, np.float32)})
    assert data == to_bytes({"a": np.ones(2, np.float32), "b": np.ones(1, np.float32)})
    assert of_bytes(data, {"b": (1,), "a": (2,)})["a"].tolist() == [1, 1]
    with pytest.raises(ModelError, match="has the arrays a, b; this version reads a, c"):
        of_bytes(data, {"a": (2,), "c": (1,)})


def savez(**arrays: Any) -> bytes:  # noqa: ANN401 - arrays of any type
    file = BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def savez_compressed(**arrays: Any) -> bytes:  # noqa: ANN401 - arrays of any type
    file = BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (to_bytes({"a": np.ones(3, np.float32)}), r"has \(\(3,\), 'float32'\) as 'a'; this version reads"),
        (to_bytes({"a": np.ones((2, 1), np.float32)}), r"has \(\(2, 1\), 'float32'\)"),
        (savez(a=np.ones(2)), r"has \(\(2,\), 'float64'\)"),
        (to_bytes({"a": np.array([1, np.nan], np.float32)}), "has numbers in 'a' that are not finite"),
        (to_bytes({"a": np.array([1, np.inf], np.float32)}), "has numbers in 'a' that are not finite"),
        (savez(a=np.array(["x", "y"])), "has .*'str32'"),
        (savez(a=np.array([{}, {}])), "is not a valid .npz file: .*pickle"),
        (savez_compressed(a=np.ones(2, np.float32)), "has compressed arrays; write them with NumPy's savez"),
    ],
)
def test_arrays_that_scoring_would_fail_on_are_refused(data: bytes, reason: str) -> None:
    with pytest.raises(ModelError, match=reason):
        of_bytes(data, {"a": (2,)})


def test_an_array_that_scoring_divides_by_is_above_0() -> None:
    check_positive({"a": np.ones(2, np.float32)}, ("a",))
    with pytest.raises(ModelError, match="has numbers in 'a' that are not above 0"):
        check_positive({"a": np.array([1, 0], np.float32)}, ("a",))

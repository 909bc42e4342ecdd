import numpy as np
import pytest

from fraudstream.scoring.manifest import ModelError
from fraudstream.scoring.members.network_layers import of_bytes, product, to_bytes


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
    assert of_bytes(data, ("b", "a"))["a"].tolist() == [1, 1]
    with pytest.raises(ModelError, match="has the arrays a, b; this version reads a, c"):
        of_bytes(data, ("a", "c"))

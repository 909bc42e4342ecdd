from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from fraudstream.scoring.manifest import ModelError
from fraudstream.scoring.members.gru import HIDDEN, Gru, network, steps
from fraudstream.scoring.members.network_layers import to_bytes
from models.members.gru_training import start_weights

Matrix = npt.NDArray[Any]


def test_steps_are_the_last_transactions_oldest_first_with_known_values_marked() -> None:
    scaling = {"place": np.array([1, 7]), "mean": np.zeros(3, np.float32), "spread": np.ones(3, np.float32)}
    nan = np.nan
    # Two transactions: amounts, gaps, values, the newest first; a feature on either side.
    features = np.array([[9, 10, 20, 5, nan, nan, 3, 9], [9, 10, nan, nan, nan, 2, nan, 9]], np.float32)
    expected = [
        [[20, nan, 3], [10, 5, nan]],
        [[nan, nan, nan], [10, nan, 2]],
    ]
    inputs = steps(scaling, features)
    assert inputs[:, :, :3] == pytest.approx(np.nan_to_num(np.log1p(np.array(expected))))
    assert np.array_equal(inputs[:, :, 3:], ~np.isnan(expected))


WEIGHTS = {
    **start_weights(3),
    "place": np.array([1, 7]),
    "mean": np.zeros(3, np.float32),
    "spread": np.ones(3, np.float32),
}


def test_a_file_is_read_for_the_width_that_it_fits() -> None:
    assert Gru.from_bytes(to_bytes(WEIGHTS), 7).score(np.zeros((2, 7), np.float32)).shape == (2,)


@pytest.mark.parametrize("place", [(1, 8), (1, 7 + 3), (-5, 1), (4, 4), (7, 1), (2**62, 2**62 + 3)])
def test_a_list_that_lies_elsewhere_is_refused(place: tuple[int, int]) -> None:
    with pytest.raises(
        ModelError, match=f"reads the places {place[0]} to {place[1]}, which are not a list of"
    ):
        Gru.from_bytes(to_bytes({**WEIGHTS, "place": np.array(place)}), 7)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("spread", np.zeros(3, np.float32), "numbers in 'spread' that are not above 0"),
        ("output", np.full(HIDDEN, np.nan, np.float32), "numbers in 'output' that are not finite"),
        (
            "recurrent",
            np.zeros((HIDDEN, HIDDEN), np.float32),
            r"has \(\(16, 16\), .* as 'recurrent'",
        ),
        ("place", np.array([1.0, 7.0]), r"has \(\(2,\), 'float64'\) as 'place'"),
    ],
)
def test_weights_that_scoring_would_fail_on_are_refused(name: str, value: Matrix, reason: str) -> None:
    with pytest.raises(ModelError, match=reason):
        Gru.from_bytes(to_bytes({**WEIGHTS, name: value}), 7)


def test_padding_before_the_first_transaction_changes_nothing() -> None:
    random = np.random.default_rng(1)
    weights = start_weights(3)
    weights["bias"] = random.normal(0, 1, weights["bias"].shape).astype(np.float32)
    inputs = random.normal(0, 1, (2, 5, 6)).astype(np.float32)
    inputs[:, :, 3:] = 1
    padded = np.concatenate([np.zeros((3, 5, 6), np.float32), inputs])
    assert np.array_equal(network(np, weights, padded), network(np, weights, inputs))

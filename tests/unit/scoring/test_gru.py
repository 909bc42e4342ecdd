import numpy as np
import pytest

from fraudstream.scoring.members.gru import network, steps
from models.members.gru_training import start_weights


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


def test_padding_before_the_first_transaction_changes_nothing() -> None:
    random = np.random.default_rng(1)
    weights = start_weights(3)
    weights["bias"] = random.normal(0, 1, weights["bias"].shape).astype(np.float32)
    inputs = random.normal(0, 1, (2, 5, 6)).astype(np.float32)
    inputs[:, :, 3:] = 1
    padded = np.concatenate([np.zeros((3, 5, 6), np.float32), inputs])
    assert np.array_equal(network(np, weights, padded), network(np, weights, inputs))

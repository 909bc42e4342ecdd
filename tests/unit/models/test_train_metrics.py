import numpy as np
import pytest

from models.train import best_f1_threshold


@pytest.mark.parametrize(
    ("is_fraud", "scores", "expected"),
    [
        # All fraud above all else: the lowest score of fraud.
        ([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9], 0.8),
        # From 0.3 on: 2 of 3 right and all found, F1 = 0.8; from 0.9 on: F1 = 2/3.
        ([0, 1, 0, 1], [0.1, 0.3, 0.5, 0.9], 0.3),
        # From 0.9 on: F1 = 2/3; from 0.2 on: 2 of 5 right, F1 = 4/7.
        ([1, 0, 0, 0, 1], [0.2, 0.3, 0.4, 0.5, 0.9], 0.9),
        # From 0.9 on and from 0.4 on the F1 is 2/3: of equals, the highest score.
        ([1, 0, 0, 1], [0.4, 0.5, 0.6, 0.9], 0.9),
        # Nothing but fraud: the lowest score finds all.
        ([1, 1], [0.3, 0.6], 0.3),
        # One score for all: the only threshold there is.
        ([0, 1, 0], [0.5, 0.5, 0.5], 0.5),
        # A score of 0 is a threshold like any other.
        ([1, 0], [0.0, 0.0], 0.0),
    ],
)
def test_the_threshold_is_the_highest_score_with_the_highest_f1(
    is_fraud: list[int], scores: list[float], expected: float
) -> None:
    assert best_f1_threshold(np.array(is_fraud, dtype=bool), np.array(scores)) == expected

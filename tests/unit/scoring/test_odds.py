import numpy as np
import pytest

from fraudstream.scoring.odds import LEAST, log_odds, probability


def test_log_odds_and_probability_are_inverse() -> None:
    values = np.array([-20.0, -1.5, 0.0, 3.0, 20.0])
    assert log_odds(probability(values)) == pytest.approx(values, rel=1e-6)
    assert probability(np.array([-1_000.0, 1_000.0])).tolist() == [0.0, 1.0]
    assert log_odds(np.array([0.0, 1.0])) == pytest.approx([np.log(LEAST), -np.log(LEAST)], rel=1e-4)

import numpy as np
import pytest

from fraudstream.scoring.blend import Blend
from fraudstream.scoring.odds import log_odds


def test_a_blend_adds_weighted_log_odds() -> None:
    scores = {"a": np.array([0.5, 0.9]), "b": np.array([0.8, 0.5])}
    blend = Blend({"a": 2.0, "b": 0.5}, -1.0)
    expected = [0.5 * np.log(4) - 1, 2 * np.log(9) - 1]
    assert log_odds(blend.combine(scores)) == pytest.approx(expected)

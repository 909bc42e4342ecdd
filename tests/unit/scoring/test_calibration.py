import numpy as np

from fraudstream.scoring.calibration import Calibration


def test_calibration_keeps_scores_distinct_and_in_order() -> None:
    scores = np.concatenate([np.linspace(0.001, 0.999, 1_000), [1 - 1e-9, 1 - 1e-11]])
    assert (np.diff(Calibration(0.4, -2.0).calibrated(scores)) > 0).all()

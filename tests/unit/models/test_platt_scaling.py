import numpy as np
import pytest

from fraudstream.scoring.odds import probability
from models.platt_scaling import fit_calibration


def test_calibration_recovers_the_line_by_which_log_odds_were_distorted() -> None:
    random = np.random.default_rng(4)
    odds = random.normal(-3, 2, 100_000)
    is_fraud = random.random(len(odds)) < probability(odds)
    # Overconfident scores: their log-odds are 2 x + 3.
    scores = probability(2 * odds + 3)
    calibration = fit_calibration(scores, is_fraud)
    assert calibration.slope == pytest.approx(0.5, rel=0.05)
    assert calibration.intercept == pytest.approx(-1.5, rel=0.05)
    calibrated = calibration.calibrated(scores)
    assert calibrated.mean() == pytest.approx(is_fraud.mean(), rel=0.01)
    for low, high in ((0.01, 0.05), (0.05, 0.2), (0.2, 0.5), (0.5, 0.9)):
        rows = (calibrated >= low) & (calibrated < high)
        assert is_fraud[rows].mean() == pytest.approx(calibrated[rows].mean(), rel=0.1)


@pytest.mark.parametrize("scores", [[0.9, 0.8, 0.2, 0.3] * 25, [0.5] * 100])
def test_uninformative_or_inverted_scores_get_the_fraud_share(scores: list[float]) -> None:
    is_fraud = np.array([False, False, True, False] * 25)
    calibrated = fit_calibration(np.array(scores), is_fraud).calibrated(np.array(scores))
    assert calibrated == pytest.approx(0.25, abs=1e-4)
    assert (np.argsort(calibrated, kind="stable") == np.argsort(scores, kind="stable")).all()

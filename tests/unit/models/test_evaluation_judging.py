"""Probabilities, thresholds and metrics of folds, on a data set small enough to calculate by hand."""

import numpy as np
import numpy.typing as npt
import pytest

from fraudstream.domain.duration import DAY_MS
from models.data.labelled_dataset import HONEST, Dataset
from models.evaluation.baselines import AMOUNT_ONLY
from models.evaluation.blending import ENSEMBLE, MAIN, blend, shipping
from models.evaluation.fold_scoring import FoldScores
from models.evaluation.judging import JudgedFold, Team, pooled, results
from models.threshold import AlertBudget, BestF1
from models.time_folds import Fold, FoldRows

Floats = npt.NDArray[np.float64]
FRAUD = np.array([1, 0, 1, 0, 0, 1, 0, 0], dtype=np.bool_)
TYPES = np.array([0, HONEST, 3, HONEST, HONEST, HONEST, HONEST, HONEST], dtype=np.int8)


def dataset(is_fraud: npt.NDArray[np.bool_] = FRAUD, types: npt.NDArray[np.int8] = TYPES) -> Dataset:
    count = len(is_fraud)
    times_ms = np.arange(count) * DAY_MS
    return Dataset(
        features=np.zeros((count, 1), dtype=np.float32),
        event_time_ms=times_ms,
        available_at_ms=times_ms + DAY_MS,
        accounts=np.arange(count, dtype=np.int32),
        amount_vnd=np.full(count, 1e6),
        is_fraud=is_fraud,
        fraud_types=types,
    )


FOLDS = [
    JudgedFold(np.arange(4), np.array([0.9, 0.8, 0.2, 0.1]), 0.5),
    JudgedFold(np.arange(4, 8), np.array([0.1, 0.6, 0.3, 0.2]), 0.5),
]


def test_a_metric_is_the_mean_over_the_folds_with_its_sd_and_each_value() -> None:
    found = results(dataset(), FOLDS, Team(alerts_per_day=2, alert_cost_vnd=1e5))
    assert [fold["recall"] for fold in found["folds"]] == [0.5, 1.0]
    assert (found["recall"], found["sd"]["recall"]) == (0.75, 0.25)
    assert (found["precision"], found["sd"]["precision"]) == (0.75, 0.25)
    # Each has its own day, so at most one of two alerts fits the budget.
    assert found["card_precision_at_2"] == 0.1875
    # One of two frauds saved at the cost of two alerts, and the only one at the cost of one.
    assert [fold["money_saved_vnd"] for fold in found["folds"]] == [8e5, 9e5]
    assert (found["threshold"], found["transactions"], found["frauds"]) == (0.5, 4, 1.5)


def test_each_type_is_measured_against_all_honest_transactions_without_the_other_types() -> None:
    by_type = results(dataset(), FOLDS, Team())["by_fraud_type"]
    assert list(by_type) == ["money_laundering", "fee_manipulation"]
    assert by_type["money_laundering"]["folds"][0]["recall"] == 1.0
    assert by_type["fee_manipulation"]["folds"][0]["recall"] == 0.0
    assert by_type["fee_manipulation"]["folds"][0]["transactions"] == 3
    # The second fold has none of them: no value, and no part in the mean.
    assert by_type["money_laundering"]["folds"][1]["recall"] is None
    assert by_type["money_laundering"]["recall"] == 1.0


def test_data_without_types_has_no_metrics_by_type() -> None:
    untyped = dataset(types=np.full(8, HONEST, dtype=np.int8))
    assert results(untyped, FOLDS, Team())["by_fraud_type"] == {}


def test_the_calibration_curve_covers_all_test_parts_together() -> None:
    is_fraud, scores = pooled(dataset(), FOLDS)
    assert is_fraud.tolist() == FRAUD.tolist()
    assert scores.tolist() == [0.9, 0.8, 0.2, 0.1, 0.1, 0.6, 0.3, 0.2]
    curve = results(dataset(), FOLDS, Team())["calibration_curve"]
    assert sum(point["transactions"] for point in curve) == 8


COUNT = 400
FOLD = Fold(
    number=1,
    fit_start_ms=0,
    validation_start_ms=0,
    validation_end_ms=200 * DAY_MS,
    test_start_ms=300 * DAY_MS,
    test_end_ms=COUNT * DAY_MS,
    known_span_ms=0,
)
PARTS = FoldRows(fit=slice(0, 0), validation=np.arange(200), test=np.arange(200, COUNT), left_out=0)
TRUTH = np.arange(COUNT) % 5 == 0


def scores_of(shift: float, noise: float, seed: int) -> FoldScores:
    """Return scores that are too high by ``shift`` and otherwise right up to noise."""
    random = np.random.default_rng(seed)
    log_odds = 3.0 * TRUTH - 2.0 + shift + noise * random.standard_normal(COUNT)
    scores = 1 / (1 + np.exp(-log_odds))
    return FoldScores(scores[:200], scores[200:], np.zeros(0))


def blended_data() -> Dataset:
    return dataset(TRUTH, np.full(COUNT, HONEST, dtype=np.int8))


def test_every_model_is_calibrated_and_the_baseline_is_not_in_the_ensemble() -> None:
    scores = {
        MAIN: scores_of(2.0, 1.0, 1),
        "autoencoder": scores_of(-1.0, 1.0, 2),
        AMOUNT_ONLY: scores_of(0.0, 3.0, 3),
    }
    found = blend(blended_data(), FOLD, PARTS, scores, BestF1())
    assert list(found.judged) == [MAIN, "autoencoder", "fixed_70_30", ENSEMBLE, AMOUNT_ONLY]
    assert found.weights.keys() == {MAIN, "autoencoder"}
    for judged in found.judged.values():
        assert judged.rows is PARTS.test
        assert judged.scores.mean() == pytest.approx(TRUTH.mean(), rel=0.25)


def test_fixed_weights_are_skipped_if_one_of_their_kinds_is_missing() -> None:
    scores = {MAIN: scores_of(0.0, 1.0, 1), AMOUNT_ONLY: scores_of(0.0, 3.0, 2)}
    assert list(blend(blended_data(), FOLD, PARTS, scores, BestF1()).judged) == [MAIN, ENSEMBLE, AMOUNT_ONLY]


def test_the_threshold_is_chosen_on_the_validation_part() -> None:
    scores = {MAIN: scores_of(0.0, 1.0, 1), AMOUNT_ONLY: scores_of(0.0, 3.0, 2)}
    found = blend(blended_data(), FOLD, PARTS, scores, AlertBudget(0.1))
    # 200 days of validation with a budget of 0.1 alerts per day give 20 alerts; the test is as long.
    assert 10 <= int((found.judged[MAIN].scores >= found.judged[MAIN].threshold).sum()) <= 30


def test_a_label_available_after_the_test_starts_does_not_affect_the_threshold() -> None:
    data = blended_data()
    # Half of the frauds of the validation part are not known yet.
    data.available_at_ms[:100] = FOLD.test_start_ms + 1
    scores = {MAIN: scores_of(0.0, 1.0, 1), AMOUNT_ONLY: scores_of(0.0, 3.0, 2)}
    found = blend(data, FOLD, PARTS, scores, BestF1())
    assert found.judged[MAIN].scores.mean() == pytest.approx(TRUTH.mean() / 2, rel=0.3)


def figures(*average_precisions: float) -> dict[str, object]:
    return {"folds": [{"average_precision": value} for value in average_precisions]}


@pytest.mark.parametrize(
    ("ensemble", "ships"),
    [((0.72, 0.73), ENSEMBLE), ((0.72, 0.69), MAIN), ((0.69, 0.69), MAIN), ((0.8,), MAIN)],
)
def test_the_ensemble_ships_only_if_its_gain_exceeds_the_noise(
    ensemble: tuple[float, ...], ships: str
) -> None:
    main = (0.70, 0.70)[: len(ensemble)]
    found = shipping({ENSEMBLE: figures(*ensemble), MAIN: figures(*main)})
    assert found["ships"] == ships
    assert f"{np.mean(ensemble) - 0.7:+.4f} against xgboost alone" in found["ships_because"]

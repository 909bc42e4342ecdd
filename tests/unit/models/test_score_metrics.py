import numpy as np
import pandas as pd
import pytest
from numpy.random import default_rng
from sklearn.metrics import brier_score_loss, precision_recall_fscore_support, roc_curve

from fraudstream.domain.duration import DAY_MS
from models.score_metrics import (
    at_threshold,
    auc_roc,
    average_precision,
    brier,
    calibration_curve,
    card_precision,
    measure,
    money,
    recall_at_false_positive_rate,
    savings_by_alerts,
)

TRUTH = np.array([True, False, True, False, False])
SCORES = np.array([0.9, 0.8, 0.7, 0.2, 0.1])
NOBODY = np.zeros(0, dtype=np.bool_)
NOTHING = np.zeros(0)
HONEST = np.zeros(5, dtype=np.bool_)


def test_ranking_metrics_by_hand() -> None:
    # Of 6 pairs of a fraud and an honest transaction, 5 are in order.
    assert auc_roc(TRUTH, SCORES) == pytest.approx(5 / 6)
    # Precision 1 at the first fraud, 2/3 at the second.
    assert average_precision(TRUTH, SCORES) == pytest.approx((1 + 2 / 3) / 2)


def test_the_recall_at_a_false_positive_rate_is_the_highest_within_it() -> None:
    assert recall_at_false_positive_rate(TRUTH, SCORES, 0.0) == 0.5
    assert recall_at_false_positive_rate(TRUTH, SCORES, 0.3) == 0.5
    assert recall_at_false_positive_rate(TRUTH, SCORES, 1 / 3) == 1.0


def test_equal_scores_alert_together() -> None:
    assert recall_at_false_positive_rate(TRUTH, np.zeros(5), 0.9) == 0.0


def test_the_recall_at_a_rate_agrees_with_trying_every_threshold() -> None:
    random = default_rng(3)
    is_fraud = random.random(400) < 0.2
    scores = np.round(random.random(400) * 0.5 + is_fraud * 0.3, 2)
    rates, recalls, _ = roc_curve(is_fraud, scores)
    expected = max(recall for rate, recall in zip(rates, recalls, strict=True) if rate <= 0.1)
    assert recall_at_false_positive_rate(is_fraud, np.asarray(scores, np.float64), 0.1) == expected


@pytest.mark.parametrize(
    ("threshold", "precision", "recall", "f1", "false_positive_rate"),
    [
        (0.9, 1.0, 0.5, 2 / 3, 0.0),
        (0.8, 0.5, 0.5, 0.5, 1 / 3),
        (0.0, 0.4, 1.0, 4 / 7, 1.0),
        (1.0, 0.0, 0.0, 0.0, 0.0),
    ],
)
def test_scores_at_and_above_the_threshold_alert(
    threshold: float, precision: float, recall: float, f1: float, false_positive_rate: float
) -> None:
    found = at_threshold(TRUTH, SCORES, threshold)
    assert found == {
        "precision": pytest.approx(precision),
        "recall": pytest.approx(recall),
        "f1": pytest.approx(f1),
        "false_positive_rate": pytest.approx(false_positive_rate),
    }


def test_alert_metrics_agree_with_scikit_learn() -> None:
    random = default_rng(4)
    is_fraud, scores = random.random(300) < 0.3, random.random(300)
    found = at_threshold(is_fraud, scores, 0.6)
    precision, recall, f1, _ = precision_recall_fscore_support(is_fraud, scores >= 0.6, average="binary")
    assert [found["precision"], found["recall"], found["f1"]] == pytest.approx([precision, recall, f1])


def test_a_share_of_zero_is_undefined() -> None:
    assert auc_roc(HONEST, SCORES) is None
    assert auc_roc(~HONEST, SCORES) is None
    assert average_precision(HONEST, SCORES) is None
    assert recall_at_false_positive_rate(HONEST, SCORES, 0.005) is None
    assert at_threshold(HONEST, SCORES, 1.0) == {
        "precision": None, "recall": None, "f1": None, "false_positive_rate": 0.0,
    }  # fmt: skip
    assert brier(NOBODY, NOTHING) is None
    assert card_precision(NOBODY, NOTHING, np.zeros(0, np.int32), np.zeros(0, np.int64)) is None
    assert calibration_curve(NOBODY, NOTHING) == []


def handbook_card_precision(frame: pd.DataFrame, top_k: int) -> float:
    """Implement the handbook's card_precision_top_k literally: frames, groups and lists."""
    detected: list[int] = []
    precisions = []
    for day in sorted(frame["day"].unique()):
        of_day = frame[(frame["day"] == day) & ~frame["account"].isin(detected)]
        cards = of_day.groupby("account")[["score", "fraud"]].max().sort_values("score", ascending=False)
        top = cards.head(top_k)
        caught = list(top[top["fraud"] == 1].index)
        precisions.append(len(caught) / top_k)
        detected.extend(caught)
    return float(np.mean(precisions))


@pytest.mark.parametrize("top_k", [1, 3, 20])
def test_card_precision_agrees_with_the_handbook(top_k: int) -> None:
    random = default_rng(top_k)
    days, accounts = random.integers(10, 15, 500), random.integers(0, 40, 500)
    is_fraud, scores = random.random(500) < 0.1, random.random(500)
    frame = pd.DataFrame({"day": days, "account": accounts, "score": scores, "fraud": is_fraud.astype(int)})
    times_ms = days * DAY_MS + random.integers(0, DAY_MS, 500)
    found = card_precision(is_fraud, scores, accounts.astype(np.int32), times_ms, top_k)
    assert found == pytest.approx(handbook_card_precision(frame, top_k))


def test_a_detected_account_is_not_checked_again_and_a_missed_one_is() -> None:
    #        day 1                 day 2
    # A      fraud 0.9: detected   fraud 0.9: excluded
    # B      honest 0.8            fraud 0.7: detected instead of A
    is_fraud, scores = np.array([True, False, True, True]), np.array([0.9, 0.8, 0.9, 0.7])
    accounts, times_ms = np.array([0, 1, 0, 1], np.int32), np.array([1, 1, 2, 2]) * DAY_MS
    assert card_precision(is_fraud, scores, accounts, times_ms, 1) == 1.0
    assert card_precision(is_fraud, scores, accounts, times_ms, 2) == 0.5


def test_the_highest_score_of_an_account_and_day_counts_for_any_of_its_frauds() -> None:
    is_fraud, scores = np.array([True, False, False]), np.array([0.1, 0.9, 0.5])
    accounts, times_ms = np.array([0, 0, 1], np.int32), np.full(3, DAY_MS)
    assert card_precision(is_fraud, scores, accounts, times_ms, 1) == 1.0


def test_the_brier_score_agrees_with_scikit_learn() -> None:
    assert brier(TRUTH, SCORES) == pytest.approx(brier_score_loss(TRUTH, SCORES))


def test_the_calibration_curve_has_a_point_for_each_nonempty_bin() -> None:
    curve = calibration_curve(
        np.array([True, False, False, True]), np.array([0.05, 0.15, 0.11, 1.0]), bins=10
    )
    assert curve == [
        {"mean_score": pytest.approx(0.05), "fraud_share": 1.0, "transactions": 1},
        {"mean_score": pytest.approx(0.13), "fraud_share": 0.0, "transactions": 2},
        {"mean_score": 1.0, "fraud_share": 1.0, "transactions": 1},
    ]


AMOUNT_VND = np.array([1_000.0, 5_000.0, 10.0, 7.0, 3.0])


def test_money_counts_the_cost_of_alerts_and_the_saved_amounts() -> None:
    #                fraud 1000 detected, an honest one alerted, fraud 10 missed
    found = money(TRUTH, SCORES >= 0.8, AMOUNT_VND, alert_cost_vnd=100)
    assert found == {
        "money_saved_vnd": 800.0,
        "money_lost_without_model_vnd": 1_010.0,
        # Detecting the 10 costs more than it saves: the best is 900.
        "money_saved_share": pytest.approx(800 / 900),
    }


def test_alerts_can_lose_money_and_there_may_be_none_to_save() -> None:
    assert money(TRUTH, SCORES < 0.5, AMOUNT_VND, 100)["money_saved_share"] == pytest.approx(-200 / 900)
    assert money(TRUTH, SCORES >= 0.8, AMOUNT_VND, 2_000)["money_saved_share"] is None


def test_savings_accumulate_alert_by_alert_from_the_highest_score() -> None:
    mixed = np.array([3, 0, 4, 1, 2])
    saved = savings_by_alerts(TRUTH[mixed], SCORES[mixed], AMOUNT_VND[mixed], 100)
    assert saved.tolist() == [0, 900, 800, 710, 610, 510]


def test_all_metrics_use_the_names_of_the_evaluation_file() -> None:
    found = measure(
        is_fraud=TRUTH,
        scores=SCORES,
        threshold=0.75,
        amount_vnd=AMOUNT_VND,
        accounts=np.arange(5, dtype=np.int32),
        event_time_ms=np.full(5, DAY_MS),
        alerts_per_day=2,
        alert_cost_vnd=100,
    )
    assert found["card_precision_at_2"] == 0.5
    assert (found["precision"], found["recall"]) == (0.5, 0.5)
    assert (found["mean_score"], found["base_rate"]) == (pytest.approx(0.54), 0.4)
    assert found["money_saved_vnd"] == 800
    assert (found["transactions"], found["frauds"]) == (5, 2)
    assert found["recall_at_fpr_0_5pct"] == 0.5
    assert found.keys() >= {"auc_roc", "average_precision", "f1", "false_positive_rate", "brier"}

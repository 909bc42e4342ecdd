import numpy as np
import pytest

from models.threshold import AlertBudget, BestF1, JudgedTransactions, LeastCost, parse_choice


def judged(
    is_fraud: list[int], scores: list[float], amount_vnd: list[float] | None = None, days: float = 1
) -> JudgedTransactions:
    amounts = np.array(amount_vnd or [1.0] * len(scores))
    return JudgedTransactions(np.array(scores), np.array(is_fraud, dtype=bool), amounts, days)


@pytest.mark.parametrize(
    ("is_fraud", "scores", "expected"),
    [
        # All fraud above all honest: the lowest score of fraud.
        ([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9], 0.8),
        # From 0.3 on: precision 2/3 and recall 1, F1 = 0.8; from 0.9 on: F1 = 2/3.
        ([0, 1, 0, 1], [0.1, 0.3, 0.5, 0.9], 0.3),
        # From 0.9 on: F1 = 2/3; from 0.2 on: precision 2/5, F1 = 4/7.
        ([1, 0, 0, 0, 1], [0.2, 0.3, 0.4, 0.5, 0.9], 0.9),
        # From 0.9 on and from 0.4 on the F1 is 2/3: the highest of equal scores.
        ([1, 0, 0, 1], [0.4, 0.5, 0.6, 0.9], 0.9),
        # Nothing but fraud: the lowest score detects all.
        ([1, 1], [0.3, 0.6], 0.3),
        # One score for all: the only possible threshold.
        ([0, 1, 0], [0.5, 0.5, 0.5], 0.5),
        # A score of 0 is a valid threshold.
        ([1, 0], [0.0, 0.0], 0.0),
    ],
)
def test_the_best_f1_uses_the_highest_such_score(
    is_fraud: list[int], scores: list[float], expected: float
) -> None:
    assert BestF1().threshold(judged(is_fraud, scores)) == expected


@pytest.mark.parametrize(
    ("amounts", "cost", "expected"),
    [
        # The fraud at 0.3 is worth the two alerts of 40 each that it takes.
        ([0, 100, 0, 500], 40, 0.3),
        # It is not worth two alerts of 60, but the fraud at 0.9 is worth one.
        ([0, 100, 0, 500], 60, 0.9),
        # Two alerts cost exactly the fraud at 0.3: the highest of equal scores.
        ([0, 100, 0, 500], 50, 0.9),
        # No fraud is worth an alert.
        ([0, 100, 0, 500], 500, 1.0),
    ],
)
def test_the_least_cost_weighs_missed_amounts_against_alerts(
    amounts: list[float], cost: float, expected: float
) -> None:
    transactions = judged([0, 1, 0, 1], [0.1, 0.3, 0.5, 0.9], amounts)
    assert LeastCost(cost).threshold(transactions) == expected


def test_an_honest_amount_is_not_saved() -> None:
    assert LeastCost(1).threshold(judged([0, 1], [0.9, 0.2], [1_000, 3])) == 0.2
    assert LeastCost(2).threshold(judged([0, 1], [0.9, 0.2], [1_000, 3])) == 1.0


@pytest.mark.parametrize(
    ("per_day", "expected"), [(1, 0.7), (1.5, 0.7), (2, 0.4), (2.5, 0.3), (0.5, 0.9), (0.4, 1.0), (99, 0.3)]
)
def test_a_budget_is_used_fully_and_not_exceeded(per_day: float, expected: float) -> None:
    # Over two days; the equal scores of 0.4 alert together or not at all.
    transactions = judged([0] * 5, [0.4, 0.9, 0.3, 0.7, 0.4], days=2)
    assert AlertBudget(per_day).threshold(transactions) == expected


@pytest.mark.parametrize(
    ("text", "choice", "words"),
    [
        ("f1", BestF1(), "the highest F1"),
        ("alerts:100", AlertBudget(100), "at most 100 alerts a day"),
        (
            "cost:50000",
            LeastCost(50_000),
            "the least cost: a missed fraud costs its amount, an alert 50,000 VND",
        ),
    ],
)
def test_a_choice_is_parsed_and_described(text: str, choice: object, words: str) -> None:
    assert parse_choice(text) == choice
    assert parse_choice(text).words == words


@pytest.mark.parametrize("text", ["", "f2", "cost", "cost:", "cost:0", "alerts:-1", "alerts:nan", "cost:inf"])
def test_an_invalid_choice_is_rejected_with_the_fix(text: str) -> None:
    with pytest.raises(ValueError, match=r"use cost:50000 \(VND per alert\), alerts:100"):
        parse_choice(text)

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
def test_the_best_f1_is_at_the_highest_such_score(
    is_fraud: list[int], scores: list[float], expected: float
) -> None:
    assert BestF1().threshold(judged(is_fraud, scores)) == expected


@pytest.mark.parametrize(
    ("amounts", "cost", "expected"),
    [
        # The fraud of 0.3 is worth the two alerts that it takes, of 40 each.
        ([0, 100, 0, 500], 40, 0.3),
        # It is not worth two of 60, but that of 0.9 is worth one.
        ([0, 100, 0, 500], 60, 0.9),
        # Two alerts cost just what the fraud of 0.3 is worth: of equals, the highest score.
        ([0, 100, 0, 500], 50, 0.9),
        # Nothing is worth an alert.
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
def test_a_budget_is_used_up_and_not_passed(per_day: float, expected: float) -> None:
    # Over two days; the scores of 0.4 come together or not at all.
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
def test_a_choice_is_read_and_said_in_words(text: str, choice: object, words: str) -> None:
    assert parse_choice(text) == choice
    assert parse_choice(text).words == words


@pytest.mark.parametrize("text", ["", "f2", "cost", "cost:", "cost:0", "alerts:-1", "alerts:nan", "cost:inf"])
def test_a_choice_that_is_none_is_refused_with_the_remedy(text: str) -> None:
    with pytest.raises(ValueError, match=r"is invalid; give cost:50000 \(VND per alert\), alerts:100"):
        parse_choice(text)

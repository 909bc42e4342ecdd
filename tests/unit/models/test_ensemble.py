import numpy as np
import numpy.typing as npt
import pytest

from fraudstream.scoring.blend import Blend
from fraudstream.scoring.odds import probability
from models.ensemble import FIXED_WEIGHTS, EnsembleChoice, Mean, alone, is_gain, learn_blend

Scores = npt.NDArray[np.float64]
Truth = npt.NDArray[np.bool_]


def drawn(*noises: float, count: int = 20_000) -> tuple[dict[str, Scores], Truth]:
    """Return members that see the log-odds of fraud, each with independent noise."""
    random = np.random.default_rng(3)
    odds = random.normal(-2, 2, count)
    is_fraud = random.random(count) < probability(odds)
    return {
        str(place): probability(odds + random.normal(0, noise, count)) for place, noise in enumerate(noises)
    }, is_fraud


def test_a_mean_is_weighted_for_any_sum_of_weights() -> None:
    scores = {"a": np.array([0.2, 1.0]), "b": np.array([0.6, 0.0]), "c": np.array([1.0, 1.0])}
    assert Mean({"a": 3, "b": 1}).combine(scores) == pytest.approx([0.3, 0.75])


def test_a_single_member_keeps_its_scores() -> None:
    scores = np.array([0.0, 1e-9, 0.3, 1 - 1e-9, 1.0])
    assert alone("a").combine({"a": scores}) == pytest.approx(scores, abs=1e-11)


def test_the_fixed_weights_are_those_of_the_product_documents() -> None:
    assert [sorted(weights.values()) for weights in FIXED_WEIGHTS.values()] == [[0.3, 0.7], [0.2, 0.4, 0.4]]
    assert FIXED_WEIGHTS["fixed_70_30"]["xgboost"] == 0.7


def test_the_better_member_gets_the_larger_weight_and_the_blend_is_near_the_truth() -> None:
    scores, is_fraud = drawn(0.5, 2.0)
    blend = learn_blend(scores, is_fraud)
    assert blend.weights["0"] > 3 * blend.weights["1"] > 0
    combined = blend.combine(scores)
    assert combined.mean() == pytest.approx(is_fraud.mean(), rel=0.01)
    top = combined > 0.8
    assert is_fraud[top].mean() == pytest.approx(combined[top].mean(), abs=0.02)


def test_a_member_without_skill_is_excluded() -> None:
    scores, is_fraud = drawn(0.5, 1.0)
    scores["wrong"] = 1 - scores["1"]
    assert set(learn_blend({"0": scores["0"], "wrong": scores["wrong"]}, is_fraud).weights) == {"0"}


def test_without_any_skilled_member_the_first_one_is_used_unchanged() -> None:
    scores, is_fraud = drawn(0.5, 1.0)
    wrong = {name: 1 - each for name, each in scores.items()}
    assert learn_blend(wrong, is_fraud) == alone("0")


def test_perfect_separation_has_finite_weights() -> None:
    is_fraud = np.arange(100) >= 90
    blend = learn_blend({"perfect": np.where(is_fraud, 1.0, 0.0)}, is_fraud)
    assert 0 < blend.weights["perfect"] < 1


def test_the_same_scores_give_the_same_weights() -> None:
    scores, is_fraud = drawn(0.5, 2.0, count=2_000)
    assert learn_blend(scores, is_fraud) == learn_blend(scores, is_fraud)


@pytest.mark.parametrize(
    ("gains", "expected"),
    [
        # Mean 0.02, standard deviation 0.01.
        ([0.01, 0.02, 0.03], True),
        # Mean 0.01, standard deviation 0.01 by n - 1: noise.
        ([0.0, 0.01, 0.02], False),
        # With n the deviation would be 0.0082 and this a gain; with n - 1 it is noise.
        ([0.0, 0.009, 0.02], False),
        ([-0.02, -0.02], False),
        ([0.0, 0.0, 0.0], False),
        ([0.02, 0.02], True),
        # The noise can't be estimated.
        ([0.5], False),
        ([], False),
    ],
)
def test_a_gain_must_exceed_its_noise(gains: list[float], *, expected: bool) -> None:
    assert is_gain(gains) is expected


@pytest.mark.parametrize(
    ("weights", "gains", "ships"),
    [
        ({"a": 1.0, "b": 0.2}, (0.02, 0.02), True),
        ({"a": 1.0, "b": 0.2}, (0.02, -0.02), False),
        # Only the first member is left, so the ensemble can't be better.
        ({"a": 0.9}, (0.02, 0.02), False),
    ],
)
def test_the_simpler_model_ships_unless_the_ensemble_is_better(
    weights: dict[str, float], gains: tuple[float, ...], *, ships: bool
) -> None:
    decision = EnsembleChoice(Blend(weights, 0.1), alone("a"), gains)
    assert decision.ships is ships
    assert decision.blend == (Blend(weights, 0.1) if ships else alone("a"))

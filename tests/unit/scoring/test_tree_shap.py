"""The tables agree with XGBoost's own TreeSHAP and with the definition of a Shapley value."""

import itertools
from collections.abc import Callable
from math import factorial

import numpy as np
import numpy.typing as npt
import pytest
import xgboost

from fraudstream.scoring.manifest import ModelError
from fraudstream.scoring.tree_shap import MOST_COMPARISONS, MOST_DEPTH, ROWS_AT_ONCE, TreeShap

Floats = npt.NDArray[np.float32]
WIDTH = 7


def rows(count: int, seed: int = 1, missing: float = 0.2) -> Floats:
    random = np.random.default_rng(seed)
    matrix = random.normal(size=(count, WIDTH)).round(1).astype(np.float32)
    matrix[random.random(matrix.shape) < missing] = np.nan
    return matrix


def trained(depth: int, trees: int = 5, **told: float) -> xgboost.Booster:
    """Return trees of this depth for a target that depends on every input."""
    inputs = rows(3_000)
    known = np.nan_to_num(inputs)
    target = (known[:, 0] * known[:, 1] + known[:, 2:].sum(axis=1) > 0).astype(np.float32)
    options = {"max_depth": depth, "objective": "binary:logistic", "base_score": 0.5, "nthread": 1, **told}
    return xgboost.train(options, xgboost.DMatrix(inputs, label=target), num_boost_round=trees)


def of_xgboost(booster: xgboost.Booster, inputs: Floats) -> npt.NDArray[np.float64]:
    contributions = booster.predict(xgboost.DMatrix(inputs), pred_contribs=True)[:, :-1]
    return np.asarray(contributions, dtype=np.float64)


# Up to depth 3 a tree is one group; from 4 on it is split; a leaf below 8 has more comparisons than a group.
@pytest.mark.parametrize("depth", [1, 2, 3, 4, 6, MOST_COMPARISONS, MOST_COMPARISONS + 2])
def test_contributions_equal_xgboosts(depth: int) -> None:
    booster = trained(depth, min_child_weight=0.01, gamma=0)
    inputs = rows(300, seed=2)
    expected = of_xgboost(booster, inputs)
    assert np.abs(expected).max() > 0.1
    assert TreeShap(booster).contributions(inputs) == pytest.approx(expected, abs=1e-5)


def test_a_value_equal_to_a_split_goes_the_way_of_xgboost() -> None:
    booster = trained(6)
    limits = booster.trees_to_dataframe().query("Feature != 'Leaf'")
    inputs = rows(len(limits), seed=3)
    inputs[np.arange(len(limits)), limits["Feature"].str[1:].astype(int)] = limits["Split"].astype(np.float32)
    assert TreeShap(booster).contributions(inputs) == pytest.approx(of_xgboost(booster, inputs), abs=1e-5)


def test_a_row_of_only_missing_values_is_explained() -> None:
    booster = trained(6)
    nothing = np.full((1, WIDTH), np.nan, dtype=np.float32)
    assert TreeShap(booster).contributions(nothing) == pytest.approx(of_xgboost(booster, nothing), abs=1e-5)


def test_a_row_has_the_same_contributions_alone_and_in_any_batch() -> None:
    shap = TreeShap(trained(6, trees=30))
    inputs = rows(ROWS_AT_ONCE + 7, seed=4)
    together = shap.contributions(inputs)
    for size in (1, 2, 7, ROWS_AT_ONCE):
        parts = [shap.contributions(inputs[start : start + size]) for start in range(0, len(inputs), size)]
        assert np.concatenate(parts).tobytes() == together.tobytes()


def test_no_rows_have_no_contributions() -> None:
    assert TreeShap(trained(2)).contributions(rows(0)).shape == (0, WIDTH)


def test_trees_of_one_leaf_distinguish_no_inputs() -> None:
    booster = trained(3, min_child_weight=1e6)
    assert not TreeShap(booster).contributions(rows(3)).any()


def test_an_input_that_no_tree_reads_contributes_nothing() -> None:
    inputs = rows(500)
    booster = xgboost.train(
        {"max_depth": 3}, xgboost.DMatrix(inputs, label=np.nan_to_num(inputs[:, 2])), num_boost_round=3
    )
    asked = {int(name[1:]) for name in booster.get_score()}
    contributions = TreeShap(booster).contributions(rows(50, seed=2))
    assert asked < set(range(WIDTH))
    assert {place for place in range(WIDTH) if contributions[:, place].any()} == asked


def test_large_leaves_are_as_exact_as_small_ones() -> None:
    inputs = rows(500)
    target = 1e6 * np.nan_to_num(inputs[:, 0])
    booster = xgboost.train({"max_depth": 4}, xgboost.DMatrix(inputs, label=target), num_boost_round=5)
    expected = of_xgboost(booster, inputs)
    assert TreeShap(booster).contributions(inputs) == pytest.approx(expected, rel=1e-4, abs=1.0)


def test_a_tree_too_deep_for_tables_is_rejected_with_the_fix() -> None:
    inputs = np.arange(2.0**15, dtype=np.float32)[:, None]
    label = np.arange(2.0**15) % 2
    booster = xgboost.train(
        {"max_depth": MOST_DEPTH + 1, "min_child_weight": 0, "lambda": 0, "max_bin": 2**15},
        xgboost.DMatrix(inputs, label=label),
        num_boost_round=1,
    )
    with pytest.raises(ModelError, match=f"max_depth of at most {MOST_DEPTH}"):
        TreeShap(booster)


# ---- the definition ----


def worth(booster: xgboost.Booster, row: Floats) -> Callable[[frozenset[int]], float]:
    """Return the expectation of the first tree for a row of which only some inputs are known."""
    tree = booster.trees_to_dataframe().set_index("ID")

    def expected(node: str, known: frozenset[int]) -> float:
        at = tree.loc[node]
        if at["Feature"] == "Leaf":
            return float(at["Gain"])
        place = int(at["Feature"][1:])
        if place in known:
            is_left = row[place] < np.float32(at["Split"])
            way = "Missing" if np.isnan(row[place]) else "Yes" if is_left else "No"
            return expected(at[way], known)
        shares = {way: float(tree.loc[at[way], "Cover"] / at["Cover"]) for way in ("Yes", "No")}
        return sum(share * expected(at[way], known) for way, share in shares.items())

    return lambda known: expected("0-0", known)


def test_contributions_are_shapley_values_of_the_expectation_of_the_tree() -> None:
    booster = trained(3, trees=1)
    shap = TreeShap(booster)
    for row in rows(5, seed=6):
        of = worth(booster, row)
        for place in range(WIDTH):
            others = [other for other in range(WIDTH) if other != place]
            value = sum(
                (of(frozenset({*some, place})) - of(frozenset(some)))
                * factorial(size)
                * factorial(WIDTH - size - 1)
                / factorial(WIDTH)
                for size in range(WIDTH)
                for some in itertools.combinations(others, size)
            )
            assert shap.contributions(row[None])[0, place] == pytest.approx(value, abs=1e-4)

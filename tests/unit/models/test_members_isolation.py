import numpy as np
import pytest
import xgboost
from sklearn import ensemble

from fraudstream.scoring.members.imputation import imputed
from fraudstream.scoring.members.isolation_forest import IsolationForest
from models.members.forest_booster import average_path_length, to_booster
from models.members.isolation_training import IsolationKind
from models.members.medians import medians
from tests.unit.models.model_rules import CATALOGUE, data


def test_the_booster_scores_like_the_forest_of_scikit_learn() -> None:
    features, is_fraud = data(2_000)
    others, _ = data(3_000, seed=2)
    parameters = IsolationKind().parameters(5)
    fill = medians(features)
    forest = ensemble.IsolationForest(**parameters).fit(imputed(features, fill))
    member = IsolationKind().fit(features, is_fraud, CATALOGUE, 5)
    assert member.score(others) == pytest.approx(-forest.score_samples(imputed(others, fill)), abs=1e-5)


def test_a_value_equal_to_a_split_goes_the_same_way_as_in_scikit_learn() -> None:
    rows = np.arange(64, dtype=np.float32)[:, None]
    forest = ensemble.IsolationForest(n_estimators=20, max_samples=64, random_state=1).fit(rows)
    limits = np.concatenate([tree.tree_.threshold for tree in forest.estimators_]).astype(np.float32)
    near = np.concatenate(
        [np.nextafter(limits, np.float32(-np.inf)), limits, np.nextafter(limits, np.float32(99))]
    )
    member = IsolationForest(to_booster(forest, np.zeros(1, np.float32)), 1)
    assert member.score(near[:, None]) == pytest.approx(-forest.score_samples(near[:, None]), abs=1e-6)


def test_identical_rows_give_trees_of_one_leaf() -> None:
    rows = np.ones((50, 3), np.float32)
    member = IsolationKind().fit(rows, np.zeros(50, bool), CATALOGUE, 1)
    assert member.score(rows) == pytest.approx(0.5)


def test_the_file_is_a_booster_that_xgboost_loads() -> None:
    features, is_fraud = data(500)
    booster = xgboost.Booster(
        model_file=bytearray(IsolationKind().fit(features, is_fraud, CATALOGUE, 1).to_bytes())
    )
    assert booster.num_boosted_rounds() == 100
    assert booster.num_features() == CATALOGUE.width


@pytest.mark.parametrize(
    ("rows", "expected"), [(1, 0.0), (2, 1.0), (3, 2 * (np.log(2) + np.euler_gamma) - 4 / 3), (256, 10.2448)]
)
def test_the_average_path_length_is_that_of_the_paper(rows: int, expected: float) -> None:
    assert average_path_length(np.array([rows])) == pytest.approx([expected], abs=1e-4)


def test_medians_ignore_missing_values() -> None:
    features = np.array([[1, np.nan, 5], [3, np.nan, np.nan], [8, np.nan, 6]], np.float32)
    assert medians(features).tolist() == [3, 0, 5.5]
    assert imputed(features, medians(features))[1].tolist() == [3, 0, 5.5]

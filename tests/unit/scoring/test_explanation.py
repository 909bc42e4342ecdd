"""Explanations of alerts from their vectors."""

from typing import cast

import numpy as np
import numpy.typing as npt
import pytest

from fraudstream.domain.alert_reasons import Reason, Reasoner
from fraudstream.domain.catalogue import BUILT_IN
from fraudstream.runtime.project_root import ROOT
from fraudstream.scoring.explanation import NOTHING_ADDED, Explainer, Explanation
from fraudstream.scoring.scorer import Scorer

Matrix = npt.NDArray[np.float64]


def vectors(rows: int) -> Matrix:
    """Return vectors of several magnitudes, with gaps."""
    random = np.random.default_rng(3)
    matrix: Matrix = random.lognormal(3, 4, (rows, BUILT_IN.width))
    matrix[random.random(matrix.shape) < 0.1] = np.nan
    return matrix


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return Scorer.load(ROOT / "models" / "v1", BUILT_IN)


# ---- explaining ----


def test_contributions_and_the_bias_add_up_to_the_score_of_the_trees(scorer: Scorer) -> None:
    matrix = vectors(40)
    added = scorer.contributions(matrix).sum(axis=1)
    odds = np.log(scorer.score(matrix) / (1 - scorer.score(matrix)))
    assert np.ptp(odds) > 1
    assert added - odds == pytest.approx(np.full(40, (added - odds)[0]), abs=1e-4)


def test_positions_that_the_model_does_not_read_contribute_nothing(scorer: Scorer) -> None:
    inputs = {feature.name for feature in scorer.manifest.features}
    contributing = scorer.contributions(vectors(200)).any(axis=0)
    assert contributing.any()
    assert {name for name, some in zip(BUILT_IN.names, contributing, strict=True) if some} <= inputs


def test_reasons_are_the_largest_contributions_of_the_row(scorer: Scorer) -> None:
    matrix = vectors(20)
    contributions = scorer.contributions(matrix)
    for row, explanation in enumerate(Explainer(scorer, BUILT_IN).explain(matrix)):
        largest = np.argsort(-contributions[row], kind="stable")[:5]
        expected = [BUILT_IN.names[place] for place in largest if contributions[row, place] > 5e-5]
        assert [reason.feature for reason in explanation.reasons] == expected
        assert explanation.missing is None


def test_a_row_has_the_same_explanation_alone_and_in_a_batch(scorer: Scorer) -> None:
    matrix = vectors(70)
    explainer = Explainer(scorer, BUILT_IN)
    assert explainer.explain(matrix) == [explainer.explain(row[None])[0] for row in matrix]


class Broken:
    """A model without trees, or whose contributions or wording fail."""

    def __init__(self, scorer: Scorer, contributions: object) -> None:
        self.manifest = scorer.manifest
        self._contributions = contributions

    def contributions(self, features: Matrix) -> Matrix:
        if isinstance(self._contributions, Exception):
            raise self._contributions
        return np.full(features.shape, self._contributions)


def explained(scorer: Scorer, contributions: object, matrix: Matrix) -> list[Explanation]:
    return Explainer(cast("Scorer", Broken(scorer, contributions)), BUILT_IN).explain(matrix)


def test_a_failing_model_leaves_the_alerts_without_reasons_and_with_the_error(scorer: Scorer) -> None:
    expected = Explanation((), "the model's contributions failed: out of trees")
    assert explained(scorer, RuntimeError("out of trees"), vectors(2)) == [expected, expected]


def test_a_row_that_cannot_be_worded_does_not_affect_the_other_reasons(
    scorer: Scorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    matrix = vectors(3)
    explainer = Explainer(scorer, BUILT_IN)
    expected = explainer.explain(matrix)
    worded = Reasoner.reasons

    def reasons(self: Reasoner, vector: list[float], added: list[float]) -> tuple[Reason, ...]:
        if vector[1] == matrix[1, 1]:
            msg = "no words"
            raise KeyError(msg)
        return worded(self, vector, added)

    monkeypatch.setattr(Reasoner, "reasons", reasons)
    first, bare, last = explainer.explain(matrix)
    assert (first, last) == (expected[0], expected[2])
    assert bare == Explanation((), "the reasons could not be put into words: 'no words'")


def test_a_model_without_contributions_is_reported(scorer: Scorer) -> None:
    assert explained(scorer, 0.0, vectors(1)) == [Explanation((), NOTHING_ADDED)]


def test_the_population_baseline_comes_from_the_manifest(scorer: Scorer) -> None:
    features = tuple(
        feature.model_copy(update={"usual": 7.0}) if feature.name == "fee_to_amount_ratio" else feature
        for feature in scorer.manifest.features
    )
    manifest = scorer.manifest.model_copy(update={"features": features})
    model = Broken(scorer, 0.0)
    model.manifest = manifest
    place = BUILT_IN.slices["fee_to_amount_ratio"].start
    model._contributions = np.eye(BUILT_IN.width)[place]  # noqa: SLF001 - this test's own class
    ((reason,), _) = Explainer(cast("Scorer", model), BUILT_IN).explain(vectors(1))[0]
    assert (reason.feature, reason.usual, reason.usual_of) == ("fee_to_amount_ratio", 7.0, "population")

"""An alert is explained from its vector, and made again from its record and the model's folder alone."""

from collections.abc import Iterator
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import orjson
import pytest

from fraudstream.domain.alert import Alert
from fraudstream.domain.alert_reasons import Reason, Reasoner
from fraudstream.domain.catalogue import BUILT_IN, Catalogue
from fraudstream.domain.transaction import format_time
from fraudstream.runtime.project_root import ROOT
from fraudstream.scoring.explanation import (
    NOTHING_ADDED,
    RECORDS_AT_ONCE,
    Explainer,
    Explanation,
    judge_of,
    rederive,
    vector_of,
)
from fraudstream.scoring.manifest import ModelError
from fraudstream.scoring.scorer import Scorer

Matrix = npt.NDArray[np.float64]
TIME_MS = 1_767_323_045_678
NOW_MS = TIME_MS + 86_400_000


def vectors(rows: int) -> Matrix:
    """Return vectors that are not all of one size, with gaps."""
    random = np.random.default_rng(3)
    matrix: Matrix = random.lognormal(3, 4, (rows, BUILT_IN.width))
    matrix[random.random(matrix.shape) < 0.1] = np.nan
    matrix[:, BUILT_IN.slices["transaction_amount_vnd"].start] = 50_000.0
    return matrix


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return Scorer.load(ROOT / "models" / "v1", BUILT_IN)


# ---- explaining ----


def test_contributions_and_the_bias_add_up_to_the_score_that_the_trees_give(scorer: Scorer) -> None:
    matrix = vectors(40)
    added = scorer.contributions(matrix).sum(axis=1)
    odds = np.log(scorer.score(matrix) / (1 - scorer.score(matrix)))
    assert np.ptp(odds) > 1
    assert added - odds == pytest.approx(np.full(40, (added - odds)[0]), abs=1e-4)


def test_places_that_the_model_does_not_look_at_contribute_nothing(scorer: Scorer) -> None:
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


def test_a_row_is_explained_alike_alone_and_in_a_batch(scorer: Scorer) -> None:
    matrix = vectors(70)
    explainer = Explainer(scorer, BUILT_IN)
    assert explainer.explain(matrix) == [explainer.explain(row[None])[0] for row in matrix]


class Broken:
    """A model without trees, or whose contributions or whose words fail."""

    def __init__(self, scorer: Scorer, contributions: object) -> None:
        self.manifest = scorer.manifest
        self._contributions = contributions

    def contributions(self, features: Matrix) -> Matrix:
        if isinstance(self._contributions, Exception):
            raise self._contributions
        return np.full(features.shape, self._contributions)


def explained(scorer: Scorer, contributions: object, matrix: Matrix) -> list[Explanation]:
    return Explainer(cast("Scorer", Broken(scorer, contributions)), BUILT_IN).explain(matrix)


def test_a_model_that_fails_leaves_the_alerts_without_reasons_and_says_why(scorer: Scorer) -> None:
    expected = Explanation((), "the model's contributions failed: out of trees")
    assert explained(scorer, RuntimeError("out of trees"), vectors(2)) == [expected, expected]


def test_a_row_that_cannot_be_worded_leaves_the_others_their_reasons(
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
    assert bare == Explanation((), "the reasons could not be worded: 'no words'")


def test_a_model_that_cannot_say_what_adds_says_so(scorer: Scorer) -> None:
    assert explained(scorer, 0.0, vectors(1)) == [Explanation((), NOTHING_ADDED)]


def test_what_is_usual_for_the_population_is_the_manifests(scorer: Scorer) -> None:
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


# ---- once more ----


def test_a_threshold_of_the_jobs_stands_before_the_models(scorer: Scorer) -> None:
    assert judge_of(scorer.manifest, BUILT_IN, None).threshold == scorer.manifest.threshold
    assert judge_of(scorer.manifest, BUILT_IN, 0.0).threshold == 0.0


def record(scorer: Scorer, vector: list[float], number: int = 0, **changes: object) -> dict[str, Any]:
    """Return what the stream of scored transactions has of a vector."""
    return {
        "transaction_id": f"T{number}",
        "account_id": "A1",
        "event_time": format_time(TIME_MS),
        "arrival_time": format_time(TIME_MS + 5),
        "scored_at": format_time(TIME_MS + 9),
        "outcome": "new",
        "score": float(scorer.score(np.array([vector]))[0]),
        "model_version": scorer.manifest.version,
        "catalogue_version": BUILT_IN.version,
        "ordinals": {},
        "features": dict(zip(BUILT_IN.names, (None if np.isnan(x) else x for x in vector), strict=True)),
    } | changes


def lines(*records: dict[str, Any]) -> Iterator[bytes]:
    return map(orjson.dumps, records)


def again(scorer: Scorer, *records: dict[str, Any], threshold: float = 0.0) -> list[Alert]:
    judge = judge_of(scorer.manifest, BUILT_IN, threshold)
    return list(rederive(lines(*records), scorer, judge, BUILT_IN, NOW_MS))


def test_the_alert_of_a_record_says_what_the_record_says(scorer: Scorer) -> None:
    vector = vectors(1)[0].tolist()
    (alert,) = again(scorer, record(scorer, vector))
    facts = orjson.loads(alert.to_json())
    assert facts["transaction_id"] == "T0"
    assert facts["account_id"] == "A1"
    assert facts["event_time"] == format_time(TIME_MS)
    assert facts["arrival_time"] == format_time(TIME_MS + 5)
    assert facts["scored_at"] == format_time(NOW_MS)
    assert facts["transaction_amount_vnd"] == 50_000.0
    assert alert.reasons == Explainer(scorer, BUILT_IN).explain(np.array([vector]))[0].reasons
    assert len(alert.reasons) == 5
    assert isinstance(alert.reasons[0], Reason)


def test_an_arrival_that_nobody_knew_stays_unknown(scorer: Scorer) -> None:
    (alert,) = again(scorer, record(scorer, vectors(1)[0].tolist(), arrival_time=None))
    assert alert.arrival_time is None


def test_only_what_reached_the_threshold_has_an_alert(scorer: Scorer) -> None:
    records = [record(scorer, row.tolist(), number) for number, row in enumerate(vectors(50))]
    scores = sorted(one["score"] for one in records)
    alerts = again(scorer, *records, threshold=scores[30])
    assert {alert.transaction_id for alert in alerts} == {
        one["transaction_id"] for one in records if one["score"] >= scores[30]
    }
    assert 0 < len(alerts) < 50


def test_a_doubled_transaction_has_no_alert(scorer: Scorer) -> None:
    vector = vectors(1)[0].tolist()
    double = record(scorer, vector, 9, outcome="duplicate", score=None, features=None)
    assert [alert.transaction_id for alert in again(scorer, double, record(scorer, vector))] == ["T0"]


def test_records_come_in_their_order_however_many_there_are(scorer: Scorer) -> None:
    one = record(scorer, vectors(1)[0].tolist())
    numbers = range(2 * RECORDS_AT_ONCE + 3)
    alerts = again(scorer, *({**one, "transaction_id": f"T{number}"} for number in numbers))
    assert [alert.transaction_id for alert in alerts] == [f"T{number}" for number in numbers]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model_version": "v0"}, "'T0': model_version is 'v0', not 'v1'"),
        ({"catalogue_version": "old"}, "'T0': catalogue_version is 'old', not "),
        ({"score": 0.123}, "'T0': the score was 0.123, and is "),
        ({"features": {"account_count_5m": 1}}, "the record has no feature 'account_amount_vnd_sum_5m'"),
    ],
)
def test_a_record_of_something_else_is_refused(scorer: Scorer, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        again(scorer, record(scorer, vectors(1)[0].tolist(), **changes))


def test_a_catalogue_without_the_amount_cannot_make_alerts_again(scorer: Scorer) -> None:
    catalogue = Catalogue(BUILT_IN.features[:5])
    with pytest.raises(ModelError, match="no feature with the value of transaction_amount_vnd"):
        next(rederive(iter(()), scorer, judge_of(scorer.manifest, catalogue, None), catalogue, NOW_MS))


def test_a_list_is_laid_out_as_the_kernel_does_it() -> None:
    catalogue = Catalogue.from_json(
        """{"features": [
        {"name": "a", "entity": "transaction", "statistic": "weekend"},
        {"name": "l", "entity": "account_id", "statistic": "last_n", "column": "transaction_fees_vnd",
         "window": "1h", "n": 3}]}"""
    )
    triples = [[10, 5.5, None], [20, None, 2]]
    expected = [1, 10, 20, None, 5.5, None, None, None, 2, None]
    assert vector_of({"a": 1, "l": triples}, catalogue) == expected
    assert vector_of({"a": None, "l": None}, catalogue) == [None] * 10

"""An alert can be derived again from its scored record and the model's folder alone."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pytest

from fraudstream.domain.alert import Alert
from fraudstream.domain.alert_reasons import Reason
from fraudstream.domain.catalogue import BUILT_IN, Catalogue
from fraudstream.domain.transaction import format_time
from fraudstream.runtime.project_root import ROOT
from fraudstream.scoring.decider import Decider
from fraudstream.scoring.explanation import Explainer
from fraudstream.scoring.manifest import ModelError
from fraudstream.scoring.scorer import Scorer
from models.rederive import RECORDS_AT_ONCE, rederive, vector_of

Matrix = npt.NDArray[np.float64]
TIME_MS = 1_767_323_045_678
NOW_MS = TIME_MS + 86_400_000


def vectors(rows: int) -> Matrix:
    """Return vectors of several magnitudes with gaps; the amount is known."""
    random = np.random.default_rng(3)
    matrix: Matrix = random.lognormal(3, 4, (rows, BUILT_IN.width))
    matrix[random.random(matrix.shape) < 0.1] = np.nan
    matrix[:, BUILT_IN.slices["transaction_amount_vnd"].start] = 50_000.0
    return matrix


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return Scorer.load(ROOT / "models" / "v1", BUILT_IN)


def record(scorer: Scorer, vector: list[float], number: int = 0, **changes: object) -> dict[str, Any]:
    """Return the scored record of a vector."""
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
    decider = Decider(scorer, BUILT_IN, threshold)
    return list(rederive(lines(*records), decider, BUILT_IN, NOW_MS))


def test_the_derived_alert_has_the_facts_of_the_record(scorer: Scorer) -> None:
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


def test_an_unknown_arrival_time_stays_unknown(scorer: Scorer) -> None:
    (alert,) = again(scorer, record(scorer, vectors(1)[0].tolist(), arrival_time=None))
    assert alert.arrival_time is None


def test_only_records_at_or_above_the_threshold_have_an_alert(scorer: Scorer) -> None:
    records = [record(scorer, row.tolist(), number) for number, row in enumerate(vectors(50))]
    scores = sorted(one["score"] for one in records)
    alerts = again(scorer, *records, threshold=scores[30])
    assert {alert.transaction_id for alert in alerts} == {
        one["transaction_id"] for one in records if one["score"] >= scores[30]
    }
    assert 0 < len(alerts) < 50


def test_a_duplicate_has_no_alert(scorer: Scorer) -> None:
    vector = vectors(1)[0].tolist()
    double = record(scorer, vector, 9, outcome="duplicate", score=None, features=None)
    assert [alert.transaction_id for alert in again(scorer, double, record(scorer, vector))] == ["T0"]


def test_any_number_of_records_keeps_its_order(scorer: Scorer) -> None:
    one = record(scorer, vectors(1)[0].tolist())
    numbers = range(2 * RECORDS_AT_ONCE + 3)
    alerts = again(scorer, *({**one, "transaction_id": f"T{number}"} for number in numbers))
    assert [alert.transaction_id for alert in alerts] == [f"T{number}" for number in numbers]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model_version": "v0"}, "'T0': model_version is 'v0', not 'v1'"),
        ({"catalogue_version": "old"}, "'T0': catalogue_version is 'old', not "),
        ({"score": 0.123}, "'T0': the score was 0.123, but is now "),
        ({"account_id": 7}, "'T0': the alert could not be created: "),
        ({"features": {"account_count_5m": 1}}, "the record has no feature 'account_amount_vnd_sum_5m'"),
    ],
)
def test_a_foreign_record_is_rejected(scorer: Scorer, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        again(scorer, record(scorer, vectors(1)[0].tolist(), **changes))


def test_a_catalogue_without_the_amount_is_rejected(scorer: Scorer) -> None:
    catalogue = Catalogue(BUILT_IN.features[:5])
    with pytest.raises(ModelError, match="no feature with the value of transaction_amount_vnd"):
        next(rederive(iter(()), Decider(scorer, BUILT_IN), catalogue, NOW_MS))


def test_a_list_is_laid_out_as_in_the_kernel() -> None:
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

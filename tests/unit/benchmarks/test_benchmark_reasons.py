import numpy as np
import orjson

from benchmarks.reasons import WithoutReasons, encoded, least_us, vectors
from fraudstream.domain.catalogue import BUILT_IN
from fraudstream.runtime.project_root import ROOT
from fraudstream.scoring.decider import Decider
from fraudstream.scoring.scorer import Scorer
from jobs.scoring_udf import ScoreBatches, ScoringBatch


def test_the_job_can_read_a_batch_of_the_benchmark() -> None:
    matrix = vectors(7)
    batch = ScoringBatch(encoded(matrix))
    assert np.array_equal(batch.vectors, matrix, equal_nan=True)
    assert batch[6].account_id == ""


def test_the_two_variants_differ_only_in_the_reasons() -> None:
    scorer = Scorer.load(ROOT / "models" / "v1", BUILT_IN)
    data = encoded(vectors(1))
    alerts = []
    for decider in (Decider(scorer, BUILT_IN, 0.0), WithoutReasons(scorer, 0.0)):
        answer = ScoreBatches(decider).eval(data)
        # One score, and the header of a note.
        alerts.append(orjson.loads(answer[8 + 9 :]))
    with_reasons, without = alerts
    assert len(with_reasons.pop("reasons")) == 5
    assert without.pop("reasons") == []
    for alert in alerts:
        del alert["scored_at"]
    assert with_reasons == without


def test_a_cost_is_the_minimum_of_many_measurements() -> None:
    calls: list[int] = []
    assert least_us(lambda: calls.append(sum(range(len(calls))))) >= 0
    assert len(calls) > 10

import numpy as np
import orjson

from benchmarks.reasons import WithoutReasons, encoded, judge, least_us, vectors
from fraudstream.domain.catalogue import BUILT_IN
from fraudstream.runtime.project_root import ROOT
from fraudstream.scoring.scorer import Scorer
from jobs.scoring_udf import Batch, ScoreBatches


def test_a_batch_of_the_benchmark_is_one_that_the_job_reads() -> None:
    matrix = vectors(7)
    batch = Batch(encoded(matrix))
    assert np.array_equal(batch.features, matrix, equal_nan=True)
    assert batch.facts(6)["account_id"] == ""


def test_the_two_ways_differ_in_the_reasons_alone() -> None:
    scorer = Scorer.load(ROOT / "models" / "v1", BUILT_IN)
    data = encoded(vectors(1))
    alerts = []
    for batches in (ScoreBatches(scorer, judge(0.0), BUILT_IN), WithoutReasons(scorer, judge(0.0))):
        answer = batches.eval(data)
        # One score, and the head of a note.
        alerts.append(orjson.loads(answer[8 + 9 :]))
    with_reasons, without = alerts
    assert len(with_reasons.pop("reasons")) == 5
    assert without.pop("reasons") == []
    for alert in alerts:
        del alert["scored_at"]
    assert with_reasons == without


def test_a_cost_is_the_least_of_many() -> None:
    calls: list[int] = []
    assert least_us(lambda: calls.append(sum(range(len(calls))))) >= 0
    assert len(calls) > 10

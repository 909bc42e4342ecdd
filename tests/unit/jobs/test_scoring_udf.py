"""The scoring function reads batches and writes scores and notes in the kernel's encoding."""

import itertools
import pickle
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import pytest

from fraudstream.domain.alert import Alert
from fraudstream.domain.catalogue import BUILT_IN
from fraudstream.runtime.project_root import ROOT
from fraudstream.scoring.decider import Decider
from fraudstream.scoring.decisions import Subject
from fraudstream.scoring.scorer import Scorer
from jobs.scoring_udf import ALERT, ERROR, NO_TIME, OVERFLOWING, ScoreBatches, ScoringBatch, scoring_udf
from tests.unit.scoring.single_input_model import (
    CATALOGUE,
    THRESHOLD,
    SingleInputModel,
    decider_of,
    vector,
)

TIME_MS = 1_767_323_045_678
AFTER_ALL_YEARS_MS = 10**15


@dataclass(frozen=True)
class Row:
    """A transaction of a batch; its vector contains the score at the model's position."""

    transaction_id: str = "t"
    account_id: str = "a"
    score: float = 0.1
    flag: float = 0.0
    event_time_ms: int = TIME_MS
    arrival_ms: int = NO_TIME
    amount_vnd: float = 50_000.0

    @property
    def vector(self) -> list[float]:
        return vector(self.score, self.flag)


def encoded(rows: list[Row], width: int = CATALOGUE.width) -> bytes:
    """Return a batch in the encoding of ``ScoringBatch``."""
    texts = [text.encode() for row in rows for text in (row.transaction_id, row.account_id)]
    offsets = itertools.accumulate(map(len, texts), initial=0)
    return b"".join(
        [
            struct.pack("<ii", len(rows), width),
            *(struct.pack(f"<{width}d", *row.vector) for row in rows),
            *(struct.pack("<q", row.event_time_ms) for row in rows),
            *(struct.pack("<q", row.arrival_ms) for row in rows),
            *(struct.pack("<d", row.amount_vnd) for row in rows),
            *(struct.pack("<i", offset) for offset in offsets),
            *texts,
        ]
    )


@dataclass(frozen=True)
class Answer:
    """The decoded result: a score for each row, NaN for none, and notes of row, kind and text."""

    scores: list[float]
    notes: list[tuple[int, int, str]]

    def alerts(self) -> dict[int, dict[str, Any]]:
        return {row: orjson.loads(text) for row, kind, text in self.notes if kind == ALERT}

    def errors(self) -> dict[int, str]:
        return {row: text for row, kind, text in self.notes if kind == ERROR}


def decoded(answer: bytes, rows: int) -> Answer:
    scores = struct.unpack_from(f"<{rows}d", answer)
    at = 8 * rows
    notes = []
    while at < len(answer):
        row, kind, length = struct.unpack_from("<ibi", answer, at)
        at += 9
        notes.append((row, kind, answer[at : at + length].decode()))
        at += length
    return Answer(list(scores), notes)


def scored(*rows: Row) -> Answer:
    return decoded(ScoreBatches(decider_of()).eval(encoded(list(rows))), len(rows))


# ---- input ----


def test_a_batch_has_the_vectors_and_the_facts_of_each_row() -> None:
    rows = [
        Row("t1", "Ngân hàng", score=0.25, arrival_ms=TIME_MS + 5),
        Row("", "a2", score=float("nan"), event_time_ms=-1, amount_vnd=0.5),
    ]
    batch = ScoringBatch(encoded(rows))
    assert len(batch) == 2
    assert batch.vectors.tolist()[0] == rows[0].vector
    assert np.array_equal(batch.vectors[1], rows[1].vector, equal_nan=True)
    assert batch[0] == Subject(
        transaction_id="t1",
        account_id="Ngân hàng",
        event_time_ms=TIME_MS,
        arrival_ms=TIME_MS + 5,
        transaction_amount_vnd=50_000.0,
    )
    assert batch[1] == Subject(
        transaction_id="", account_id="a2", event_time_ms=-1, arrival_ms=None, transaction_amount_vnd=0.5
    )


def test_a_batch_of_only_duplicates_has_no_rows_and_an_empty_answer() -> None:
    assert ScoringBatch(encoded([])).vectors.shape == (0, CATALOGUE.width)
    assert ScoreBatches(decider_of()).eval(encoded([])) == b""


# ---- output ----


def test_scores_keep_the_order_of_the_rows() -> None:
    answer = scored(*(Row(score=score) for score in (0.3, 0.1, 0.4)))
    assert answer == Answer([0.3, 0.1, 0.4], [])


def test_a_score_at_or_above_the_threshold_alerts() -> None:
    below = float(np.nextafter(THRESHOLD, 0))
    answer = scored(*(Row(score=score) for score in (below, THRESHOLD, 0.0, 1.0)))
    assert sorted(answer.alerts()) == [1, 3]
    assert answer.errors() == {}


def test_an_alert_has_the_facts_of_the_batch_and_the_features_of_the_vector() -> None:
    answer = scored(
        Row("quiet"), Row("Đ", "Ngân hàng", score=0.75, flag=1.0, arrival_ms=TIME_MS + 5, amount_vnd=7.0)
    )
    alert = answer.alerts()[1]
    assert alert["transaction_id"] == "Đ"
    assert alert["account_id"] == "Ngân hàng"
    assert alert["event_time"] == "2026-01-02T03:04:05.678Z"
    assert alert["arrival_time"] == "2026-01-02T03:04:05.683Z"
    assert alert["transaction_amount_vnd"] == 7.0
    assert alert["score"] == answer.scores[1] == 0.75
    assert alert["flags"] == ["weekend_flag"]
    assert alert["features"] == {"biometric_failure_count": 0.75}
    assert alert["scored_at"] > alert["arrival_time"]


# ---- reasons ----


def test_an_alert_has_the_reasons_and_the_baselines() -> None:
    alert = scored(Row(), Row(score=0.75)).alerts()[1]
    (reason,) = alert["reasons"]
    assert reason == {
        "feature": "biometric_failure_count",
        "value": 0.75,
        "usual": 0.25,
        "usual_of": "population",
        "contribution": 0.75,
        "sentence_en": (
            "The number of failed biometric checks is 0.75; usual for honest transactions is 0.25."
        ),
        "sentence_vi": (
            "Số lần xác thực sinh trắc học thất bại là 0,75; mức thường thấy của giao dịch hợp lệ là 0,25."
        ),
    }
    assert alert["reasons_missing"] is None


def test_a_process_is_warmed_up_before_its_first_alert(prepared: list[str]) -> None:
    model = SingleInputModel()
    ScoreBatches(decider_of(model)).open(None)
    assert model.explained == [1]
    assert prepared == ["stop_leak", "gc.collect", "gc.freeze"]


@pytest.fixture
def prepared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record what would be done to this process, which all tests share, instead of doing it."""
    calls: list[str] = []
    for name in ("stop_leak", "gc.collect", "gc.freeze"):
        monkeypatch.setattr(f"jobs.scoring_udf.{name}", lambda name=name: calls.append(name))
    return calls


# ---- features beyond single precision ----


def test_a_feature_beyond_single_precision_is_named_in_a_note_beside_the_score() -> None:
    answer = scored(Row(score=0.2), Row(score=0.75, flag=float("inf")))
    assert answer.scores == [0.2, 0.75]
    assert answer.errors() == {}
    assert [note for note in answer.notes if note[1] == OVERFLOWING] == [(1, OVERFLOWING, "weekend_flag")]
    assert answer.alerts()[1]["overflowing_features"] == ["weekend_flag"]


# ---- failing rows ----


def test_a_row_without_a_score_is_nan_and_has_a_note_with_the_cause() -> None:
    answer = scored(Row(score=0.2), Row(score=-1.0), Row(score=0.75))
    assert answer.errors() == {1: "the model failed: no such leaf"}
    assert np.isnan(answer.scores[1])
    assert [answer.scores[0], answer.scores[2]] == [0.2, 0.75]
    assert list(answer.alerts()) == [2]


def test_an_alert_that_cannot_be_created_is_an_error_and_does_not_stop_the_others() -> None:
    answer = scored(Row(score=0.75, event_time_ms=AFTER_ALL_YEARS_MS), Row(score=0.75))
    assert list(answer.errors()) == [0]
    assert answer.errors()[0].startswith("the alert could not be created: ")
    assert list(answer.alerts()) == [1]
    assert answer.scores == [0.75, 0.75]


def test_an_alert_that_cannot_be_serialised_is_an_error_and_does_not_stop_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = Alert.to_json

    def to_json(alert: Alert) -> str:
        if alert.transaction_id == "unwritable":
            msg = "no such letter"
            raise ValueError(msg)
        return written(alert)

    monkeypatch.setattr(Alert, "to_json", to_json)
    answer = scored(Row("unwritable", score=0.75), Row(score=0.75))
    assert answer.errors() == {0: "the alert could not be created: no such letter"}
    assert list(answer.alerts()) == [1]


# ---- the model of the project ----


def test_the_projects_model_scores_a_batch_like_a_matrix_here_and_on_a_worker() -> None:
    scorer = Scorer.load(ROOT / "models" / "v1", BUILT_IN)
    vectors = np.random.default_rng(1).lognormal(3, 4, (50, BUILT_IN.width))
    vectors[::7, ::3] = np.nan
    head = struct.pack("<ii", *vectors.shape)
    data = head + vectors.astype("<f8").tobytes() + bytes(3 * 8 * 50) + bytes(4 * 101)
    here = ScoreBatches(Decider(scorer, BUILT_IN, threshold=2.0))
    on_a_worker = pickle.loads(pickle.dumps(here))  # noqa: S301 - our own bytes
    expected = scorer.score(vectors)
    assert len(np.unique(expected)) > 10
    for batches in (here, on_a_worker):
        assert decoded(batches.eval(data), 50) == Answer(expected.tolist(), [])


def test_flink_may_not_call_it_twice_for_one_batch() -> None:
    assert ScoreBatches(decider_of()).is_deterministic() is False
    scorer = Scorer.load(ROOT / "models" / "v1", BUILT_IN)
    assert scoring_udf(Decider(scorer, BUILT_IN))._deterministic is False  # noqa: SLF001 - PyFlink hides it

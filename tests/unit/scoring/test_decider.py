"""Decisions on a batch of transactions: scores, alerts and errors, independently for each row."""

import pickle
import time

import numpy as np
import numpy.typing as npt
import pytest

from fraudstream.domain.alert import Alert
from fraudstream.domain.catalogue import BUILT_IN
from fraudstream.domain.transaction import from_time_ms
from fraudstream.runtime.project_root import ROOT
from fraudstream.scoring.decider import NO_SCORE, Decider
from fraudstream.scoring.decisions import Decision, Decisions, Subject
from fraudstream.scoring.scorer import Scorer
from tests.unit.scoring.single_input_model import (
    CATALOGUE,
    THRESHOLD,
    SingleInputModel,
    decider_of,
    vector,
)

Matrix = npt.NDArray[np.float64]
TIME_MS = 1_767_323_045_678
NOW_MS = TIME_MS + 60_000
AFTER_ALL_YEARS_MS = 10**15


def subject(number: int, event_time_ms: int = TIME_MS) -> Subject:
    return Subject(
        transaction_id=f"T{number}",
        account_id=f"A{number}",
        event_time_ms=event_time_ms,
        arrival_ms=TIME_MS + 5,
        transaction_amount_vnd=50_000.0,
    )


def now_ms() -> int:
    return NOW_MS


def decided(*scores: float, model: SingleInputModel | None = None) -> Decisions:
    """Return the decisions on rows to which the model assigns these scores."""
    vectors = np.array([vector(score) for score in scores]).reshape(-1, CATALOGUE.width)
    return decider_of(model).decide([subject(row) for row in range(len(scores))], vectors, now_ms)


def alert_of(decision: Decision) -> Alert:
    assert decision.alert is not None
    return decision.alert


# ---- scores and alerts ----


def test_decisions_keep_the_order_of_the_rows() -> None:
    decisions = decided(0.3, 0.75, 0.1, 1.0)
    assert [decision.score for decision in decisions] == [0.3, 0.75, 0.1, 1.0]
    alerts = [decision.alert and decision.alert.transaction_id for decision in decisions]
    assert alerts == [None, "T1", None, "T3"]


def test_an_empty_batch_has_no_decisions_and_nothing_is_explained() -> None:
    model = SingleInputModel()
    decisions = decided(model=model)
    assert len(decisions) == 0
    assert list(decisions) == []
    assert decisions.scores.shape == (0,)
    assert model.explained == []


def test_a_score_at_or_above_the_threshold_alerts() -> None:
    below = float(np.nextafter(THRESHOLD, 0))
    decisions = decided(below, THRESHOLD)
    assert decisions[0] == Decision(below)
    assert alert_of(decisions[1]).score == alert_of(decisions[1]).threshold == THRESHOLD


def test_a_given_threshold_overrides_the_models() -> None:
    scorer = decider_of().scorer
    assert Decider(scorer, CATALOGUE).judge.threshold == THRESHOLD
    strict = Decider(scorer, CATALOGUE, 0.0)
    decisions = strict.decide([subject(0)], np.array([vector(0.0)]), now_ms)
    assert alert_of(decisions[0]).threshold == 0.0


def test_a_batch_gives_the_same_decisions_as_its_rows_one_by_one() -> None:
    scorer = Scorer.load(ROOT / "models" / "v1", BUILT_IN)
    vectors = np.random.default_rng(1).lognormal(3, 4, (60, BUILT_IN.width))
    vectors[::7, ::3] = np.nan
    vectors[5, 0] = 1e300
    subjects = [subject(row) for row in range(60)]
    decider = Decider(scorer, BUILT_IN, float(np.median(scorer.score(vectors))))
    together = list(decider.decide(subjects, vectors, now_ms))
    alone = [decider.decide([one], vectors[row : row + 1], now_ms)[0] for row, one in enumerate(subjects)]
    assert together == alone
    assert 20 < sum(decision.alert is not None for decision in together) < 40
    assert not [decision.error for decision in together if decision.error]
    assert [row for row, decision in enumerate(together) if decision.overflowing] == [5]


def test_a_pickled_copy_gives_the_same_decisions() -> None:
    scorer = Scorer.load(ROOT / "models" / "v1", BUILT_IN)
    decider = Decider(scorer, BUILT_IN, 0.0)
    copy = pickle.loads(pickle.dumps(decider))  # noqa: S301 - our own bytes
    vectors = np.random.default_rng(1).lognormal(3, 4, (3, BUILT_IN.width))
    subjects = [subject(row) for row in range(3)]
    decisions = decider.decide(subjects, vectors, now_ms)
    assert len(decisions.alerts) == 3
    assert list(copy.decide(subjects, vectors, now_ms)) == list(decisions)


# ---- the facts of transactions ----


class LazySubjects:
    """Subjects that record which rows were decoded."""

    def __init__(self, rows: int) -> None:
        self.asked: list[int] = []
        self._rows = rows

    def __len__(self) -> int:
        """Return the number of rows."""
        return self._rows

    def __getitem__(self, row: int) -> Subject:
        """Return a row's facts; those of row 3 are not valid UTF-8."""
        self.asked.append(row)
        if row == 3:
            b"\xff".decode()
        return subject(row)


def test_only_rows_that_alert_are_decoded() -> None:
    subjects = LazySubjects(5)
    decider_of().decide(subjects, np.array([vector(score) for score in (0.1, 0.6, 0.2, 0.3, 0.7)]), now_ms)
    assert subjects.asked == [1, 4]


def test_a_row_that_cannot_be_decoded_does_not_affect_the_other_alerts() -> None:
    vectors = np.array([vector(0.75)] * 5)
    decisions = decider_of().decide(LazySubjects(5), vectors, now_ms)
    assert list(decisions.alerts) == [0, 1, 2, 4]
    assert list(decisions.errors) == [3]
    assert decisions.errors[3].startswith("the alert could not be created: 'utf-8' codec can't decode")


@pytest.mark.parametrize("shape", [(2, CATALOGUE.width), (1, CATALOGUE.width - 1), (CATALOGUE.width,)])
def test_vectors_that_do_not_match_the_transactions_are_rejected(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"not \(1, 8\); give one row per transaction"):
        decider_of().decide([subject(0)], np.zeros(shape), now_ms)


# ---- time ----


def test_the_time_of_an_alert_comes_from_the_caller_and_no_clock_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def read() -> int:
        msg = "a clock was read"
        raise AssertionError(msg)

    for name in ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns"):
        monkeypatch.setattr(time, name, read)
    decisions = decided(0.1, 0.75)
    monkeypatch.undo()
    assert alert_of(decisions[1]).scored_at == from_time_ms(NOW_MS)


def test_the_time_is_requested_once_and_only_if_a_row_alerts() -> None:
    calls: list[int] = []

    def counted() -> int:
        calls.append(len(calls))
        return NOW_MS + len(calls)

    decider = decider_of()
    subjects = [subject(0), subject(1)]
    decider.decide(subjects, np.array([vector(0.1), vector(0.2)]), counted)
    assert calls == []
    decisions = decider.decide(subjects, np.array([vector(0.8), vector(0.9)]), counted)
    assert calls == [0]
    assert alert_of(decisions[0]).scored_at == alert_of(decisions[1]).scored_at


# ---- reasons ----


def test_each_alert_of_a_batch_has_its_own_reasons() -> None:
    decisions = decided(0.75, 0.1, 0.5)
    assert [alert.reasons[0].value for alert in decisions.alerts.values()] == [0.75, 0.5]
    (reason,) = decisions.alerts[0].reasons
    assert (reason.feature, reason.usual, reason.usual_of) == ("biometric_failure_count", 0.25, "population")
    assert decisions.alerts[0].reasons_missing is None


def test_only_rows_that_alert_are_explained_and_all_in_one_call() -> None:
    model = SingleInputModel()
    decided(0.75, 0.1, 0.5, model=model)
    assert model.explained == [2]
    decided(0.1, 0.1, model=model)
    assert model.explained == [2]


def test_an_alert_whose_reasons_fail_is_sent_with_the_error() -> None:
    decisions = decided(0.75, 2.0)
    assert [decision.score for decision in decisions] == [0.75, 2.0]
    assert decisions.errors == {}
    for decision in decisions:
        assert alert_of(decision).reasons == ()
        assert alert_of(decision).reasons_missing == "the model's contributions failed: no such tree"


def test_warming_up_prepares_the_reasons() -> None:
    model = SingleInputModel()
    decider_of(model).warm_up()
    assert model.explained == [1]


# ---- rows that fail ----


@pytest.mark.parametrize("place", range(3))
def test_a_row_that_the_model_fails_on_does_not_affect_the_others(place: int) -> None:
    scores = [0.2, 0.75]
    scores.insert(place, -1.0)
    decisions = decided(*scores)
    assert decisions[place] == Decision(None, None, "the model failed: no such leaf")
    others = [decision for row, decision in enumerate(decisions) if row != place]
    assert [decision.score for decision in others] == [0.2, 0.75]
    assert [decision.alert is not None for decision in others] == [False, True]
    assert [decision.error for decision in others] == [None, None]


def test_a_model_that_fails_on_every_row_gives_each_an_error() -> None:
    assert list(decided(-1.0, -1.0)) == [Decision(None, None, "the model failed: no such leaf")] * 2


def test_a_row_without_a_score_has_an_error_with_the_fix() -> None:
    decisions = decided(float("nan"), 0.75)
    assert decisions[0] == Decision(None, None, "the model gave no score; check the files of its version")
    assert alert_of(decisions[1]).transaction_id == "T1"


def test_a_row_without_a_score_keeps_its_own_error_beside_a_failing_row() -> None:
    assert decided(-1.0, float("nan")).errors == {0: "the model failed: no such leaf", 1: NO_SCORE}


# ---- features beyond single precision ----


def with_infinity(*places: int, score: float = 0.75) -> list[float]:
    return [float("inf") if place in places else value for place, value in enumerate(vector(score, 1.0))]


def test_a_transaction_with_a_feature_beyond_single_precision_is_scored_and_names_it() -> None:
    vectors = np.array([vector(0.75), with_infinity(0, 3, 7), with_infinity(7, score=0.1)])
    decisions = decider_of().decide([subject(row) for row in range(3)], vectors, now_ms)
    assert decisions.errors == {}
    assert [decision.overflowing for decision in decisions] == [
        (),
        ("last", "weekend_flag"),
        ("weekend_flag",),
    ]
    assert alert_of(decisions[0]).overflowing_features == ()
    assert alert_of(decisions[1]).overflowing_features == ("last", "weekend_flag")
    assert decisions[2] == Decision(0.1, overflowing=("weekend_flag",))


def test_a_value_beyond_single_precision_is_missing_in_the_alert_and_kept_in_the_callers_vectors() -> None:
    vectors = np.array([with_infinity(7), vector(0.8, 1.0)])
    decisions = decider_of().decide([subject(0), subject(1)], vectors, now_ms)
    assert [alert_of(decision).flags for decision in decisions] == [(), ("weekend_flag",)]
    assert np.isinf(vectors[0, 7])


def test_such_a_feature_is_named_when_rows_are_scored_one_by_one() -> None:
    vectors = np.array([vector(-1.0), with_infinity(7)])
    decisions = decider_of().decide([subject(0), subject(1)], vectors, now_ms)
    assert decisions.errors == {0: "the model failed: no such leaf"}
    assert decisions[1].overflowing == alert_of(decisions[1]).overflowing_features == ("weekend_flag",)


def test_an_alert_that_cannot_be_created_is_an_error_beside_its_score_and_does_not_stop_the_others() -> None:
    subjects = [subject(0, AFTER_ALL_YEARS_MS), subject(1)]
    decisions = decider_of().decide(subjects, np.array([vector(0.75), vector(0.75)]), now_ms)
    assert decisions[0].score == 0.75
    assert decisions[0].alert is None
    assert decisions.errors[0].startswith("the alert could not be created: ")
    assert alert_of(decisions[1]).transaction_id == "T1"


# ---- decisions as a sequence ----


def test_decisions_are_a_sequence() -> None:
    decisions = decided(0.1, 0.2, 0.75)
    assert len(decisions) == 3
    assert decisions[-1] == decisions[2]
    assert decisions[1:] == [decisions[1], decisions[2]]
    assert Decision(0.2) in decisions
    with pytest.raises(IndexError):
        decisions[3]

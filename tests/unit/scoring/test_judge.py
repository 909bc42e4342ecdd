"""The judge decides which scores alert, and fills in the alert."""

import numpy as np
import pytest

from fraudstream.domain.alert import Alert, alert_id
from fraudstream.domain.alert_reasons import Reason
from fraudstream.domain.catalogue import BUILT_IN, Catalogue
from fraudstream.domain.transaction import TransactionKey, from_time_ms
from fraudstream.runtime.project_root import ROOT
from fraudstream.scoring.decisions import Subject
from fraudstream.scoring.explanation import Explanation
from fraudstream.scoring.judge import Judge, Judged
from fraudstream.scoring.manifest import Manifest
from tests.unit.scoring.single_input_model import CATALOGUE as WITH_LIST
from tests.unit.scoring.single_input_model import vector

NAMES = ("fee_to_amount_ratio", "high_amount_flag", "weekend_flag", "transaction_hour")
CATALOGUE = Catalogue(tuple(BUILT_IN.features[BUILT_IN.names.index(name)] for name in NAMES))
DIGEST = "5" * 64
JUDGE = Judge(CATALOGUE, threshold=0.7, model_version="v1", model_digest=DIGEST)
NAN = float("nan")
SUBJECT = Subject(
    transaction_id="T1",
    account_id="A1",
    event_time_ms=0,
    arrival_ms=1_000,
    transaction_amount_vnd=5.0,
)
REASON = Reason(
    feature="fee_to_amount_ratio",
    value=0.01,
    usual=None,
    usual_of=None,
    contribution=1.5,
    sentence_en="The fee is 1 % of the amount.",
    sentence_vi="Phí bằng 1 % số tiền.",
)


def alert(*values: float, subject: Subject = SUBJECT, score: float = 0.9) -> Alert:
    return JUDGE.alert(subject, Judged(list(values), score, Explanation((REASON,))), 2_000)


def test_a_score_equal_to_the_threshold_alerts_and_the_next_lower_one_does_not() -> None:
    below = float(np.nextafter(0.7, 0))
    scores = np.array([0.7, below, 1.0, 0.0, NAN])
    assert JUDGE.rows_due(scores) == [0, 2]
    assert [JUDGE.is_due(score) for score in scores.tolist()] == [True, False, True, False, False]


def test_an_alert_has_the_transaction_the_time_and_the_model_version() -> None:
    assert alert(0.01, 1.0, NAN, 1.0) == Alert(
        schema_version=2,
        kind="score",
        alert_id=alert_id(TransactionKey("A1", "T1"), DIGEST),
        transaction_id="T1",
        account_id="A1",
        event_time=from_time_ms(0),
        arrival_time=from_time_ms(1_000),
        scored_at=from_time_ms(2_000),
        transaction_amount_vnd=5.0,
        score=0.9,
        threshold=0.7,
        risk_level="critical",
        likely_fraud_type="money_laundering",
        flags=("high_amount_flag",),
        features={"fee_to_amount_ratio": 0.01},
        reasons=(REASON,),
        reasons_missing=None,
        model_version="v1",
        model_digest=DIGEST,
        catalogue_version=CATALOGUE.version,
    )


def test_an_alert_without_reasons_gives_the_error() -> None:
    made = JUDGE.alert(SUBJECT, Judged([0.01, 0.0, 0.0, 1.0], 0.9, Explanation((), "no trees")), 2_000)
    assert (made.reasons, made.reasons_missing) == ((), "no trees")


def test_an_unknown_arrival_time_is_null() -> None:
    unknown = Subject(
        transaction_id="T1",
        account_id="A1",
        event_time_ms=0,
        arrival_ms=None,
        transaction_amount_vnd=5.0,
    )
    assert alert(0.01, 1.0, NAN, 1.0, subject=unknown).arrival_time is None


def test_only_flags_that_are_1_are_listed() -> None:
    # transaction_hour is 1 too, but not a flag; weekend_flag is a flag, but missing.
    assert alert(0.01, 1.0, NAN, 1.0).flags == ("high_amount_flag",)
    assert alert(0.01, 0.0, NAN, 1.0).flags == ()


def test_features_that_are_too_large_for_the_model_are_named() -> None:
    evaluated = Judged([NAN, 0.0, 0.0, 1.0], 0.9, Explanation((REASON,)), ("fee_to_amount_ratio",))
    made = JUDGE.alert(SUBJECT, evaluated, 2_000)
    assert made.overflowing_features == ("fee_to_amount_ratio",)
    assert alert(0.01, 1.0, NAN, 1.0).overflowing_features == ()


def test_a_missing_value_is_null() -> None:
    assert alert(NAN, 1.0, NAN, 1.0).features == {"fee_to_amount_ratio": None}


def test_a_list_is_never_shown_as_a_number() -> None:
    first, *others = WITH_LIST.features
    catalogue = Catalogue((first.model_copy(update={"name": "account_count_5m"}), *others))
    judge = Judge(catalogue, threshold=0.5, model_version="m1", model_digest=DIGEST)
    made = judge.alert(SUBJECT, Judged(vector(0.75), 0.75, Explanation(())), 2_000)
    assert made.features == {"biometric_failure_count": 0.75}


@pytest.mark.parametrize("given", [None, 0.0, 0.25])
def test_a_given_threshold_overrides_the_versions(given: float | None) -> None:
    manifest = Manifest.load(ROOT / "models" / "v1")
    judge = Judge.of(manifest, BUILT_IN, given)
    assert judge.threshold == (manifest.threshold if given is None else given)
    assert (judge.model_version, judge.catalogue_version) == ("v1", BUILT_IN.version)
    assert judge.model_digest == manifest.digest

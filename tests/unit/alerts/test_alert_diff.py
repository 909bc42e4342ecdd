"""Differences between two runs, and their causes."""

from typing import Any

import pytest

from alerts.alert_diff import UNEXPLAINED, Difference, differences
from fraudstream.domain.alert import Alert
from fraudstream.domain.transaction import TransactionKey
from tests.unit.alerts.alert_samples import alert

Alerts = dict[TransactionKey, Alert]


def alerts(*changes: dict[str, Any]) -> Alerts:
    """Return an alert for each number, by transaction."""
    made = (Alert.from_json(alert(**each)) for each in changes)
    return {each.transaction: each for each in made if each.transaction}


def only(before: Alerts, after: Alerts) -> Difference:
    (difference,) = differences(before, after)
    return difference


def test_two_equal_runs_have_no_difference_despite_other_scoring_and_arrival_times() -> None:
    before = alerts({"number": 1}, {"number": 2})
    later = {"scored_at": "2027-01-02T18:04:06.100Z", "arrival_time": None}
    assert list(differences(before, alerts({"number": 1, **later}, {"number": 2, **later}))) == []
    assert list(differences({}, {})) == []


def test_an_alert_of_only_one_run_is_new_or_gone() -> None:
    before, after = alerts({"number": 1}, {"number": 2}), alerts({"number": 2}, {"number": 3})
    gone, new = differences(before, after)
    assert gone == Difference(TransactionKey("ACC_1", "T1"), "gone", 0.9731, None, (UNEXPLAINED,))
    assert new == Difference(TransactionKey("ACC_3", "T3"), "new", None, 0.9731, (UNEXPLAINED,))


def test_a_changed_score_is_explained_by_model_catalogue_threshold_and_features_in_this_order() -> None:
    changes: dict[str, Any] = {
        "number": 1,
        "alert_id": "another",
        "score": 0.61,
        "model_version": "v2",
        "catalogue_version": "2",
        "threshold": 0.4,
        "features": {"count_5m": 18.0, "distance_km": None, "fresh": 1.0},
        "flags": [],
        "risk_level": "high",
    }
    assert only(alerts({"number": 1}), alerts(changes)) == Difference(
        TransactionKey("ACC_1", "T1"),
        "score",
        0.9731,
        0.61,
        (
            "model v1 → v2",
            "catalogue 1 → 2",
            "threshold 0.5 → 0.4",
            "count_5m 17 → 18",
            "fresh only in one run",
            "risk_level critical → high",
            "flags high_amount_flag+off_hours_flag → none",
        ),
    )


def test_a_changed_score_without_any_other_difference_is_reported() -> None:
    difference = only(alerts({"number": 1}), alerts({"number": 1, "score": 0.9}))
    assert difference.kind == "score"
    assert difference.why == ("a feature that alerts do not contain; compare the runs with diff-features",)


def test_an_equal_score_with_another_feature_is_not_a_changed_score() -> None:
    features = {"count_5m": 17.0, "distance_km": 3.5}
    difference = only(alerts({"number": 1}), alerts({"number": 1, "features": features}))
    assert (difference.kind, difference.why) == ("other", ("distance_km null → 3.5",))


def test_an_alert_is_gone_because_of_the_other_runs_higher_threshold() -> None:
    before = alerts({"number": 1, "score": 0.6}, {"number": 2})
    after = alerts({"number": 2, "threshold": 0.7})
    gone, changed = differences(before, after)
    assert gone.why == ("threshold 0.5, in the other run 0.7", "its score 0.6 is below that threshold")
    assert (changed.kind, changed.why) == ("other", ("threshold 0.5 → 0.7",))


def test_an_alert_above_the_other_runs_threshold_is_not_called_below_it() -> None:
    before = alerts({"number": 1, "score": 0.8}, {"number": 2})
    gone = next(differences(before, alerts({"number": 2, "threshold": 0.7})))
    assert gone.why == ("threshold 0.5, in the other run 0.7",)


def test_an_alert_is_new_because_of_another_model_and_catalogue() -> None:
    after = alerts({"number": 1, "model_version": "v2", "catalogue_version": "9"})
    new = list(differences(alerts({"number": 2}), after))[1]
    assert new.why == ("model v2, in the other run v1", "catalogue 9, in the other run 1")


def test_a_run_without_alerts_allows_no_explanation() -> None:
    assert only(alerts({"number": 1}), {}).why == ("the other run has no alerts",)


def test_a_nan_score_equals_itself() -> None:
    broken = alert(1).replace(b"0.9731", b"NaN")
    key = TransactionKey("ACC_1", "T1")
    assert list(differences({key: Alert.from_json(broken)}, {key: Alert.from_json(broken)})) == []


def test_alerts_of_two_accounts_with_the_same_id_are_compared_each_with_its_own() -> None:
    before = alerts({"number": 1}, {"number": 1, "account_id": "ACC_2", "score": 0.6})
    assert len(before) == 2
    assert list(differences(before, before)) == []
    after = alerts({"number": 1}, {"number": 1, "account_id": "ACC_2", "score": 0.7})
    assert only(before, after).transaction == TransactionKey("ACC_2", "T1")
    assert only(before, alerts({"number": 1})).transaction == TransactionKey("ACC_2", "T1")


def test_a_changed_model_of_the_same_version_is_said() -> None:
    other = alerts({"number": 1, "model_digest": "b" * 64, "alert_id": "another"})
    before = alerts({"number": 1, "model_digest": "a" * 64})
    assert only(before, other).why == (f"contents of model v1 {'a' * 12} → {'b' * 12}",)


def test_an_alert_of_the_earlier_schema_equals_the_same_one_of_today() -> None:
    today = alerts({"number": 1, "model_digest": "a" * 64, "schema_version": 2, "alert_id": "another"})
    assert list(differences(alerts({"number": 1}), today)) == []


def reason(feature: str, value: float = 3.0) -> dict[str, Any]:
    """Return a reason in the form that an alert has."""
    return {
        "feature": feature,
        "value": value,
        "usual": None,
        "usual_of": None,
        "contribution": 1.5,
        "sentence_en": "en",
        "sentence_vi": "vi",
    }


def test_a_different_id_under_the_same_model_is_reported() -> None:
    other = alerts({"number": 1, "alert_id": "another"})
    assert only(alerts({"number": 1}), other).why == ("alert_id alert-1 → another",)


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ({"reasons": [reason("a")]}, {"reasons": [reason("a"), reason("b")]}, "reasons a → a+b"),
        ({"reasons": [reason("a")]}, {"reasons_missing": "no time"}, "reasons a → no time"),
        ({"reasons": [reason("a")]}, {}, "reasons a → none"),
        (
            {"reasons": [reason("a")]},
            {"reasons": [reason("a", 4.0)]},
            "the reasons name the same features, but differ in values or text",
        ),
    ],
)
def test_different_reasons_are_reported(before: dict[str, Any], after: dict[str, Any], why: str) -> None:
    found = only(alerts({"number": 1, **before}), alerts({"number": 1, **after}))
    assert (found.kind, found.why) == ("other", (why,))
    assert list(differences(alerts({"number": 1, **before}), alerts({"number": 1, **before}))) == []


def test_a_score_difference_from_a_hidden_feature_is_reported_beside_the_reasons() -> None:
    before, after = ({"number": 1, "reasons": [reason("a")]}, {"number": 1, "score": 0.9, "reasons": []})
    assert only(alerts(before), alerts(after)).why == (
        "a feature that alerts do not contain; compare the runs with diff-features",
        "reasons a → none",
    )

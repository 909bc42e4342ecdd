import re

import orjson
import pytest

from fraudstream.domain.alert import (
    ANALYST_FEATURES,
    Alert,
    alert_id,
    risk_level,
)
from fraudstream.domain.alert_reasons import Reason
from fraudstream.domain.catalogue import BUILT_IN
from fraudstream.domain.transaction import from_time_ms

REASON = Reason(
    feature="account_count_5m",
    value=3.0,
    usual=None,
    usual_of=None,
    contribution=1.5,
    sentence_en="The number of transactions is 3.",
    sentence_vi="Số giao dịch là 3.",
)
ALERT = Alert(
    alert_id=alert_id("T1", "v1"),
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
    features={"account_count_5m": 3.0},
    reasons=(REASON,),
    model_version="v1",
    catalogue_version="abc",
)


def test_the_analysts_features_are_in_the_catalogue_of_the_project() -> None:
    assert set(ANALYST_FEATURES) <= set(BUILT_IN.names)
    assert len(set(ANALYST_FEATURES)) == 10


def test_an_alert_survives_a_json_round_trip() -> None:
    bare = {"likely_fraud_type": None, "arrival_time": None, "flags": ()}
    for one in (ALERT, ALERT.model_copy(update=bare)):
        assert Alert.from_json(one.to_json()) == one


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"alert_id":"x"}', b"\xff"])
def test_an_invalid_record_is_rejected(data: bytes) -> None:
    with pytest.raises((ValueError, TypeError)):
        Alert.from_json(data)


def test_times_are_written_in_utc_with_milliseconds() -> None:
    record = orjson.loads(ALERT.to_json())
    assert record["event_time"] == "1970-01-01T00:00:00.000Z"
    assert record["scored_at"] == "1970-01-01T00:00:02.000Z"


def test_an_unknown_field_is_ignored() -> None:
    record = orjson.loads(ALERT.to_json()) | {"surprise": 1}
    assert Alert.from_json(orjson.dumps(record)) == ALERT


def test_an_unknown_field_of_a_reason_is_ignored() -> None:
    record = orjson.loads(ALERT.to_json())
    record["reasons"][0]["surprise"] = 1
    assert Alert.from_json(orjson.dumps(record)) == ALERT


def test_an_alert_from_before_reasons_existed_is_read() -> None:
    record = orjson.loads(ALERT.to_json())
    del record["reasons"], record["reasons_missing"]
    assert Alert.from_json(orjson.dumps(record)) == ALERT.model_copy(update={"reasons": ()})


def test_a_reason_survives_a_json_round_trip() -> None:
    assert Alert.from_json(ALERT.to_json()).reasons == (REASON,)


def test_an_alert_without_reasons_gives_the_error() -> None:
    bare = ALERT.model_copy(update={"reasons": (), "reasons_missing": "no trees"})
    assert Alert.from_json(bare.to_json()) == bare


def test_the_id_depends_only_on_the_transaction_and_the_model_version() -> None:
    ids = {alert_id("T1", "v1"), alert_id("T2", "v1"), alert_id("T1", "v2"), alert_id("1\nT1", "v")}
    assert len(ids) == 4
    assert all(re.fullmatch("[0-9a-f]{32}", one) for one in ids)


def test_the_id_is_the_same_in_every_release() -> None:
    # sha256("v1\nT1"), the first 32 digits; consumers deduplicate by it.
    assert alert_id("T1", "v1") == "bb8d3883837b6d165c4ff4ebd49d4a31"


@pytest.mark.parametrize(
    ("score", "threshold", "expected"),
    [
        (0.7, 0.7, "medium"),
        (0.79, 0.7, "medium"),
        (0.81, 0.7, "high"),
        (0.89, 0.7, "high"),
        (0.91, 0.7, "critical"),
        (1.0, 0.7, "critical"),
        (0.0, 0.0, "medium"),
        (0.25, 0.25, "medium"),
        # The thirds of the range from 0.25 to 1 are exact: 0.5 and 0.75 start the next level.
        (0.4999, 0.25, "medium"),
        (0.5, 0.25, "high"),
        (0.7499, 0.25, "high"),
        (0.75, 0.25, "critical"),
        (1.0, 1.0, "critical"),
    ],
)
def test_the_level_is_the_third_of_the_range_from_the_threshold_to_1(
    score: float, threshold: float, expected: str
) -> None:
    assert risk_level(score, threshold) == expected

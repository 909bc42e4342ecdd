import hashlib
import re

import orjson
import pytest

from fraudstream.domain.alert import (
    ANALYST_FEATURES,
    OF_A_SCORE,
    SCHEMA_VERSION,
    Alert,
    alert_id,
    alert_id_1,
    risk_level,
    stable_id,
)
from fraudstream.domain.alert_reasons import Reason
from fraudstream.domain.catalogue import BUILT_IN
from fraudstream.domain.transaction import TransactionKey, from_time_ms

REASON = Reason(
    feature="account_count_5m",
    value=3.0,
    usual=None,
    usual_of=None,
    contribution=1.5,
    sentence_en="The number of transactions is 3.",
    sentence_vi="Số giao dịch là 3.",
)
KEY = TransactionKey("A1", "T1")
DIGEST = "5" * 64
ALERT = Alert(
    schema_version=SCHEMA_VERSION,
    alert_id=alert_id(KEY, DIGEST),
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
    model_digest=DIGEST,
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


def test_the_id_depends_only_on_account_transaction_and_the_models_contents() -> None:
    keys = (KEY, ("A2", "T1"), ("A1", "T2"), ("T1", "A1"), ("A1T", "1"), ("A", "1T1"))
    ids = {alert_id(TransactionKey(*key), DIGEST) for key in keys}
    ids |= {alert_id(KEY, "6" * 64), alert_id(TransactionKey("A1", "T15"), "5" * 63)}
    assert len(ids) == 8
    assert all(re.fullmatch("[0-9a-f]{32}", one) for one in ids)


def test_the_id_is_the_same_in_every_release() -> None:
    # The first 32 digits of the SHA-256 of these bytes; consumers deduplicate by it.
    covered = b"".join(
        bytes(3) + bytes([len(part)]) + part for part in (b"fraudstream score", b"A1", b"T1", DIGEST.encode())
    )
    assert alert_id(KEY, DIGEST) == hashlib.sha256(covered).hexdigest()[:32]
    assert alert_id(KEY, DIGEST) == "a05e19ecfce6988b8badc3eba864425c"


def test_an_alert_has_the_id_that_the_earlier_schema_gave_it() -> None:
    # sha256("v1\nT1"), the first 32 digits.
    assert ALERT.earlier_id == alert_id_1("T1", "v1") == "bb8d3883837b6d165c4ff4ebd49d4a31"
    assert ALERT.model_copy(update={"account_id": "A2"}).earlier_id == ALERT.earlier_id


def test_an_alert_of_the_earlier_schema_is_read_and_has_no_earlier_id() -> None:
    record = orjson.loads(ALERT.to_json())
    del record["schema_version"], record["model_digest"]
    alert = Alert.from_json(orjson.dumps(record))
    assert (alert.schema_version, alert.model_digest, alert.earlier_id) == (1, None, None)
    assert alert.transaction == KEY


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


# ---- versions and kinds ----


def of_version_1() -> dict[str, object]:
    """Return an alert as the first release wrote it."""
    record: dict[str, object] = orjson.loads(ALERT.to_json())
    for name in ("schema_version", "kind", "review", "overflowing_features", "model_digest"):
        del record[name]
    return record


def test_an_alert_of_the_first_release_is_read_and_says_its_version() -> None:
    read = Alert.from_json(orjson.dumps(of_version_1()))
    assert (read.schema_version, read.kind, read.review) == (1, "score", None)
    assert read == ALERT.model_copy(update={"schema_version": 1, "model_digest": None})


def test_an_alert_of_a_later_version_is_read_as_far_as_it_is_known() -> None:
    record = orjson.loads(ALERT.to_json()) | {"schema_version": 3, "mood": "grim"}
    assert Alert.from_json(orjson.dumps(record)) == ALERT.model_copy(update={"schema_version": 3})


@pytest.mark.parametrize("name", OF_A_SCORE)
@pytest.mark.parametrize("version", [1, 2])
def test_an_alert_with_a_score_has_all_that_a_score_needs(name: str, version: int) -> None:
    record = orjson.loads(ALERT.to_json()) if version == 2 else of_version_1()
    with pytest.raises(ValueError, match=f"an alert of the kind 'score' needs {name}"):
        Alert.from_json(orjson.dumps(record | {name: None}))
    del record[name]
    with pytest.raises(ValueError, match=name):
        Alert.from_json(orjson.dumps(record))


@pytest.mark.parametrize("changes", [{"kind": "review"}, {"risk_level": "review"}, {"kind": "rumour"}])
def test_an_alert_that_is_half_a_review_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"kind|risk_level"):
        Alert.from_json(orjson.dumps(orjson.loads(ALERT.to_json()) | changes))


def test_ids_of_texts_that_join_alike_differ() -> None:
    texts = [("ab", "c"), ("a", "bc"), ("abc",), ("abc", ""), ("", "abc"), ("ab\n", "c"), ("ă", "bc")]
    ids = [stable_id(*each) for each in texts]
    assert len(set(ids)) == len(texts)
    assert all(re.fullmatch("[0-9a-f]{32}", each) for each in ids)

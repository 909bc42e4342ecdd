"""The decision API answers with decisions, in three formats, and says what it can't decide on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from fraudstream.online.answer_formats import SIMPLE_LEVELS
from fraudstream.web.api_keys import make_key
from tests.job.decision_app import NOW_MS, DecisionBench

DECISIONS = "/v1/decisions"
CHECK = "/api/check-fraud"
PREDICT = "/predict"
USUAL: dict[str, Any] = {
    "transaction_id": "T1",
    "event_time": "2026-01-02T03:04:05.678Z",
    "account_id": "A1",
    "transaction_amount_vnd": 100_000,
    "device_id": "D1",
    "merchant_id": "M1",
}
FRAUD = USUAL | {"transaction_amount_vnd": 900_000_000, "biometric_failure_count": 5, "channel": "mobile"}
SHORT: dict[str, Any] = {
    "transaction_id": "TXN123456",
    "user_id": "USER001",
    "merchant_id": "MERCH001",
    "amount": 1500.00,
    "timestamp": "2025-11-26T00:47:38Z",
}
PREDICTED: dict[str, Any] = {
    "transaction_id": "test_001",
    "user_id": "user_123",
    "amount": 45.67,
    "merchant": "Starbucks",
    "category": "food",
    "location": "New York",
    "device_id": "device_1234",
}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DecisionBench]:
    with DecisionBench(tmp_path_factory.mktemp("decisions")).serving() as bench:
        yield bench


# ---- the project's format ----


def test_a_transaction_is_answered_with_its_decision(bench: DecisionBench) -> None:
    answer = bench.post(DECISIONS, USUAL)
    assert answer.status_code == 200
    decision = answer.json()
    assert (decision["transaction_id"], decision["account_id"]) == ("T1", "A1")
    assert (decision["outcome"], decision["profile"], decision["profile_age_ms"]) == ("new", "fresh", 0)
    assert 0 < decision["score"] < 1
    assert decision["decision"] in {"approve", "review", "decline"}
    assert decision["model_version"] == "v1"
    assert decision["decided_at"] == "2026-01-02T03:04:05.678Z"
    assert "features" not in decision
    assert set(decision["reasons"][0]) == {
        "feature", "value", "usual", "usual_of", "contribution", "sentence_en", "sentence_vi",
    }  # fmt: skip


def test_missing_ids_and_times_are_generated_and_named(bench: DecisionBench) -> None:
    body = {"account_id": "A1", "transaction_amount_vnd": 5, "transaction_id": None}
    decision = bench.post(DECISIONS, body).json()
    assert decision["generated"] == ["transaction_id", "event_time"]
    assert decision["transaction_id"].startswith("check-")
    assert decision["event_time"] == "2026-01-02T03:04:05.678Z"


def test_features_are_given_when_asked_for_and_reasons_left_out(bench: DecisionBench) -> None:
    decision = bench.post(f"{DECISIONS}?features=true&reasons=false", USUAL).json()
    assert decision["features"]["transaction_amount_vnd"] == 100_000
    assert decision["features"]["account_count_5m"] == 1
    if decision["risk_level"] == "low":
        assert decision["reasons"] == []


def test_an_array_is_answered_in_its_order_with_the_problems_of_single_ones(bench: DecisionBench) -> None:
    body = [USUAL, USUAL | {"transaction_amount_vnd": -1}, USUAL | {"transaction_id": "T2"}]
    first, second, third = bench.post(DECISIONS, body).json()["decisions"]
    assert (first["transaction_id"], third["transaction_id"]) == ("T1", "T2")
    assert second["problem"]["reason"] == "invalid_amount"
    assert second["problem"]["field"] == "transaction_amount_vnd"


def test_an_array_of_one_is_answered_with_an_array(bench: DecisionBench) -> None:
    assert len(bench.post(DECISIONS, [USUAL]).json()["decisions"]) == 1


def test_500_transactions_are_decided_on_and_501_are_refused(bench: DecisionBench) -> None:
    body = [USUAL | {"transaction_id": f"T{number}"} for number in range(501)]
    assert len(bench.post(f"{DECISIONS}?reasons=false", body[:500]).json()["decisions"]) == 500
    refused = bench.post(DECISIONS, body)
    assert (refused.status_code, refused.json()["errors"][0]["value"]) == (422, "501 records")


def test_the_decision_follows_what_the_stream_has_counted(bench: DecisionBench) -> None:
    account = {"account_id": "counted"}
    before = bench.post(f"{DECISIONS}?features=true", USUAL | account).json()
    bench.stream(orjson.dumps(USUAL | account | {"transaction_id": "T0"}))
    after = bench.post(f"{DECISIONS}?features=true", USUAL | account).json()
    counts = [each["features"]["account_count_5m"] for each in (before, after)]
    assert counts == [1, 2]


def test_a_transaction_that_the_stream_has_is_a_duplicate_with_its_score(bench: DecisionBench) -> None:
    once = USUAL | {"account_id": "twice"}
    asked = bench.post(DECISIONS, once).json()
    bench.stream(orjson.dumps(once))
    again = bench.post(DECISIONS, once).json()
    assert (again["outcome"], again["score"]) == ("duplicate", asked["score"])


def test_a_conflicting_transaction_is_reviewed_without_a_score(bench: DecisionBench) -> None:
    bench.stream(orjson.dumps(USUAL | {"account_id": "conflicting"}))
    decision = bench.post(DECISIONS, FRAUD | {"account_id": "conflicting"}).json()
    assert (decision["outcome"], decision["score"]) == ("conflicting_duplicate", None)
    assert (decision["decision"], decision["risk_level"]) == ("review", None)
    assert "transaction_id" in decision["error"]


# ---- onto the stream ----


def test_a_check_puts_nothing_onto_the_stream(bench: DecisionBench) -> None:
    before = len(bench.kinesis.taken)
    for path, body in ((DECISIONS, USUAL), (CHECK, SHORT), (PREDICT, PREDICTED)):
        bench.post(path, body)
    assert len(bench.kinesis.taken) == before


def test_record_puts_the_bytes_that_were_sent_onto_the_stream(bench: DecisionBench) -> None:
    body = orjson.dumps(USUAL | {"transaction_id": "recorded"})
    decision = bench.post(f"{DECISIONS}?record=true", body).json()
    assert decision["recorded"]["result"] == "accepted"
    assert bench.kinesis.taken[-1] == (body, "A1")


def test_record_leaves_out_what_the_job_would_refuse(bench: DecisionBench) -> None:
    before = len(bench.kinesis.taken)
    body = [USUAL | {"account_id": ""}, USUAL | {"transaction_id": "kept"}]
    refused, kept = bench.post(f"{DECISIONS}?record=true", body).json()["decisions"]
    assert "recorded" not in refused
    assert kept["recorded"]["result"] == "accepted"
    assert len(bench.kinesis.taken) == before + 1


# ---- the short forms ----


def test_the_check_answers_in_the_form_of_its_document(bench: DecisionBench) -> None:
    answer = bench.post(CHECK, SHORT)
    body = answer.json()
    assert list(body) == [
        "transaction_id", "fraud_score", "is_fraud", "risk_level", "factors", "processing_time_ms",
    ]  # fmt: skip
    assert body["transaction_id"] == "TXN123456"
    assert 0 <= body["fraud_score"] <= 1
    assert body["risk_level"] in {"LOW", "MEDIUM", "HIGH"}
    assert isinstance(body["processing_time_ms"], int)
    assert answer.headers["USD-VND-Rate"] == "26000; date=2025-12-01"


def test_the_prediction_answers_in_the_form_of_its_document(bench: DecisionBench) -> None:
    body = bench.post(PREDICT, PREDICTED).json()
    assert list(body) == [
        "transaction_id", "anomaly_score", "anomaly_type", "confidence", "explanation",
        "processing_time_ms", "timestamp",
    ]  # fmt: skip
    assert body["timestamp"] == "2026-01-02T03:04:05.678Z"
    is_normal = body["anomaly_type"] == "normal"
    expected = 1 - body["anomaly_score"] if is_normal else body["anomaly_score"]
    assert body["confidence"] == expected


def test_the_short_form_is_judged_as_the_transaction_that_it_stands_for(bench: DecisionBench) -> None:
    short = {
        "transaction_id": "same", "user_id": "A9", "amount": 10, "merchant": "M1", "category": "food",
        "location": "Hanoi", "device_id": "D1", "timestamp": "2026-01-02T10:04:05.678+07:00",
    }  # fmt: skip
    full = {
        "transaction_id": "same", "account_id": "A9", "transaction_amount_vnd": 260_000, "merchant_id": "M1",
        "merchant_category": "food", "city": "Hanoi", "device_id": "D1",
        "event_time": "2026-01-02T03:04:05.678Z",
    }  # fmt: skip
    decision = bench.post(DECISIONS, full).json()
    check = bench.post(CHECK, short).json()
    assert check["fraud_score"] == decision["score"]
    assert check["risk_level"] == SIMPLE_LEVELS[decision["risk_level"]]
    assert bench.post(PREDICT, short).json()["anomaly_score"] == decision["score"]


def test_an_amount_in_dong_is_not_converted(bench: DecisionBench) -> None:
    dong = {"user_id": "A9", "amount": 260_000, "currency": "VND", "timestamp": "2026-01-02T03:04:05Z"}
    answer = bench.post(CHECK, dong)
    assert "USD-VND-Rate" not in answer.headers
    dollars = dong | {"amount": 10, "currency": "USD"}
    assert bench.post(CHECK, dollars).json()["fraud_score"] == answer.json()["fraud_score"]


def test_factors_are_sentences_in_the_language_that_was_asked_for(bench: DecisionBench) -> None:
    suspect = SHORT | {"amount": 900_000, "timestamp": "2026-01-02T03:04:05Z"}
    english = bench.post(CHECK, suspect).json()
    vietnamese = bench.post(f"{CHECK}?lang=vi", suspect).json()
    assert english["is_fraud"] is True
    assert english["factors"]
    assert len(vietnamese["factors"]) == len(english["factors"])
    assert vietnamese["factors"] != english["factors"]


def test_a_late_transaction_in_the_short_form_is_an_error_that_names_its_time(bench: DecisionBench) -> None:
    bench.stream(orjson.dumps(USUAL | {"account_id": "USER009"}))
    refused = bench.post(CHECK, SHORT | {"user_id": "USER009"})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "timestamp"


# ---- refusals ----

REFUSALS: list[tuple[str, Any, str, str]] = [
    (DECISIONS, b"", "body", "send one record, or an array of 1 to 500"),
    (DECISIONS, b"{", "record", "send one object per record"),
    (DECISIONS, b"[1", "body", "send an array of objects"),
    (DECISIONS, USUAL | {"account_id": None}, "account_id", "every transaction needs it"),
    (DECISIONS, USUAL | {"latitude": 91}, "latitude", "it must be at least -90 and at most 90"),
    (
        DECISIONS,
        USUAL | {"event_time": "2027-01-01T00:00:00Z"},
        "event_time",
        "check the sender's clock",
    ),
    (CHECK, {"amount": 5}, "body.user_id", "add it: it is required"),
    (CHECK, SHORT | {"amount": 0}, "body.amount", "greater than 0"),
    (CHECK, SHORT | {"amount": "much"}, "body.amount", "give a number"),
    (CHECK, SHORT | {"timestamp": "2025-11-26T00:47:38"}, "body.timestamp", "2026-01-02T03:04:05.678Z"),
    (CHECK, SHORT | {"timestamp": 0}, "body.timestamp", "string"),
    (CHECK, SHORT | {"currency": "EUR"}, "body.currency", "'USD' or 'VND'"),
    (f"{CHECK}?lang=fr", SHORT, "query.lang", "'en' or 'vi'"),
    (f"{PREDICT}?debug=1", SHORT, "query.debug", "the allowed parameters are lang"),
    (f"{DECISIONS}?features=perhaps", USUAL, "query.features", "give true or false"),
]


@pytest.mark.parametrize(("path", "body", "field", "remedy"), REFUSALS)
def test_a_refusal_names_field_and_remedy(
    bench: DecisionBench, path: str, body: object, field: str, remedy: str
) -> None:
    refused = bench.post(path, body)
    assert (refused.status_code, refused.headers["Content-Type"]) == (422, "application/problem+json")
    error = refused.json()["errors"][0]
    assert error["field"] == field
    assert remedy in error["remedy"]


@pytest.mark.parametrize("path", [DECISIONS, CHECK, PREDICT])
def test_a_body_that_is_not_declared_as_json_is_refused(bench: DecisionBench, path: str) -> None:
    assert bench.post(path, b"{}", **{"Content-Type": "text/plain"}).status_code == 415


def test_the_metrics_count_decisions_by_risk_and_profile(bench: DecisionBench) -> None:
    before = bench.metric('decisions_total{profile="fresh",risk_level="low"}')
    for _ in range(3):
        bench.post(f"{DECISIONS}?reasons=false", USUAL | {"transaction_amount_vnd": 1})
    levels = ("low", "medium", "high", "critical")
    total = sum(bench.metric(f'decisions_total{{profile="fresh",risk_level="{level}"}}') for level in levels)
    assert total >= before + 3
    assert bench.metric('decision_invalid_records_total{reason="invalid_value"}') >= 1


def test_a_service_that_decides_is_ready(bench: DecisionBench) -> None:
    assert bench.get("/ready").json() == {"status": "ready"}


# ---- scopes ----


def test_deciding_needs_its_scope_and_recording_another_one(tmp_path: Path) -> None:
    reader, read = make_key("reader", "dec_", ["decisions:read"])
    writer, write = make_key("writer", "dec_", ["transactions:write"])
    both, all_of = make_key("both", "dec_", ["decisions:read", "transactions:write"])
    keys = tmp_path / "keys"
    keys.write_text("".join(each.line() + "\n" for each in (read, write, all_of)))
    with DecisionBench(tmp_path, auth="on", keys_file=keys).serving() as bench:
        statuses = {
            name: [
                bench.post(path, USUAL, **{"X-API-Key": key}).status_code
                for path in (DECISIONS, f"{DECISIONS}?record=true")
            ]
            for name, key in (("reader", reader), ("writer", writer), ("both", both), ("nobody", "dec_x"))
        }
        assert statuses == {
            "reader": [200, 403],
            "writer": [403, 403],
            "both": [200, 200],
            "nobody": [401, 401],
        }
        assert bench.metric('refused_credentials_total{kind="unknown-key"}') == 2
        assert bench.metric('scope_violations_total{route="/v1/decisions"}') == 3


# ---- degraded ----


def test_stale_profiles_are_part_of_the_answer(tmp_path: Path) -> None:
    bench = DecisionBench(tmp_path)
    bench.written_until(NOW_MS - 60_000)
    with bench.serving():
        decision = bench.post(DECISIONS, USUAL).json()
        assert (decision["profile"], decision["profile_age_ms"]) == ("stale", 60_000)
        assert decision["score"] is not None


def test_a_bank_that_refuses_degraded_decisions_gets_503_and_is_not_ready(tmp_path: Path) -> None:
    bench = DecisionBench(tmp_path, degraded="refuse")
    bench.store.close()
    bench.path.write_bytes(b"no database" * 100)
    for leftover in tmp_path.glob("profiles.db-*"):
        leftover.unlink()
    with bench.serving():
        refused = bench.post(DECISIONS, USUAL)
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
        for _ in range(3):
            bench.post(DECISIONS, USUAL)
        assert bench.get("/ready").status_code == 503
        assert bench.get("/health").status_code == 200


def test_a_store_that_can_not_be_read_leaves_decisions_without_profiles(tmp_path: Path) -> None:
    bench = DecisionBench(tmp_path)
    bench.store.close()
    bench.path.write_bytes(b"no database" * 100)
    for leftover in tmp_path.glob("profiles.db-*"):
        leftover.unlink()
    with bench.serving():
        decision = bench.post(DECISIONS, USUAL).json()
        assert (decision["profile"], decision["profile_age_ms"]) == ("missing", None)
        assert decision["score"] is not None
        assert bench.get("/ready").status_code == 200


# ---- the stream of decisions ----


def test_every_decision_goes_to_the_stream_of_decisions(tmp_path: Path) -> None:
    with DecisionBench(tmp_path, decisions="Decisions").serving() as bench:
        answer = bench.post(DECISIONS, USUAL).json()
        bench.post(CHECK, SHORT)
    sent = [orjson.loads(data) for data, _ in bench.kinesis.taken]
    assert [each["transaction_id"] for each in sent] == ["T1", "TXN123456"]
    assert sent[0] == {"schema_version": 1, "asked_by": "address:127.0.0.1"} | answer
    assert bench.metric("decisions_streamed_total") == 2


# ---- customers' metadata ----


def test_the_metadata_of_a_customer_are_features_with_their_version(tmp_path: Path) -> None:
    customers = tmp_path / "customers.jsonl"
    customers.write_text(
        '{"customer_id": "C1", "segment": "premium", "kyc_level": 2, "customer_since": "2025-12-03"}\n'
    )
    with DecisionBench(tmp_path, customer_metadata=str(customers)).serving() as bench:
        known = bench.post(f"{DECISIONS}?features=true", USUAL | {"customer_id": "C1"}).json()
        unknown = bench.post(f"{DECISIONS}?features=true", USUAL | {"customer_id": "C2"}).json()
    assert known["features"]["customer_kyc_level"] == 2
    assert known["features"]["customer_relationship_days"] == 30
    assert unknown["features"]["customer_kyc_level"] is None
    assert known["metadata_version"] == unknown["metadata_version"] is not None

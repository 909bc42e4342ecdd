"""Every refusal of the gateway: status, field, value and remedy. docs/ingestion-gateway.md has the table."""

from typing import Any, NamedTuple

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraudstream.runtime.project_root import ROOT
from tests.fuzz_budget import examples
from tests.mutations import damaged
from tests.unit.serving.gateway_app import LABELS, TRANSACTIONS, GatewayBench, label, transaction

PAGE = ROOT / "docs" / "ingestion-gateway.md"


class Case(NamedTuple):
    """A request, the reason of its refusal as the page names it, and the single error of its answer."""

    reason: str
    body: Any
    field: str
    value: str
    remedy: str
    path: str = TRANSACTIONS


CASES = [
    Case("malformed_json", b"{broken", "record", "{broken", "send one object per record"),
    Case("wrong_type", transaction(account_id=7), "account_id", "7", "it must be a string"),
    Case("missing_field", transaction(account_id=None), "account_id", "", "every transaction needs it"),
    Case(
        "invalid_time",
        transaction(event_time="yesterday"),
        "event_time",
        "yesterday",
        "write it like 2026-01-02T03:04:05.678Z",
    ),
    Case(
        "future_time",
        transaction(event_time="2026-01-03T03:04:05.679Z"),
        "event_time",
        "2026-01-03T03:04:05.679Z",
        "at most 86400000 are allowed: check the sender's clock",
    ),
    Case(
        "invalid_amount",
        transaction(transaction_amount_vnd=0),
        "transaction_amount_vnd",
        "0",
        "it must be above 0 and at most 1000000000000000: correct it",
    ),
    Case(
        "invalid_value",
        transaction(latitude=91),
        "latitude",
        "91",
        "it must be at least -90 and at most 90: correct it, or omit it if it is unknown",
    ),
    Case("oversize", transaction(more="x" * 70_000), "record", "70121 bytes", "at most 65536 are allowed"),
    Case(
        "aggregation",
        b"\xf3\x89\x9a\xc2",
        "record",
        "",
        "copy it with `streams archive`, or have its producer send it again",
    ),
    Case("missing_field", label(is_fraud=None), "is_fraud", "", "every label needs it", LABELS),
    Case("wrong_type", label(is_fraud=1), "is_fraud", "1", "it must be true or false", LABELS),
    Case(
        "invalid_time",
        label(available_at="2026-01-01T00:00:00Z"),
        "available_at",
        "2026-01-01T00:00:00.000Z",
        "a label can't be known before its transaction",
        LABELS,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[f"{case.path[4:]}-{case.reason}" for case in CASES])
def test_a_record_is_refused_with_field_value_and_remedy(case: Case) -> None:
    bench = GatewayBench()
    answer = bench.post(case.path, case.body)
    body = answer.json()
    assert (answer.status_code, body["type"]) == (422, "urn:fraudstream:problem:invalid-input")
    assert body["errors"] == [{"field": case.field, "value": case.value, "remedy": case.remedy}]
    assert body["results"][0]["problem"] == body["errors"][0] | {"reason": case.reason}
    assert bench.sent == []


@pytest.mark.parametrize("reason", sorted({case.reason for case in CASES} | {"duplicate_in_batch"}))
def test_the_page_has_every_reason(reason: str) -> None:
    assert f"| `{reason}` |" in PAGE.read_text()


def test_the_second_of_two_equal_ids_in_a_batch_is_refused() -> None:
    bench = GatewayBench()
    body = bench.post(TRANSACTIONS, [transaction(1), transaction(2), transaction(1, city="Hue")]).json()
    assert body["results"][2]["problem"] == {
        "reason": "duplicate_in_batch",
        "field": "transaction_id",
        "value": "t1",
        "remedy": "send it once: record 0 of this request has the same ids",
    }
    assert len(bench.sent) == 2


def test_the_same_transaction_id_of_two_accounts_is_no_duplicate() -> None:
    batch = [transaction(1), transaction(1, account_id="other")]
    assert GatewayBench().post(TRANSACTIONS, batch).json()["accepted"] == 2


def test_an_id_that_no_answer_could_repeat_is_left_out_of_the_result() -> None:
    answer = GatewayBench().post(TRANSACTIONS, b'{"transaction_id":"\\ud800","account_id":"a"}')
    result = answer.json()["results"][0]
    assert (result["transaction_id"], result["account_id"]) == (None, "a")


def test_errors_of_a_batch_have_the_place_of_their_record_and_are_limited() -> None:
    body = GatewayBench().post(TRANSACTIONS, [{}] * 30).json()
    assert body["errors"][3]["field"] == "3.transaction_id"
    assert (len(body["errors"]), len(body["results"])) == (20, 30)
    assert body["detail"].endswith("and 10 more, see results")


@pytest.mark.parametrize(
    ("body", "value", "remedy"),
    [
        (b"", "no records", "send one record, or an array of 1 to 500"),
        ([], "no records", "send one record, or an array of 1 to 500"),
        ([{}] * 501, "501 records", "send at most 500 records in a request"),
        (b"[{},]", "[{},]", "the JSON is malformed at its character 5"),
    ],
    ids=["nothing", "an empty array", "too many", "malformed"],
)
def test_a_body_without_records_is_refused_as_a_whole(body: object, value: str, remedy: str) -> None:
    answer = GatewayBench().post(TRANSACTIONS, body)
    error = answer.json()["errors"][0]
    assert (answer.status_code, error["field"], error["value"]) == (422, "body", value)
    assert error["remedy"].startswith(remedy)


def test_a_body_that_is_too_large_is_a_413() -> None:
    bench = GatewayBench(max_body_bytes=1_000)
    assert bench.post(TRANSACTIONS, transaction(more="x" * 1_000)).status_code == 413


def test_a_body_of_another_type_is_a_415_that_names_both() -> None:
    answer = GatewayBench().post(TRANSACTIONS, transaction(), **{"Content-Type": "text/plain"})
    assert answer.status_code == 415
    assert "application/json, or application/x-ndjson" in answer.json()["detail"]


def test_an_unknown_parameter_is_refused() -> None:
    assert GatewayBench().post(f"{TRANSACTIONS}?key=1", transaction()).status_code == 422


@pytest.mark.parametrize("key", ["", "with space", "x" * 256])
def test_an_idempotency_key_that_is_no_key_is_refused(key: str) -> None:
    bench = GatewayBench()
    answer = bench.post(TRANSACTIONS, transaction(), key)
    error = answer.json()["errors"][0]
    assert (answer.status_code, error["field"]) == (422, "Idempotency-Key")
    assert error["remedy"] == "give 1 to 255 visible ASCII characters"
    assert bench.sent == []


BATCH = orjson.dumps([transaction(1), transaction(2), label(3)])


@given(
    st.binary(max_size=100) | damaged(BATCH), st.sampled_from(["application/json", "application/x-ndjson"])
)
@examples(60)
def test_any_body_is_answered_and_the_stream_has_what_the_answer_says(body: bytes, media_type: str) -> None:
    bench = GatewayBench()
    answer = bench.post(TRANSACTIONS, body, **{"Content-Type": media_type})
    assert answer.status_code in {202, 422}
    accepted = answer.json().get("accepted", 0)
    assert len(bench.sent) == accepted
    assert (accepted > 0) == (answer.status_code == 202)

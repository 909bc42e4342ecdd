"""Requests to the gateway: what goes onto the stream, and the result of each record."""

import re

import jwt
import orjson
import pytest
from botocore.exceptions import ReadTimeoutError

from fraudstream.runtime.project_root import ROOT
from tests.unit.serving.gateway_app import LABELS, TRANSACTIONS, GatewayBench, label, transaction
from tests.unit.serving.stream_fakes import THROTTLED, HeldKinesis
from tests.unit.streams.fake_kinesis import refusal

SECRET = "a-shared-secret-of-more-than-32-bytes"
PROBLEM = "application/problem+json"


def test_one_transaction_is_accepted_with_its_place_once_the_stream_has_it() -> None:
    bench = GatewayBench()
    answer = bench.post(TRANSACTIONS, transaction())
    assert answer.status_code == 202
    result = {"index": 0, "result": "accepted", "transaction_id": "t1", "account_id": "a1"}
    place = {"shard_id": "shard-0", "sequence_number": "1"}
    assert answer.json() == {"accepted": 1, "refused": 0, "failed": 0, "results": [result | place]}
    assert bench.kinesis.taken == [(orjson.dumps(transaction()), "a1")]


def test_the_stream_gets_the_bytes_that_were_sent() -> None:
    bench = GatewayBench()
    record = (
        b'{"transaction_id": "t1",  "account_id":"a1", "event_time":"2026-01-02T03:04:05+07:00", '
        b'"transaction_amount_vnd": 1000.10, "more": 123456789012345678901234567890}'
    )
    assert (
        bench.post(TRANSACTIONS, b"[" + record + b"," + orjson.dumps(transaction(2)) + b"]").status_code
        == 202
    )
    assert bench.sent == [record, orjson.dumps(transaction(2))]


def test_a_batch_with_bad_records_accepts_the_good_ones_in_order() -> None:
    bench = GatewayBench()
    batch = [transaction(1), transaction(2, transaction_amount_vnd=-5), {"no": "ids"}, transaction(4)]
    answer = bench.post(TRANSACTIONS, batch)
    body = answer.json()
    assert (answer.status_code, body["accepted"], body["refused"]) == (202, 2, 2)
    assert [each["result"] for each in body["results"]] == ["accepted", "refused", "refused", "accepted"]
    assert [each["index"] for each in body["results"]] == [0, 1, 2, 3]
    assert body["results"][1]["problem"] == {
        "reason": "invalid_amount",
        "field": "transaction_amount_vnd",
        "value": "-5",
        "remedy": "it must be above 0 and at most 1000000000000000: correct it",
    }
    assert (body["results"][1]["transaction_id"], body["results"][2]["transaction_id"]) == ("t2", None)
    assert bench.sent == [orjson.dumps(transaction(1)), orjson.dumps(transaction(4))]


def test_lines_are_accepted_as_an_array_is() -> None:
    bench = GatewayBench()
    lines = b"\n".join(orjson.dumps(transaction(number)) for number in (1, 2))
    answer = bench.post(TRANSACTIONS, lines, **{"Content-Type": "application/x-ndjson"})
    assert (answer.status_code, answer.json()["accepted"]) == (202, 2)


def test_labels_go_onto_their_own_stream_with_the_account_as_the_key() -> None:
    bench = GatewayBench()
    assert bench.post(LABELS, label()).status_code == 202
    assert bench.kinesis.taken == [(orjson.dumps(label()), "a1")]
    assert bench.metric('gateway_records_total{kind="label",result="accepted"}') == 1


def test_a_label_may_come_twice_if_it_became_available_at_another_time() -> None:
    corrected = label(is_fraud=False, available_at="2026-01-10T00:00:00Z")
    answer = GatewayBench().post(LABELS, [label(), corrected, label()])
    assert [each["result"] for each in answer.json()["results"]] == ["accepted", "accepted", "refused"]


def test_a_batch_of_500_goes_into_one_call() -> None:
    bench = GatewayBench()
    assert bench.post(TRANSACTIONS, [transaction(n) for n in range(500)]).json()["accepted"] == 500
    assert [len(call) for call in bench.kinesis.calls] == [500]


def test_concurrent_requests_share_calls() -> None:
    bench = GatewayBench(gateway_linger="200ms")
    answers = bench.post_all(*((TRANSACTIONS, transaction(n), None) for n in range(20)))
    assert {answer.status_code for answer in answers} == {202}
    assert [len(call) for call in bench.kinesis.calls] == [20]


def test_a_partial_failure_is_retried_until_every_record_is_written() -> None:
    bench = GatewayBench(HeldKinesis(lambda call, data: THROTTLED if call == 0 and b"t2" in data else None))
    assert bench.post(TRANSACTIONS, [transaction(n) for n in (1, 2, 3)]).json()["accepted"] == 3
    assert len(bench.sent) == 3
    assert bench.metric('gateway_put_retries_total{kind="transaction"}') == 1


def test_records_that_the_stream_does_not_confirm_in_time_are_a_503_with_each_result() -> None:
    kinesis = HeldKinesis(lambda _call, data: THROTTLED if b"t2" in data else None)
    bench = GatewayBench(kinesis, gateway_deadline="1s")
    answer = bench.post(TRANSACTIONS, [transaction(1), transaction(2), {}])
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    body = answer.json()
    assert [each["result"] for each in body["results"]] == ["accepted", "failed", "refused"]
    failed = body["results"][1]
    assert (failed["error_code"], failed["is_in_doubt"]) == (THROTTLED, False)
    assert failed["remedy"].startswith("it is not in the stream")
    assert "did not confirm 1 of 3 records, of which 0 may be in it" in body["detail"]
    assert bench.metric('gateway_records_total{kind="transaction",result="failed"}') == 1


def test_a_record_whose_call_had_no_answer_is_in_doubt() -> None:
    kinesis = HeldKinesis()
    kinesis.lost_answers = [ReadTimeoutError(endpoint_url="http://a"), refusal("AccessDeniedException")]
    bench = GatewayBench(kinesis)
    answer = bench.post(TRANSACTIONS, transaction())
    failed = answer.json()["results"][0]
    assert (answer.status_code, failed["is_in_doubt"]) == (503, True)
    assert failed["remedy"].startswith("it may be in the stream")
    assert bench.metric('gateway_records_in_doubt_total{kind="transaction"}') == 1


def test_a_full_queue_is_a_503_and_nothing_of_the_request_is_sent() -> None:
    kinesis = HeldKinesis()
    kinesis.is_open.clear()
    bench = GatewayBench(kinesis, gateway_queue_records=500)

    def open_later() -> None:
        kinesis.is_called.wait(20)
        kinesis.is_open.set()

    batch = [transaction(number) for number in range(300)]
    first, second = bench.post_all(
        (TRANSACTIONS, batch, None), (TRANSACTIONS, batch, None), while_sent=open_later
    )
    assert sorted((first.status_code, second.status_code)) == [202, 503]
    refused = max(first, second, key=lambda answer: answer.status_code)
    assert (refused.headers["Retry-After"], refused.headers["Content-Type"]) == ("1", PROBLEM)
    assert len(bench.sent) == 300
    assert bench.metric('gateway_queue_full_total{kind="transaction"}') == 1


@pytest.mark.parametrize(
    ("path", "body", "scope"),
    [(TRANSACTIONS, transaction(), "transactions:write"), (LABELS, label(), "labels:write")],
)
def test_a_route_needs_its_scope(path: str, body: object, scope: str) -> None:
    bench = GatewayBench(auth="on", jwt_algorithm="HS256", jwt_secret=SECRET)

    def with_scope(text: str) -> int:
        token = jwt.encode({"sub": "bank", "exp": 4_102_444_800, "scope": text}, SECRET)
        return bench.post(path, body, Authorization=f"Bearer {token}").status_code

    assert bench.post(path, body).status_code == 401
    assert with_scope("transactions:read alerts:write") == 403
    assert bench.sent == []
    assert with_scope(scope) == 202


def test_the_request_of_the_page_runs_and_its_answer_has_the_fields_of_the_page() -> None:
    page = (ROOT / "docs" / "ingestion-gateway.md").read_text()
    sent = re.search(r"-d '(.*?)'", page, re.DOTALL)
    shown = re.search(r'^    (\{"accepted": 1.*?\]\})$', page, re.MULTILINE | re.DOTALL)
    assert sent is not None
    assert shown is not None
    accepted, refused = orjson.loads(shown[1])["results"]
    bad = {"transaction_id": "T-1002", "transaction_amount_vnd": 1, "event_time": "2026-01-02T00:00:00Z"}
    found = GatewayBench().post(TRANSACTIONS, [orjson.loads(sent[1]), bad]).json()["results"]
    assert found[0].keys() == accepted.keys()
    assert found[1] == refused


@pytest.mark.parametrize("path", [TRANSACTIONS, LABELS])
def test_the_example_of_the_document_runs(path: str) -> None:
    bench = GatewayBench()
    operation = bench.app.openapi()["paths"][path]["post"]
    example = operation["requestBody"]["content"]["application/json"]["example"]
    answer = bench.post(path, example)
    assert answer.status_code == 202
    shown = operation["responses"]["202"]["content"]["application/json"]["example"]
    assert answer.json().keys() == shown.keys()
    assert answer.json()["results"][0].keys() == shown["results"][0].keys()

"""Requests with an Idempotency-Key: sent once, answered alike, and refused for another body."""

from pathlib import Path

import pytest

from tests.unit.serving.gateway_app import NOW_MS, TRANSACTIONS, GatewayBench, transaction
from tests.unit.serving.stream_fakes import THROTTLED, HeldKinesis


def test_a_repeated_request_gets_the_same_answer_and_is_not_sent_again() -> None:
    bench = GatewayBench()
    first = bench.post(TRANSACTIONS, [transaction(1), {}], "k")
    again = bench.post(TRANSACTIONS, [transaction(1), {}], "k")
    assert (again.status_code, again.content) == (202, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert len(bench.sent) == 1
    assert bench.metric("gateway_idempotent_replays_total") == 1


def test_another_body_with_the_same_key_is_a_409() -> None:
    bench = GatewayBench()
    bench.post(TRANSACTIONS, transaction(1), "k")
    answer = bench.post(TRANSACTIONS, transaction(2), "k")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:fraudstream:problem:conflict")
    assert "use a new one" in answer.json()["detail"]
    assert len(bench.sent) == 1
    assert bench.metric('gateway_idempotency_conflicts_total{reason="other-body"}') == 1


def test_a_key_may_be_used_again_after_a_day() -> None:
    bench = GatewayBench()
    bench.post(TRANSACTIONS, transaction(1), "k")
    bench.now_ms = NOW_MS + 24 * 3_600_000
    assert bench.post(TRANSACTIONS, transaction(2), "k").status_code == 202


def test_a_repetition_while_the_first_is_in_progress_is_a_409_to_be_repeated() -> None:
    kinesis = HeldKinesis()
    kinesis.is_open.clear()
    bench = GatewayBench(kinesis)

    def open_later() -> None:
        kinesis.is_called.wait(20)
        kinesis.is_open.set()

    request = (TRANSACTIONS, transaction(), "k")
    answers = bench.post_all(request, request, while_sent=open_later)
    assert sorted(answer.status_code for answer in answers) == [202, 409]
    assert max(answers, key=lambda answer: answer.status_code).headers["Retry-After"] == "1"
    assert len(bench.sent) == 1


@pytest.mark.parametrize("body", [{}, b"[", [{}]], ids=["refused", "malformed", "all refused"])
def test_a_request_that_is_refused_does_not_use_up_its_key(body: object) -> None:
    bench = GatewayBench()
    assert bench.post(TRANSACTIONS, body, "k").status_code == 422
    assert bench.post(TRANSACTIONS, transaction(), "k").status_code == 202


def test_a_request_that_failed_is_carried_out_again() -> None:
    is_throttled = [True]
    kinesis = HeldKinesis(lambda _call, _data: THROTTLED if is_throttled[0] else None)
    bench = GatewayBench(kinesis, gateway_deadline="1s")
    assert bench.post(TRANSACTIONS, transaction(), "k").status_code == 503
    is_throttled[0] = False
    assert bench.post(TRANSACTIONS, transaction(), "k").status_code == 202
    assert len(bench.sent) == 1


def test_replicas_with_the_same_file_know_each_others_answers(tmp_path: Path) -> None:
    store = f"sqlite:{tmp_path / 'keys.sqlite'}"
    one, other = (GatewayBench(gateway_idempotency_store=store) for _ in range(2))
    first = one.post(TRANSACTIONS, transaction(), "k")
    assert other.post(TRANSACTIONS, transaction(), "k").content == first.content
    assert other.sent == []


def test_without_its_store_a_key_is_refused_and_nothing_is_sent(tmp_path: Path) -> None:
    (tmp_path / "keys.sqlite").write_bytes(b"this is not a database" * 100)
    bench = GatewayBench(gateway_idempotency_store=f"sqlite:{tmp_path / 'keys.sqlite'}")
    answer = bench.post(TRANSACTIONS, transaction(), "k")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "or send without the header" in answer.json()["detail"]
    assert bench.sent == []
    assert bench.post(TRANSACTIONS, transaction()).status_code == 202

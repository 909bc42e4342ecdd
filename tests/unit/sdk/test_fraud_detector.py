"""The detectors over HTTP, blocking and asynchronous, against canned answers."""

from datetime import UTC, datetime
from decimal import Decimal

import httpx
import pytest

from fraudstream import AsyncFraudDetector, FraudDetector
from fraudstream.domain.transaction import Transaction
from fraudstream.runtime.settings import HIDDEN
from fraudstream.sdk.sdk_errors import (
    FieldProblem,
    NoAnswerError,
    RequestRefusedError,
    SetupError,
    UnexpectedAnswerError,
)
from tests.unit.sdk.canned_service import (
    CHECKED,
    KEY,
    URL,
    CannedService,
    Use,
    decisions,
    json_answer,
    problem,
    use_async,
    use_blocking,
)

ASKED = {
    "user_id": "USER001",
    "amount": 1500.00,
    "merchant_id": "MERCH001",
    "timestamp": "2025-11-26T00:47:38Z",
}
NAMED = {"transaction_id": "T1", "account_id": "A1", "event_time": "2026-01-02T03:04:05Z"}
both = pytest.mark.parametrize("use", [use_blocking, use_async])


@both
def test_predict_returns_the_answer_of_check_fraud(use: Use) -> None:
    service = CannedService([json_answer(CHECKED)])
    result = use(service, "predict", ASKED)
    assert f"{result['fraud_score']:.2f} {result['risk_level']}" == "0.87 HIGH"
    (request,) = service.requests
    assert (request.method, str(request.url)) == ("POST", f"{URL}/api/check-fraud")
    assert request.headers["X-API-Key"] == KEY
    assert request.headers["Content-Type"] == "application/json"
    assert service.bodies() == [ASKED]


@both
def test_check_is_the_same_as_predict(use: Use) -> None:
    service = CannedService([json_answer(CHECKED)])
    assert use(service, "check", ASKED) == CHECKED


@both
def test_one_transaction_has_one_decision(use: Use) -> None:
    service = CannedService([decisions("T1")])
    assert use(service, "decide", NAMED) == {"transaction_id": "T1"}
    assert service.bodies() == [[NAMED]]
    assert service.requests[0].url.raw_path == b"/v1/decisions"


@both
def test_many_transactions_are_requests_of_five_hundred_in_order(use: Use) -> None:
    ids = [f"T{number}" for number in range(1_001)]
    service = CannedService([decisions(*ids[:500]), decisions(*ids[500:1_000]), decisions(*ids[1_000:])])
    found = use(service, "decide", [{"transaction_id": each} for each in ids], features=True, record=True)
    assert [each["transaction_id"] for each in found] == ids
    assert {request.url.query for request in service.requests} == {b"features=true&record=true"}


@both
def test_large_transactions_are_divided_by_their_size(use: Use) -> None:
    large = {"note": "x" * 400_000}
    service = CannedService([decisions("a", "b"), decisions("c")])
    assert len(use(service, "decide", [large] * 3)) == 3
    assert [len(body) for body in service.bodies()] == [2, 1]


@both
def test_no_transactions_need_no_request(use: Use) -> None:
    service = CannedService([])
    assert use(service, "decide", []) == use(service, "send", []) == []


@both
def test_a_later_request_that_fails_leaves_the_results_of_the_earlier_ones(use: Use) -> None:
    ids = [f"T{number}" for number in range(501)]
    service = CannedService([decisions(*ids[:500]), problem(403)])
    with pytest.raises(RequestRefusedError) as refused:
        use(service, "decide", [{"transaction_id": each} for each in ids])
    assert [each["transaction_id"] for each in refused.value.earlier_results] == ids[:500]


@both
def test_a_send_has_one_idempotency_key_for_all_of_its_attempts(use: Use) -> None:
    accepted = json_answer({"results": [{"status": "accepted"}]}, 202)
    service = CannedService([problem(503), httpx.ReadError("reset"), accepted])
    assert use(service, "send", NAMED) == [{"status": "accepted"}]
    keys = {request.headers["Idempotency-Key"] for request in service.requests}
    assert len(service.requests) == 3
    assert len(keys) == 1
    assert len(keys.pop()) == 32


@both
def test_each_request_of_a_send_has_a_key_of_its_own(use: Use) -> None:
    service = CannedService([json_answer({"results": [{}] * count}) for count in (500, 1)])
    use(service, "send", [NAMED] * 501)
    assert len({request.headers["Idempotency-Key"] for request in service.requests}) == 2


@both
def test_a_callers_own_idempotency_key_is_sent_and_covers_one_request(use: Use) -> None:
    service = CannedService([json_answer({"results": [{}]})])
    use(service, "send", NAMED, idempotency_key="batch-7")
    assert service.requests[0].headers["Idempotency-Key"] == "batch-7"
    with pytest.raises(ValueError, match="one request, 500 transactions"):
        use(service, "send", [NAMED] * 501, idempotency_key="batch-7")


@both
@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_transient_refusal_is_tried_again(use: Use, status: int) -> None:
    service = CannedService([problem(status), json_answer(CHECKED)])
    assert use(service, "predict", ASKED) == CHECKED
    assert len(service.slept_s) == 1


@both
@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 409, 413, 422])
def test_a_permanent_refusal_is_not_tried_again(use: Use, status: int) -> None:
    service = CannedService([problem(status)])
    with pytest.raises(RequestRefusedError) as refused:
        use(service, "predict", ASKED)
    assert refused.value.status == status
    assert service.slept_s == []


@both
def test_a_refusal_names_field_value_and_remedy(use: Use) -> None:
    wrong = {"field": "amount", "value": "'x'", "remedy": "give a number"}
    service = CannedService([problem(422, "amount='x': give a number", errors=[wrong])])
    with pytest.raises(RequestRefusedError, match="422 No: amount='x': give a number") as refused:
        use(service, "predict", ASKED)
    error = refused.value
    assert error.errors == (FieldProblem("amount", "'x'", "give a number"),)
    assert (error.field, error.value, error.remedy) == ("amount", "'x'", "give a number")


@both
@pytest.mark.parametrize("errors", [None, "text", [7], [{"field": "a"}]])
def test_a_refusal_with_errors_of_another_shape_has_no_field(use: Use, errors: object) -> None:
    service = CannedService([problem(422, errors=errors)])
    with pytest.raises(RequestRefusedError) as refused:
        use(service, "predict", ASKED)
    assert (refused.value.field, refused.value.value, refused.value.remedy) == (None, None, None)


@both
def test_the_wait_is_as_long_as_the_service_asks_for(use: Use) -> None:
    busy = json_answer({}, 429, **{"Retry-After": "4"})
    service = CannedService([busy, json_answer(CHECKED)])
    use(service, "predict", ASKED)
    assert service.slept_s == [4.0]


@both
def test_a_wait_beyond_the_deadline_ends_the_call_at_once(use: Use) -> None:
    service = CannedService([json_answer({"detail": "busy"}, 503, **{"Retry-After": "60"})])
    with pytest.raises(RequestRefusedError, match="busy") as refused:
        use(service, "predict", ASKED)
    assert refused.value.retry_after_s == 60
    assert service.slept_s == []


@both
def test_the_retries_have_a_limit(use: Use) -> None:
    service = CannedService([problem(503)] * 3)
    with pytest.raises(RequestRefusedError):
        use(service, "predict", ASKED, options={"retries": 2})
    assert len(service.requests) == 3


@both
def test_a_recorded_decision_without_an_id_is_not_repeated_after_a_lost_answer(use: Use) -> None:
    service = CannedService([httpx.ReadError("reset")])
    with pytest.raises(NoAnswerError, match="may have acted on the request") as lost:
        use(service, "decide", ASKED, record=True)
    assert lost.value.may_be_done
    service = CannedService([problem(503)])
    with pytest.raises(RequestRefusedError):
        use(service, "decide", ASKED, record=True)


@both
@pytest.mark.parametrize("failure", [httpx.ConnectError("refused"), problem(429)])
def test_it_is_repeated_if_the_service_has_not_acted_on_it(use: Use, failure: httpx.Response) -> None:
    service = CannedService([failure, decisions("T1")])
    assert use(service, "decide", ASKED, record=True) == {"transaction_id": "T1"}


@both
def test_a_recorded_decision_with_id_and_time_is_repeated(use: Use) -> None:
    service = CannedService([httpx.ReadError("reset"), decisions("T1")])
    assert use(service, "decide", NAMED, record=True) == {"transaction_id": "T1"}


@both
def test_no_connection_is_an_error_with_the_remedy(use: Use) -> None:
    service = CannedService([httpx.ConnectError("refused")] * 4)
    with pytest.raises(NoAnswerError, match=r"after 4 attempts \(ConnectError: refused\): check") as lost:
        use(service, "predict", ASKED)
    assert not lost.value.may_be_done


@both
@pytest.mark.parametrize("body", [b"<html>", b"", b"\x1f\x8b"])
def test_an_accepting_answer_that_is_no_json_is_an_error(use: Use, body: bytes) -> None:
    service = CannedService([httpx.Response(200, content=body)])
    with pytest.raises(UnexpectedAnswerError, match="check the URL"):
        use(service, "predict", ASKED)


@both
@pytest.mark.parametrize("body", [[], {}, {"decisions": {}}, {"decisions": [{}, {}]}])
def test_an_answer_without_a_decision_for_each_transaction_is_an_error(use: Use, body: object) -> None:
    service = CannedService([json_answer(body)])
    with pytest.raises(UnexpectedAnswerError, match="no list 'decisions' of 1"):
        use(service, "decide", NAMED)


@both
@pytest.mark.parametrize("body", [[], "text", None])
def test_a_check_answers_with_an_object(use: Use, body: object) -> None:
    with pytest.raises(UnexpectedAnswerError, match="not an object"):
        use(CannedService([json_answer(body)]), "predict", ASKED)


@both
def test_an_endless_answer_is_an_error(use: Use, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fraudstream.sdk.call_attempts.MAX_ANSWER_BYTES", 1_000)
    service = CannedService([httpx.Response(200, content=b" " * 1_001)])
    with pytest.raises(UnexpectedAnswerError, match="more than 1,000 bytes"):
        use(service, "predict", ASKED)


@both
def test_times_decimals_and_transactions_are_sent_as_the_stream_has_them(use: Use) -> None:
    service = CannedService([decisions("a", "b")])
    known = Transaction(
        transaction_id="T1", event_time_ms=1_767_323_045_678, account_id="A1", transaction_amount_vnd=5_000.0
    )
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    use(service, "decide", [known, {"amount": Decimal("1.25"), "timestamp": at, "tags": ("a",)}])
    ((first, second),) = service.bodies()
    assert first["event_time"] == "2026-01-02T03:04:05.678Z"
    assert "event_time_ms" not in first
    assert second == {"amount": 1.25, "timestamp": "2026-01-02T03:04:05+00:00", "tags": ["a"]}


@both
def test_a_value_that_json_does_not_have_is_an_error_and_nothing_is_sent(use: Use) -> None:
    service = CannedService([])
    with pytest.raises(ValueError, match="can't be sent as JSON"):
        use(service, "send", [NAMED] * 500 + [{"amount": object()}])
    assert service.requests == []


@pytest.mark.parametrize("detector", [FraudDetector, AsyncFraudDetector])
def test_neither_the_representation_nor_an_error_has_the_credentials(
    detector: type[FraudDetector], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = detector("https://user:hunter2@a.test", api_key=KEY, token="a.b.c")
    assert repr(made) == f"{detector.__name__}('https://{HIDDEN}@a.test')"
    with pytest.raises(SetupError) as refused:
        detector(api_key=f"{KEY}\n")
    assert KEY not in str(refused.value)
    monkeypatch.setenv("DECISION_API_TOKEN", f"{KEY}\r\nX: 1")
    with pytest.raises(SetupError, match="DECISION_API_TOKEN") as refused:
        detector()
    assert KEY not in str(refused.value)


def test_the_environment_gives_what_no_argument_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DECISION_API_URL", "https://from-environment.test")
    monkeypatch.setenv("DECISION_API_KEY", "from-environment")
    service = CannedService([json_answer(CHECKED), json_answer(CHECKED)])
    transport = httpx.MockTransport(service.handle)
    FraudDetector(transport=transport).predict(ASKED)
    FraudDetector("https://argument.test", "argument", transport=transport).predict(ASKED)
    assert [(request.url.host, request.headers["X-API-Key"]) for request in service.requests] == [
        ("from-environment.test", "from-environment"),
        ("argument.test", "argument"),
    ]


def test_without_any_address_the_detector_asks_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DECISION_API_URL", raising=False)
    assert repr(FraudDetector()) == "FraudDetector('http://127.0.0.1:8000')"


def test_an_unusable_address_is_an_error() -> None:
    with pytest.raises(SetupError, match="url='localhost:8000': give the decision API's address"):
        FraudDetector("localhost:8000")


@pytest.mark.parametrize(("options", "name"), [({"timeout_s": 0}, "timeout_s"), ({"retries": -1}, "retries")])
def test_limits_that_allow_no_attempt_are_errors(options: dict[str, float], name: str) -> None:
    with pytest.raises(SetupError, match=name):
        FraudDetector(URL, **options)  # type: ignore[arg-type]

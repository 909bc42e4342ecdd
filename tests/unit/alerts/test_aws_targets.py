"""Calls of AWS targets: deadlines, unexpected exceptions, and credentials that are renewed."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from botocore.exceptions import HTTPClientError
from botocore.parsers import ResponseParserError

from alerts.handlers.aws_calls import BATCH_S, UnsuitableError, one_by_one
from alerts.handlers.handler_protocol import HandlerError
from alerts.messages import Handover, handover, parse
from fraudstream.domain.alert import Alert
from fraudstream.runtime.aws_credentials import export_aws_credentials
from fraudstream.runtime.aws_errors import is_transient
from fraudstream.runtime.bounded_calls import StopRequestedError
from fraudstream.runtime.bounded_clients import BoundedClient
from fraudstream.runtime.stop_signals import StopSignal
from fraudstream.streams.protocols import StreamRecord
from tests.unit.alerts.alert_samples import alert
from tests.unit.streams.fake_kinesis import refusal


def batch(size: int) -> list[Handover]:
    records = [StreamRecord(alert(number), "key", "s0", str(number), 0) for number in range(size)]
    return [handover(parse(record, Alert), is_replay=False) for record in records]


def sending(place: int, error: Exception) -> Callable[[Handover], None]:
    def send(each: Handover) -> None:
        if each.alert.alert_id == f"alert-{place}":
            raise error

    return send


@pytest.mark.parametrize(
    "error",
    [
        ResponseParserError("x"),
        UnicodeError("x"),
        RecursionError(),
        ValueError("x"),
        OSError("x"),
        StopRequestedError("x"),
    ],
)
def test_an_unexpected_exception_is_a_failure_of_the_target_and_keeps_the_place(error: Exception) -> None:
    given = batch(3)
    outcome = one_by_one(given, sending(1, error), "topic", "remedy")
    assert list(outcome.again) == given[1:]


@pytest.mark.parametrize("first", [None, UnsuitableError("too long")])
def test_an_error_of_every_alert_keeps_the_outcome_of_the_alerts_before(first: Exception | None) -> None:
    given = batch(3)
    errors = {"alert-0": first, "alert-1": refusal("AccessDeniedException")}

    def send(each: Handover) -> None:
        error = errors.get(each.alert.alert_id)
        if error is not None:
            raise error

    outcome = one_by_one(given, send, "topic", "remedy")
    assert list(outcome.again) == given[1:]
    assert [each.handover for each in outcome.refused] == ([] if first is None else given[:1])
    with pytest.raises(HandlerError, match=r"AccessDenied.*remedy"):
        one_by_one(outcome.again, send, "topic", "remedy")


def test_a_slow_target_gets_the_rest_of_a_batch_later_so_that_no_claim_expires() -> None:
    given = batch(4)
    times = iter([0.0, BATCH_S - 1, BATCH_S, BATCH_S + 1])
    outcome = one_by_one(given, lambda _each: None, "topic", "remedy", monotonic_s=lambda: next(times))
    assert list(outcome.again) == given[2:]


class Client:
    """A client whose calls raise an error that its credentials cause, or hang."""

    def __init__(self, error: Exception | None) -> None:
        self._error = error

    def call(self, *, value: int) -> int:
        """Return the value, or raise the error."""
        if self._error is not None:
            raise self._error
        return value


@pytest.mark.parametrize(
    "code", ["ExpiredTokenException", "UnrecognizedClientException", "InvalidClientTokenId"]
)
def test_an_error_of_the_credentials_creates_the_client_again(code: str) -> None:
    clients = [Client(refusal(code)), Client(None)]
    client = BoundedClient(lambda: clients.pop(0), StopSignal())
    with pytest.raises(Exception, match=code):
        client.call(value=1)
    assert client.call(value=2) == 2


def test_a_settings_file_that_is_damaged_when_credentials_expire_leaves_the_client_as_it_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_bytes(b"AWS_PROFILE=\xff")
    monkeypatch.setattr(
        "fraudstream.runtime.bounded_clients.export_aws_credentials",
        lambda: export_aws_credentials(tmp_path / ".env"),
    )
    clients = [Client(refusal("ExpiredTokenException")), Client(None)]
    client = BoundedClient(lambda: clients.pop(0), StopSignal())
    for _ in range(2):
        with pytest.raises(Exception, match="ExpiredTokenException"):
            client.call(value=1)
    monkeypatch.undo()
    with pytest.raises(Exception, match="ExpiredTokenException"):
        client.call(value=1)
    assert client.call(value=2) == 2


def test_a_call_that_misses_its_deadline_closes_its_client_and_the_next_has_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("fraudstream.runtime.bounded_clients.DEADLINE_S", 0.0)
    closed = threading.Event()

    class Hanging:
        def call(self, *, value: int) -> None:
            del value
            closed.wait()

        def close(self) -> None:
            closed.set()

    clients: list[object] = [Hanging(), Client(None)]
    client = BoundedClient(lambda: clients.pop(0), StopSignal())
    with pytest.raises(HTTPClientError, match="no answer within 0 s"):
        client.call(value=1)
    assert closed.is_set()
    monkeypatch.setattr("fraudstream.runtime.bounded_clients.DEADLINE_S", 60.0)
    assert client.call(value=2) == 2


def test_a_method_may_have_a_deadline_of_its_own() -> None:
    never = threading.Event()

    class Hanging:
        def get_records(self) -> None:
            never.wait()

        def close(self) -> None:
            """Do nothing: the call goes on."""

    client = BoundedClient(Hanging, StopSignal(), deadlines_s={"get_records": 0.2})
    with pytest.raises(HTTPClientError, match=r"no answer within 0\.2 s"):
        client.get_records()


def test_another_error_keeps_the_client() -> None:
    clients = [Client(refusal("ThrottlingException"))]
    client = BoundedClient(lambda: clients.pop(0), StopSignal())
    for _ in range(2):
        with pytest.raises(Exception, match="ThrottlingException"):
            client.call(value=1)


@pytest.mark.parametrize("error", [ResponseParserError("x"), UnicodeError("x"), RecursionError()])
def test_an_exception_that_botocore_does_not_convert_is_a_lost_response(error: Exception) -> None:
    client = BoundedClient(lambda: Client(error), StopSignal())
    with pytest.raises(HTTPClientError, match=type(error).__name__) as raised:
        client.call(value=1)
    assert is_transient(raised.value)


def test_a_stop_ends_a_call_that_hangs() -> None:
    stop, never = StopSignal(), threading.Event()
    stop.set()

    class Hanging:
        def call(self) -> None:
            never.wait()

    with pytest.raises(StopRequestedError):
        BoundedClient(Hanging, stop).call()

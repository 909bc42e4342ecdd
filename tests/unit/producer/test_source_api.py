"""The API as a source, against canned responses: each transaction once, and readable errors."""

import threading
import time
from collections.abc import Iterator
from itertools import islice
from random import Random

import httpx
import pytest

from fraudstream.domain.transaction import Transaction
from fraudstream.runtime.backoff import Backoff
from fraudstream.streams.stream_errors import StreamError
from producer.mixing import RecordItem
from producer.source_api import (
    MAX_ATTEMPTS,
    MAX_PER_REQUEST,
    MAX_QUEUED_EVENTS,
    ApiAccess,
    ApiStream,
    api_records,
    check_api,
)
from tests.unit.producer.test_client import RECORD, TRANSACTION, URL, Api, event, many, named, problem, sse

TRANSACTION_TIME_MS = TRANSACTION.event_time_ms


class Streaming:
    """An API's stream as a source, whose thread receives the responses in turn."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        # The last response: a permanent rejection, so that the thread ends.
        self.api = Api(*answers, problem(410, "Gone", "for good"))
        self.stop = threading.Event()
        self.said: list[str] = []
        self.stream = ApiStream(self.api.client(), URL, self.stop, self.said.append)

    def items(self) -> Iterator[RecordItem]:
        return self.stream.items(0.5, 20)


def numbered(*numbers: int) -> bytes:
    """Return an event of transactions with these ids."""
    data = b",".join(RECORD.replace(b'"T1"', b'"T%d"' % number) for number in numbers)
    return b'id: a.%d\ndata: {"count":%d,"transactions":[%s]}\n\n' % (numbers[-1], len(numbers), data)


def ids(items: list[RecordItem]) -> list[str]:
    return [Transaction.from_json(item.record.data).transaction_id for item in items]


def test_the_stream_is_requested_at_the_producers_pace_and_its_items_have_no_label() -> None:
    streaming = Streaming(sse(event("a.1", 2)))
    items = list(islice(streaming.items(), 2))
    assert dict(streaming.api.requests[0].url.params) == {"frequency_seconds": "0.5", "batch_size": "20"}
    assert items == [RecordItem("good", (RECORD, "A1"), TRANSACTION_TIME_MS, None)] * 2  # type: ignore[arg-type]


def test_after_a_break_inside_an_event_nothing_is_lost_or_duplicated() -> None:
    cut = numbered(3, 4)[:-40]
    streaming = Streaming(
        sse(numbered(1, 2), cut), httpx.ReadError("reset"), problem(503), sse(numbered(3, 4), numbered(5))
    )
    assert ids(list(islice(streaming.items(), 5))) == ["T1", "T2", "T3", "T4", "T5"]
    assert streaming.api.resumed_after()[:4] == [None, "a.2", "a.2", "a.2"]
    assert streaming.stream.lost_places == 0
    assert streaming.said == []


def test_a_dropped_client_resumes_where_it_was() -> None:
    streaming = Streaming(sse(numbered(1), named("dropped", "too_far_behind")), sse(numbered(2)))
    assert ids(list(islice(streaming.items(), 2))) == ["T1", "T2"]
    assert streaming.api.resumed_after()[:2] == [None, "a.1"]
    assert streaming.said == ["dropped by the API: too_far_behind; reconnecting"]


def test_evicted_events_are_reported() -> None:
    streaming = Streaming(sse(numbered(1)), sse(named("gap", "no longer kept"), numbered(7)))
    assert ids(list(islice(streaming.items(), 2))) == ["T1", "T7"]
    assert streaming.stream.lost_places == 1
    assert streaming.said == ["events before a.7 are missing: the API no longer keeps them"]


def test_a_permanent_rejection_comes_after_the_items_before_it() -> None:
    items = Streaming(sse(numbered(1)), problem(401, "Unauthorized", "no such key")).items()
    assert ids([next(items)]) == ["T1"]
    with pytest.raises(
        StreamError, match=r"refused the request: 401 Unauthorized: no such key; set TRANSACTION_API_KEY"
    ):
        next(items)


def test_an_unparsable_response_is_reported() -> None:
    with pytest.raises(StreamError, match="sent an invalid response: JSONDecodeError"):
        next(Streaming(sse(b"id: 1\ndata: oops\n\n")).items())


def test_a_stop_ends_the_items_even_if_none_arrives() -> None:
    streaming = Streaming(sse(numbered(1)))
    items = streaming.items()
    assert ids([next(items)]) == ["T1"]
    streaming.stop.set()
    assert list(items) == []


def test_reading_pauses_while_the_items_are_not_taken() -> None:
    read: list[int] = []

    def events() -> Iterator[bytes]:
        for number in range(1, 3 * MAX_QUEUED_EVENTS):
            read.append(number)
            yield numbered(number)

    answer = httpx.Response(200, headers={"Content-Type": "text/event-stream"}, content=events())
    items = Streaming(answer).items()
    next(items)
    deadline_s = time.monotonic() + 10
    while len(read) <= MAX_QUEUED_EVENTS:
        assert time.monotonic() < deadline_s
        time.sleep(0.01)
    # Long enough for an unbounded reader to read the rest.
    time.sleep(0.1)
    # One was taken and one is in the reader's buffer.
    assert len(read) == MAX_QUEUED_EVENTS + 2
    assert len(ids(list(islice(items, 3 * MAX_QUEUED_EVENTS - 2)))) == 3 * MAX_QUEUED_EVENTS - 2


def test_batches_are_requested_no_sooner_than_needed() -> None:
    api = Api(
        httpx.Response(200, content=many(MAX_PER_REQUEST)), httpx.Response(200, content=many(MAX_PER_REQUEST))
    )
    records = api_records(api.client(), URL, api.slept_s.append)
    assert len(list(islice(records, MAX_PER_REQUEST))) == MAX_PER_REQUEST
    assert [str(request.url) for request in api.requests] == [f"{URL}/transactions/{MAX_PER_REQUEST}"]
    assert next(records) == (RECORD, "A1")
    assert len(api.requests) == 2


def test_a_temporary_failure_is_retried_after_a_wait() -> None:
    api = Api(problem(429), httpx.ConnectError("refused"), problem(503), httpx.Response(200, content=many(2)))
    backoff = Backoff(rng=Random(1))
    assert len(list(islice(api_records(api.client(), URL, api.slept_s.append, backoff), 2))) == 2
    same = Backoff(rng=Random(1))
    assert api.slept_s == [same.wait_s(retry) for retry in range(3)]


def test_an_api_that_stays_unavailable_is_given_up() -> None:
    api = Api(*[httpx.ConnectError("refused") for _ in range(MAX_ATTEMPTS)])
    with pytest.raises(StreamError, match=r"does not respond .*start it, or fix TRANSACTION_API_URL"):
        next(api_records(api.client(), URL, api.slept_s.append))
    assert len(api.slept_s) == MAX_ATTEMPTS - 1


def test_a_permanent_rejection_is_not_retried() -> None:
    api = Api(problem(401), httpx.Response(200, content=many(1)))
    with pytest.raises(StreamError, match="refused the request: 401"):
        next(api_records(api.client(), URL, api.slept_s.append))
    assert api.slept_s == []


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (httpx.ConnectError("refused"), r"at http://api\.test does not respond \(ConnectError"),
        (problem(401), "set TRANSACTION_API_KEY to a valid key, or TRANSACTION_API_TOKEN"),
        (httpx.Response(404, text="<html>"), "is not the address of a transaction API"),
        (problem(429), "see docs/transaction-api.md"),
    ],
)
def test_an_unusable_api_is_detected_before_anything_is_sent(
    answer: httpx.Response | Exception, says: str
) -> None:
    with pytest.raises(StreamError, match=says):
        check_api(Api(answer).client(), URL)


def test_a_usable_api_is_asked_for_its_status() -> None:
    api = Api(httpx.Response(200, json={"mode": "streaming"}))
    check_api(api.client(), URL)
    assert [request.url.path for request in api.requests] == ["/status"]


def test_the_client_has_the_key_and_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(httpx.Response(200, json={"mode": "streaming"}))
    monkeypatch.setattr(
        httpx.HTTPTransport, "handle_request", lambda _transport, request: api.handle(request)
    )
    ApiAccess(URL, "k", "t").client(lambda _seconds: None).status()
    assert api.requests[0].headers["X-API-Key"] == "k"
    assert api.requests[0].headers["Authorization"] == "Bearer t"

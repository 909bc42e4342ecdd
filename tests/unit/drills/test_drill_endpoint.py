import contextlib
import json
import threading
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest

from drills.endpoint import THROTTLED, FaultyEndpoint, with_refused, without_refused

PUT = "Kinesis_20131202.PutRecords"
GET = "Kinesis_20131202.GetRecords"


class Emulator(BaseHTTPRequestHandler):
    """Answers PutRecords with the data as its sequence number, and other calls with the request body."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        records = [{"SequenceNumber": record["Data"]} for record in request.get("Records", [])]
        answer = {"FailedRecordCount": 0, "Records": records} if "Records" in request else request
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("x-amzn-RequestId", "7")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Log nothing."""


@pytest.fixture(name="endpoint")
def fixture_endpoint() -> Iterator[FaultyEndpoint]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Emulator)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint = FaultyEndpoint(f"http://127.0.0.1:{server.server_port}", seed=1)
    yield endpoint
    endpoint.close()
    server.shutdown()
    server.server_close()


def connect(endpoint: FaultyEndpoint) -> HTTPConnection:
    return HTTPConnection(urlsplit(endpoint.url).hostname or "", urlsplit(endpoint.url).port, timeout=10)


def call(endpoint: FaultyEndpoint | HTTPConnection, target: str, content: object) -> tuple[int, Any]:
    connection = endpoint if isinstance(endpoint, HTTPConnection) else connect(endpoint)
    connection.request("POST", "/", json.dumps(content), {"X-Amz-Target": target})
    answer = connection.getresponse()
    found = answer.status, json.loads(answer.read())
    if isinstance(endpoint, FaultyEndpoint):
        connection.close()
    return found


def records(count: int) -> dict[str, Any]:
    return {"Records": [{"Data": str(number)} for number in range(count)]}


def test_without_a_fault_every_request_passes(endpoint: FaultyEndpoint) -> None:
    assert call(endpoint, GET, {"a": 1}) == (200, {"a": 1})
    status, answer = call(endpoint, PUT, records(3))
    assert status == 200
    assert [each["SequenceNumber"] for each in answer["Records"]] == ["0", "1", "2"]
    assert endpoint.throttled == 0


def test_a_share_of_the_records_is_throttled_and_the_others_are_accepted(endpoint: FaultyEndpoint) -> None:
    with endpoint.throttling(0.3):
        _, answer = call(endpoint, PUT, records(1_000))
    refused = [each for each in answer["Records"] if each.get("ErrorCode") == THROTTLED]
    assert 200 < len(refused) < 400
    assert answer["FailedRecordCount"] == len(refused) == endpoint.throttled
    accepted = [(n, each) for n, each in enumerate(answer["Records"]) if "ErrorCode" not in each]
    assert all(each["SequenceNumber"] == str(number) for number, each in accepted)
    assert call(endpoint, PUT, records(50))[1]["FailedRecordCount"] == 0


def test_a_request_whose_records_are_all_throttled_does_not_reach_the_emulator(
    endpoint: FaultyEndpoint,
) -> None:
    with endpoint.throttling(1.0):
        status, answer = call(endpoint, PUT, records(2))
    assert (status, answer["FailedRecordCount"]) == (200, 2)


def test_a_share_of_the_reads_is_throttled_as_aws_does(endpoint: FaultyEndpoint) -> None:
    connection = connect(endpoint)
    with endpoint.throttling(0.3):
        answers = [call(connection, GET, {}) for _ in range(100)]
    connection.close()
    refused = [answer for status, answer in answers if status == 400]
    assert 12 < len(refused) < 50
    assert {answer["__type"] for answer in refused} == {THROTTLED}


def test_other_calls_are_never_throttled(endpoint: FaultyEndpoint) -> None:
    with endpoint.throttling(1.0):
        assert call(endpoint, "Kinesis_20131202.ListShards", {"a": 1}) == (200, {"a": 1})


def test_a_stopped_endpoint_refuses_and_breaks_connections_and_restarts_on_its_port(
    endpoint: FaultyEndpoint,
) -> None:
    kept = connect(endpoint)
    assert call(kept, GET, {})[0] == 200
    url = endpoint.url
    with endpoint.gone():
        with pytest.raises(ConnectionRefusedError):
            call(endpoint, GET, {})
        with pytest.raises((ConnectionError, OSError)):
            call(kept, GET, {})
        kept.close()
    assert endpoint.url == url
    assert call(endpoint, GET, {"a": 1}) == (200, {"a": 1})


def test_connections_break_while_the_endpoint_stays(endpoint: FaultyEndpoint) -> None:
    kept = connect(endpoint)
    assert call(kept, GET, {})[0] == 200
    endpoint.hang_up()
    with pytest.raises((ConnectionError, HTTPException)):
        call(kept, GET, {})
    kept.close()
    assert call(endpoint, GET, {"a": 1}) == (200, {"a": 1})


def test_throttled_records_are_reported_at_their_positions_in_the_response() -> None:
    refused = [True, False, True]
    request = {"StreamName": "s", "Records": [{"Data": "a"}, {"Data": "b"}, {"Data": "c"}]}
    assert without_refused(request, refused) == {"StreamName": "s", "Records": [{"Data": "b"}]}
    answer = with_refused({"Records": [{"SequenceNumber": "1"}]}, refused)
    assert [each.get("ErrorCode") for each in answer["Records"]] == [THROTTLED, None, THROTTLED]
    assert answer["FailedRecordCount"] == 2


def test_rejections_of_the_emulator_itself_count_too() -> None:
    answer = with_refused({"Records": [{"ErrorCode": "InternalFailure"}]}, [False])
    assert answer["FailedRecordCount"] == 1


def to_stream(name: str, count: int) -> dict[str, Any]:
    return {"StreamName": name, **records(count)}


def test_one_stream_is_throttled_and_the_others_are_not(endpoint: FaultyEndpoint) -> None:
    with endpoint.throttling(1.0, "slow"):
        assert call(endpoint, PUT, to_stream("slow", 3))[1]["FailedRecordCount"] == 3
        assert call(endpoint, PUT, to_stream("fast", 3))[1]["FailedRecordCount"] == 0
        assert call(endpoint, GET, {"a": 1}) == (200, {"a": 1})


def test_the_same_records_are_refused_each_time(endpoint: FaultyEndpoint) -> None:
    with endpoint.refusing_some(0.2, "s"):
        answers = [call(endpoint, PUT, to_stream("s", 500))[1]["Records"] for _ in range(2)]
    refused = [[n for n, each in enumerate(found) if "ErrorCode" in each] for found in answers]
    assert refused[0] == refused[1]
    assert 60 < len(refused[0]) < 140
    assert call(endpoint, PUT, to_stream("s", 500))[1]["FailedRecordCount"] == 0


def test_calls_to_one_stream_or_to_all_are_refused_with_an_error(endpoint: FaultyEndpoint) -> None:
    with endpoint.refusing("AccessDeniedException", "s"):
        status, answer = call(endpoint, PUT, to_stream("s", 1))
        assert (status, answer["__type"]) == (400, "AccessDeniedException")
        assert call(endpoint, PUT, to_stream("other", 1))[0] == 200
        assert call(endpoint, GET, {"ShardIterator": "i"})[0] == 200
    with endpoint.refusing("ExpiredTokenException"):
        assert call(endpoint, GET, {"ShardIterator": "i"})[1]["__type"] == "ExpiredTokenException"
    assert endpoint.hindered == 2
    assert call(endpoint, PUT, to_stream("s", 1))[0] == 200


def test_a_silent_endpoint_answers_no_call_and_then_hangs_up(endpoint: FaultyEndpoint) -> None:
    failed = threading.Event()

    def wait_for_an_answer() -> None:
        with pytest.raises((ConnectionError, OSError, HTTPException)):
            call(endpoint, GET, {})
        failed.set()

    with endpoint.silent():
        caller = threading.Thread(target=wait_for_an_answer)
        caller.start()
        assert not failed.wait(0.3)
    assert failed.wait(10)
    caller.join()
    assert call(endpoint, GET, {"a": 1}) == (200, {"a": 1})


def test_a_call_whose_answer_is_lost_was_executed(endpoint: FaultyEndpoint) -> None:
    with endpoint.losing_answers(1.0):
        with pytest.raises((ConnectionError, OSError, HTTPException)):
            call(endpoint, PUT, records(1))
        assert call(endpoint, GET, {"a": 1}) == (200, {"a": 1})
    assert endpoint.hindered == 1
    assert call(endpoint, PUT, records(1))[0] == 200


def test_answers_are_lost_in_turn_beginning_with_the_first(endpoint: FaultyEndpoint) -> None:
    lost = []
    with endpoint.losing_answers(0.5):
        for _ in range(4):
            before = endpoint.hindered
            with contextlib.suppress(ConnectionError, OSError, HTTPException):
                call(endpoint, PUT, records(1))
            lost.append(endpoint.hindered > before)
    assert lost == [True, False, True, False]

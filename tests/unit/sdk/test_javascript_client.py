"""The JavaScript client in Node, against a server with canned answers."""

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator, Sequence
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, NamedTuple

import pytest

from fraudstream.runtime.project_root import ROOT
from localrun.job_process import free_port
from tests.unit.sdk.canned_service import CHECKED

CLIENT: Final = ROOT / "serving" / "javascript" / "decisions.mjs"
NAMED: Final = {"transaction_id": "T1", "account_id": "A1", "event_time": "2026-01-02T03:04:05Z"}
PRELUDE: Final = f"""
import {{ FraudDetector }} from "{CLIENT.as_uri()}";
const [url, named] = [process.env.DECISION_API_URL, {json.dumps(NAMED)}];
const detector = new FraudDetector(url, {{ apiKey: "dec_key", timeoutMs: 4000 }});
const caught = async (promise) => {{
  try {{
    await promise;
  }} catch (error) {{
    const {{ name, message, status, errors, mayBeDone, earlierResults }} = error;
    return {{ name, message, status, errors, mayBeDone, earlierResults }};
  }}
}};
const show = (value) => console.log(JSON.stringify(value));
"""
pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node to run the client in")


class Asked(NamedTuple):
    """A request as it arrived."""

    path: str
    headers: Message
    body: Any


class CannedServer(ThreadingHTTPServer):
    """Answers each request with the next of ``answers``: a status, a body, and headers; None closes it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), CannedHandler)
        self.answers: list[tuple[int, object, dict[str, str]] | None] = []
        self.asked: list[Asked] = []


class CannedHandler(BaseHTTPRequestHandler):
    """Serves a `CannedServer`."""

    server: CannedServer

    def do_POST(self) -> None:
        """Answer as the server says."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append(Asked(self.path, self.headers, json.loads(body)))
        answer = self.server.answers.pop(0)
        if answer is None:
            return
        status, content, headers = answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content if isinstance(content, bytes) else json.dumps(content).encode())

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture(name="server")
def fixture_server() -> Iterator[CannedServer]:
    with CannedServer() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield server
        server.shutdown()


def answer(body: object, status: int = 200, **headers: str) -> tuple[int, object, dict[str, str]]:
    return status, body, headers


def run(server: CannedServer, code: str, answers: Sequence[tuple[int, object, dict[str, str]] | None]) -> Any:  # noqa: ANN401 - any JSON
    """Run a script that shows a value; returns the value."""
    server.answers = list(answers)
    done = subprocess.run(
        ["node", "--input-type=module", "-e", PRELUDE + code],  # noqa: S607 - whichever the machine has
        env={"DECISION_API_URL": f"http://127.0.0.1:{server.server_port}/"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_predict_returns_the_answer_of_check_fraud(server: CannedServer) -> None:
    code = "show(await detector.predict({ user_id: 'USER001', amount: 1500 }))"
    assert run(server, code, [answer(CHECKED)]) == CHECKED
    (asked,) = server.asked
    assert (asked.path, asked.headers["X-API-Key"]) == ("/api/check-fraud", "dec_key")
    assert asked.body == {"user_id": "USER001", "amount": 1500}


def test_decide_takes_one_transaction_or_many(server: CannedServer) -> None:
    many = [{"transaction_id": f"T{number}"} for number in range(501)]
    code = """
    const many = Array.from({ length: 501 }, (_, number) => ({ transaction_id: `T${number}` }));
    show([await detector.decide(named), await detector.decide(many, { features: true, record: true })])"""
    parts = [answer({"decisions": each}) for each in ([{"score": 0.5}], many[:500], many[500:])]
    assert run(server, code, parts) == [{"score": 0.5}, many]
    paths = [asked.path for asked in server.asked]
    assert paths == ["/v1/decisions", *["/v1/decisions?features=true&record=true"] * 2]
    assert [len(asked.body) for asked in server.asked] == [1, 500, 1]


def test_large_transactions_are_divided_by_their_size(server: CannedServer) -> None:
    code = "show(await detector.decide(Array.from({ length: 3 }, () => ({ note: 'x'.repeat(400000) }))))"
    parts = [answer({"decisions": [1, 2]}), answer({"decisions": [3]})]
    assert run(server, code, parts) == [1, 2, 3]


def test_a_send_has_one_idempotency_key_for_all_of_its_attempts(server: CannedServer) -> None:
    accepted = answer({"results": [{"status": "accepted"}]}, 202)
    found = run(server, "show(await detector.send(named))", [answer({}, 503), None, accepted])
    assert found == [{"status": "accepted"}]
    keys = [asked.headers["Idempotency-Key"] for asked in server.asked]
    assert len(keys) == 3
    assert len(set(keys)) == 1
    assert len(keys[0]) == 32


def test_a_refusal_has_the_field_and_is_not_repeated(server: CannedServer) -> None:
    errors = [{"field": "amount", "value": "'x'", "remedy": "give a number"}]
    problem = {"title": "Unprocessable", "detail": "amount='x': give a number", "errors": errors}
    refused = run(server, "show(await caught(detector.predict({})))", [answer(problem, 422)])
    assert refused["name"] == "RequestRefusedError"
    assert refused["message"] == "422 Unprocessable: amount='x': give a number"
    assert (refused["status"], refused["errors"]) == (422, errors)
    assert len(server.asked) == 1


def test_a_recorded_decision_without_an_id_is_not_repeated_after_a_lost_answer(server: CannedServer) -> None:
    lost = run(server, "show(await caught(detector.decide({ amount: 1 }, { record: true })))", [None])
    assert (lost["name"], lost["mayBeDone"], len(server.asked)) == ("NoAnswerError", True, 1)
    repeated = "show(await detector.decide(named, { record: true }))"
    assert run(server, repeated, [None, answer({"decisions": [{"score": 1}]})]) == {"score": 1}


def test_no_connection_is_an_error_after_all_attempts(server: CannedServer) -> None:
    closed = f"http://127.0.0.1:{free_port()}"
    code = f"show(await caught(new FraudDetector('{closed}', {{ retries: 1 }}).predict({{}})))"
    lost = run(server, code, [])
    assert "ECONNREFUSED" in lost["message"]
    assert lost["mayBeDone"] is False


def test_a_wait_beyond_the_deadline_ends_the_call_at_once(server: CannedServer) -> None:
    busy = answer({"detail": "busy"}, 429, **{"Retry-After": "60"})
    refused = run(server, "show(await caught(detector.predict({})))", [busy])
    assert (refused["status"], len(server.asked)) == (429, 1)


@pytest.mark.parametrize("body", [b"<html>", {"decisions": []}, [1]])
def test_another_services_answer_is_an_error(server: CannedServer, body: object) -> None:
    wrong = run(server, "show(await caught(detector.decide(named)))", [answer(body)])
    assert wrong["name"] == "UnexpectedAnswerError"
    assert "check the URL" in wrong["message"]


def test_a_later_request_that_fails_leaves_the_results_of_the_earlier_ones(server: CannedServer) -> None:
    code = "show(await caught(detector.send(Array.from({ length: 501 }, () => named))))"
    refused = run(server, code, [answer({"results": [{}] * 500}, 202), answer({}, 403)])
    assert (refused["status"], len(refused["earlierResults"])) == (403, 500)


def test_a_redirect_is_not_followed(server: CannedServer) -> None:
    code = "show(await caught(new FraudDetector(url, { retries: 0 }).predict({})))"
    lost = run(server, code, [answer({}, 307, Location="/other")])
    assert lost["name"] == "NoAnswerError"
    assert len(server.asked) == 1


def test_a_signal_ends_a_call_that_waits_to_be_repeated(server: CannedServer) -> None:
    code = """
    const signal = AbortSignal.timeout(200);
    show(await caught(detector.predict({}, { signal })))"""
    busy = answer({}, 429, **{"Retry-After": "3"})
    assert run(server, code, [busy])["name"] == "TimeoutError"

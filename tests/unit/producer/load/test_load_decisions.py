import json
import threading
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from typer.testing import CliRunner, Result

from fraudstream.domain.transaction import parse_time_ms
from fraudstream.runtime.clock import wall_clock_ms
from producer.load.__main__ import app
from producer.load.decision_counts import DecisionCounts
from producer.load.maximum_rate import highest_rate
from producer.load.request_bodies import TransactionPool
from producer.simulation import TrafficOptions
from tests.unit.producer.load.http_fakes import DECISION, decide, served


@pytest.fixture(autouse=True)
def _no_signals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("producer.load.decisions_command.stop_on_signals", threading.Event)


def load(url: str, *arguments: str) -> Result:
    options = ("--url", url, "--key", "dec_x", "--accounts", "50", *arguments)
    return CliRunner().invoke(app, ["decisions", *options])


def test_a_run_reports_latency_rate_and_the_answers(tmp_path: Path) -> None:
    path = tmp_path / "out" / "load.json"
    with served(decide) as service:
        done = load(service.url, "--rps", "200", "--duration", "0.5", "--json", str(path))
    assert done.exit_code == 0, done.output
    result = json.loads(path.read_text())
    assert (result["sent"], result["succeeded"], result["lost"]) == (100, 100, 0)
    assert result["profiles"] == {"fresh": 100}
    assert result["risk_levels"] == {"LOW": 100}
    assert result["fresh_share"] == 1.0
    assert 780 <= result["profile_lag_ms"]["p50"] <= 820
    assert 0 < result["latency_ms"]["p50"] <= result["latency_ms"]["p90"] <= result["latency_ms"]["p99"]
    assert 100 < result["requests_per_s"] <= 210


def test_requests_are_transactions_of_the_bank_with_own_ids_that_happen_now() -> None:
    before_ms = wall_clock_ms()
    with served(decide) as service:
        assert load(service.url, "--rps", "100", "--duration", "0.2", "--seed", "9").exit_code == 0
    assert len({body["transaction_id"] for body in service.bodies}) == 20
    for body in service.bodies:
        assert body["account_id"].startswith("ACC_9_")
        assert before_ms <= parse_time_ms(body["event_time"]) <= wall_clock_ms()
    assert {headers["X-API-Key"] for headers in service.headers} == {"dec_x"}


def test_a_refused_request_makes_the_exit_code_1_and_names_the_problem() -> None:
    async def refuse(_body: dict[str, Any]) -> web.Response:
        return web.json_response({"title": "Overloaded"}, status=503)

    with served(refuse) as service:
        done = load(service.url, "--rps", "20", "--duration", "0.2")
    assert done.exit_code == 1
    assert '"Overloaded": 4' in done.output


def test_the_search_ends_at_a_rate_that_keeps_the_limit() -> None:
    with served(decide) as service:
        options = ("--maximum", "--rps", "3", "--duration", "0.1", "--p99-ms", "0.1")
        done = load(service.url, *options)
    assert done.exit_code == 1
    assert '"maximum_per_s": null' in done.output


def test_an_unusable_address_is_refused_with_the_remedy() -> None:
    done = load("127.0.0.1:8000")
    assert done.exit_code == 2
    assert "DECISION_API_URL" in done.output


def test_without_options_the_address_and_key_are_those_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with served(decide) as service:
        monkeypatch.setenv("DECISION_API_URL", service.url)
        monkeypatch.setenv("DECISION_API_KEY", "dec_env")
        options = ["decisions", "--rps", "10", "--duration", "0.1", "--accounts", "20"]
        assert CliRunner().invoke(app, options).exit_code == 0
    assert service.headers[0]["X-API-Key"] == "dec_env"


def test_the_pool_begins_anew_under_other_ids() -> None:
    pool = iter(TransactionPool(TrafficOptions(start_ms=0, accounts=20), 3, lambda: 1_800_000_000_000))
    drawn = [json.loads(next(pool)) for _ in range(7)]
    assert len({each["transaction_id"] for each in drawn}) == 7
    assert drawn[0]["account_id"] == drawn[3]["account_id"] == drawn[6]["account_id"]


@pytest.mark.parametrize("limit", [1.2, 37.0, 499.0, 500.0, 512.0, 3_000.0])
def test_the_highest_rate_is_found_within_five_percent(limit: float) -> None:
    found = highest_rate(lambda rate: rate <= limit, 500.0)
    assert found is not None
    assert found <= limit < found * 1.06


def test_no_rate_is_found_where_none_passes() -> None:
    assert highest_rate(lambda _rate: False, 500.0) is None


def test_answers_that_are_not_decisions_count_as_unreadable() -> None:
    answers = DecisionCounts()
    for body in (b"", b"[1]", b"null", b"{}", json.dumps(DECISION).encode()):
        answers.on_answer(0, 200, body)
    summary = answers.summary()
    assert summary["profiles"] == {"fresh": 1, "unreadable": 4}
    assert summary["risk_levels"] == {"LOW": 1, "unreadable": 4}
    assert summary["fresh_share"] == 0.2

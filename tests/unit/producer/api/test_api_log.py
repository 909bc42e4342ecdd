"""The log has the events of the stream and the configuration, with the id of the request behind them."""

import asyncio
import json
import logging
from typing import Any

import pytest

from fraudstream.domain.transaction import Transaction
from fraudstream.runtime.project_root import ROOT
from fraudstream.runtime.structured_logs import json_formatter
from producer.api.api_metrics import Metrics
from producer.api.application import create_app
from producer.api.hub import Hub
from tests.unit.producer.api.api_helpers import FakeTime, ask, settings, until
from tests.unit.producer.api.flow_samples import PACE, FailingSource

REQUEST = {"X-Request-ID": "request-1"}


def lines(caplog: pytest.LogCaptureFixture, message: str) -> list[dict[str, Any]]:
    """Return the log's lines with this message, as they are written."""
    written = [json.loads(json_formatter().format(record)) for record in caplog.records]
    return [line for line in written if line["message"] == message]


def post(path: str, caplog: pytest.LogCaptureFixture, **options: Any) -> None:  # noqa: ANN401 - httpx's
    caplog.set_level(logging.INFO)
    app = create_app(settings())
    assert asyncio.run(ask("POST", path, app, headers=REQUEST, **options)).status_code == 200


@pytest.mark.parametrize(
    ("path", "message", "changed"),
    [
        ("/start", "transaction streaming started", False),
        ("/stop", "transaction streaming stopped", True),
    ],
)
def test_a_start_or_stop_of_the_stream_is_logged(
    path: str, message: str, *, changed: bool, caplog: pytest.LogCaptureFixture
) -> None:
    post(path, caplog)
    (line,) = lines(caplog, message)
    assert (line["level"], line["request_id"], line["changed"]) == ("INFO", "request-1", changed)


def test_a_change_of_the_configuration_is_logged_with_all_values_in_force(
    caplog: pytest.LogCaptureFixture,
) -> None:
    post("/config", caplog, json={"batch_size": 5})
    (line,) = lines(caplog, "configuration updated")
    values = {name: line[name] for name in ("frequency_seconds", "fraud_injection_rate", "batch_size")}
    assert values == {"frequency_seconds": 1.0, "fraud_injection_rate": 0.05, "batch_size": 5}
    assert (line["level"], line["request_id"]) == ("INFO", "request-1")


def test_a_refused_change_of_the_configuration_is_not_logged_as_one(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    asyncio.run(ask("POST", "/config", json={"batch_size": 0}))
    assert lines(caplog, "configuration updated") == []


def test_an_error_of_the_stream_is_logged_with_its_cause(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        time = FakeTime()
        hub = Hub(
            settings(), FailingSource(), lambda: PACE, Metrics(), time.clock(), enriched=Transaction.to_json
        )
        hub.join(None, None)
        await until(lambda: hub.paces == 0)

    asyncio.run(scenario())
    (line,) = lines(caplog, "stream error")
    assert (line["level"], line["clients"]) == ("ERROR", 1)
    assert "RuntimeError: no 2 transactions today" in line["exception"]


def test_the_documented_messages_are_those_of_the_code() -> None:
    page = (ROOT / "docs" / "transaction-api.md").read_text()
    code = (ROOT / "producer" / "api" / "api_log.py").read_text()
    for message in ("configuration updated", "stream error", "a stream client was dropped", "starting"):
        assert f"`{message}`" in page
        assert f'"{message}"' in code
    for word in ("started", "stopped"):
        assert f"`transaction streaming {word}`" in page

import asyncio
import json
import logging
import sys
from typing import Any

import pytest

from producer.api.application import create_app
from producer.api.logs import LOGGER, REQUEST_ID, JsonFormatter, log_config, request_id
from tests.unit.producer.api.api_helpers import KEY, ask, settings


def line(**extra: object) -> dict[str, Any]:
    record = LOGGER.makeRecord(
        LOGGER.name, logging.INFO, __file__, 1, "words %s", ("here",), None, extra=extra
    )
    text = JsonFormatter().format(record)
    assert "\n" not in text
    found: dict[str, Any] = json.loads(text)
    return found


def test_a_line_is_one_object_with_time_level_message_and_what_was_given() -> None:
    found = line(status=200, path="/a\nb")
    assert found["time"].endswith("+00:00")
    assert {**found, "time": ""} == {
        "time": "",
        "level": "INFO",
        "logger": "transaction_api",
        "message": "words here",
        "status": 200,
        "path": "/a\nb",
    }


def test_a_line_within_a_request_has_its_id() -> None:
    token = REQUEST_ID.set("r1")
    try:
        assert line()["request_id"] == "r1"
    finally:
        REQUEST_ID.reset(token)
    assert "request_id" not in line()


def test_an_exception_is_in_its_line() -> None:
    try:
        raise ValueError("why")  # noqa: TRY301, EM101 - made to be logged
    except ValueError:
        record = LOGGER.makeRecord(LOGGER.name, logging.ERROR, __file__, 1, "failed", (), sys.exc_info())
    assert "ValueError: why" in json.loads(JsonFormatter().format(record))["exception"]


@pytest.mark.parametrize("offered", ["abc", "A-1_b.2", "x" * 64])
def test_a_sane_id_is_taken(offered: str) -> None:
    assert request_id(offered) == offered


@pytest.mark.parametrize("offered", [None, "", "x" * 65, "a b", 'a"b', "a\n", "é", "{}"])
def test_another_id_is_replaced(offered: str | None) -> None:
    made = request_id(offered)
    assert made != offered
    assert len(made) == 32
    assert made != request_id(offered)


def test_the_answer_has_the_id_and_the_log_line_too(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, LOGGER.name)
    headers = {"X-Request-ID": "my-id", "X-API-Key": KEY, "Authorization": f"Bearer {KEY}"}
    answer = asyncio.run(ask("GET", "/transactions/3", create_app(settings()), headers=headers))
    assert answer.headers["X-Request-ID"] == "my-id"
    (record,) = (record for record in caplog.records if record.message == "request")
    found = vars(record)
    assert (found["method"], found["path"], found["status"]) == ("GET", "/transactions/3", 200)
    assert found["who"].startswith("address:")
    assert KEY not in str(found)


def test_a_refusal_has_an_id_too() -> None:
    answer = asyncio.run(ask("GET", "/nothing"))
    assert len(answer.headers["X-Request-ID"]) == 32


def test_uvicorns_own_line_for_each_request_is_off() -> None:
    loggers = log_config("INFO")["loggers"]
    assert loggers["uvicorn.access"]["handlers"] == []
    assert loggers["uvicorn"]["handlers"] == ["stderr"]

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from fraudstream.runtime.structured_logs import (
    configure_logging,
    get_logger,
    json_formatter,
    request_id_bound,
)

NAME = "logs_of_the_tests"
LOGGER = get_logger(NAME)
SECRET = "a-secret-that-nobody-may-ever-see-in-a-log"


class Lines:
    """Log lines, parsed one by one."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    def all(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]

    def only(self) -> dict[str, Any]:
        (line,) = self.all()
        return line


@pytest.fixture
def lines() -> Iterator[Lines]:
    """Configure as `configure_logging` does, but write to a buffer for the test."""
    found = Lines()
    handler = logging.StreamHandler(found.stream)
    handler.setFormatter(json_formatter())
    logger = logging.getLogger(NAME)
    logger.addHandler(handler)
    logger.setLevel("INFO")
    yield found
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)


def test_a_line_is_one_object_with_time_level_message_and_the_given_fields(lines: Lines) -> None:
    LOGGER.info("words %s", "here", status=200, path="/a\nb")
    found = lines.only()
    assert found["time"].endswith("+00:00")
    assert list(found) == ["time", "level", "logger", "message", "status", "path"]
    assert {**found, "time": ""} == {
        "time": "",
        "level": "INFO",
        "logger": NAME,
        "message": "words here",
        "status": 200,
        "path": "/a\nb",
    }


def test_a_line_of_the_standard_library_has_the_same_form(lines: Lines) -> None:
    extra = {"port": 8000, "color_message": "coloured"}
    with request_id_bound("r1"):
        logging.getLogger(NAME).warning("listening on %s", "here", extra=extra)
    found = lines.only()
    assert list(found) == ["time", "level", "logger", "message", "request_id", "port"]
    assert (found["level"], found["message"], found["port"]) == ("WARNING", "listening on here", 8000)


def test_a_line_within_a_request_has_its_id_and_one_outside_has_none(lines: Lines) -> None:
    with request_id_bound("r1"):
        LOGGER.info("inside", status=1)
    LOGGER.info("outside")
    inside, outside = lines.all()
    assert list(inside)[:5] == ["time", "level", "logger", "message", "request_id"]
    assert inside["request_id"] == "r1"
    assert "request_id" not in outside


@pytest.mark.parametrize("logger", [LOGGER, logging.getLogger(NAME)])
def test_an_exception_is_in_its_line(logger: Any, lines: Lines) -> None:  # noqa: ANN401 - of either kind
    try:
        raise ValueError("why")  # noqa: TRY301, EM101 - made to be logged
    except ValueError:
        logger.exception("failed")
    found = lines.only()
    assert (found["level"], found["message"]) == ("ERROR", "failed")
    assert "ValueError: why" in found["exception"]


def test_lines_below_the_level_are_not_written(lines: Lines) -> None:
    LOGGER.debug("details")
    assert lines.all() == []


def test_a_field_cannot_overwrite_a_standard_field(lines: Lines) -> None:
    LOGGER.info("words", level="NONE", time="never", logger="other", message="m")
    found = lines.only()
    assert (found["level"], found["logger"], found["message"]) == ("INFO", NAME, "words")
    assert found["extra_time"] == "never"
    assert found["extra_message"] == "m"


@pytest.mark.parametrize(
    "fields",
    [
        {"jwt_secret": SECRET},
        {"password": SECRET},
        {"Authorization": f"Bearer {SECRET}"},
        {"api_key": SECRET},
        {"headers": {"X-API-Key": SECRET, "Cookie": SECRET}},
        {"calls": [{"session_token": SECRET}]},
        {"tokens": {"token": [SECRET]}},
        {"webhook_secret": SECRET.encode()},
        {"anything": SecretStr(SECRET)},
    ],
)
def test_a_secret_is_masked(fields: dict[str, Any], lines: Lines) -> None:
    LOGGER.info("words", **fields)
    logging.getLogger(NAME).info("words", extra=fields)
    assert SECRET not in lines.stream.getvalue()
    assert lines.stream.getvalue().count("**********") >= 2


def test_a_name_that_only_resembles_a_secret_is_written(lines: Lines) -> None:
    LOGGER.info("words", keys_file="/run/keys", who="key:loader", token_count=7, jwt_secret="None")
    found = lines.only()
    assert (found["keys_file"], found["who"], found["token_count"]) == ("/run/keys", "key:loader", 7)
    assert found["jwt_secret"] == "None"


def test_values_without_a_json_form_are_written_as_text(lines: Lines) -> None:
    LOGGER.info("words", size=1 + 2j, by_place={(1, 2): "x"})
    assert lines.only()["size"] == "(1+2j)"
    assert lines.only()["by_place"] == {"(1, 2)": "x"}


def test_a_silenced_logger_writes_nothing_and_the_others_write_to_stderr(
    capsys: pytest.CaptureFixture[str],
) -> None:
    server = f"{NAME}.server"
    configure_logging("INFO", [server], silenced=[f"{server}.access"])
    logging.getLogger(f"{server}.access").error("a request")
    logging.getLogger(server).debug("a detail")
    logging.getLogger(server).info("started")
    assert [json.loads(line)["message"] for line in capsys.readouterr().err.splitlines()] == ["started"]


def test_handlers_of_other_libraries_stay_open() -> None:
    """Libraries have their own handlers, and some close the stream that they write to."""

    class Closing(logging.StreamHandler[io.StringIO]):
        def close(self) -> None:
            self.stream.close()
            super().close()

    other = Closing(io.StringIO())
    configure_logging("INFO", [f"{NAME}.beside"])
    assert not other.stream.closed


def test_configured_logs_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    name = f"{NAME}.configured"
    configure_logging("INFO", [name])
    get_logger(name).info("words", status=200)
    written = capsys.readouterr()
    assert json.loads(written.err)["status"] == 200
    assert written.out == ""

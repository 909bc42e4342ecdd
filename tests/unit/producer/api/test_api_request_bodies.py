"""Bodies that ``POST /config`` can't read, and the messages that say so."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.unit.producer.api.api_helpers import ask, problem


def post_config(
    content: bytes | AsyncIterator[bytes], media_type: str = "application/json"
) -> httpx.Response:
    return asyncio.run(ask("POST", "/config", content=content, headers={"Content-Type": media_type}))


@pytest.mark.parametrize(
    ("body", "media_type", "status"),
    [
        (b'{"batch_size": NaN}', "application/json", 422),
        (b'{"batch_size": ', "application/json", 422),
        (b"[]", "application/json", 422),
        (b"", "application/json", 422),
        (b'{"\\ud800": 1}', "application/json", 422),
        (b'{"batch_size": "\\ud800"}', "application/json; charset=utf-8", 422),
        (b"\xff\xff{}", "application/json", 400),
        (b'{"batch_size": ' + b"9" * 5_000 + b"}", "application/json", 400),
        (b"[" * 16_000, "application/json", 400),
        (b'{"batch_size": 1}', "text/plain", 415),
        (b"batch_size=1", "application/x-www-form-urlencoded", 415),
        (b"{}" + b" " * 16_383, "application/json", 413),
    ],
)
def test_an_unparsable_body_is_rejected(body: bytes, media_type: str, status: int) -> None:
    answer = post_config(body, media_type)
    assert (answer.status_code, problem(answer)["status"]) == (status, status)


@pytest.mark.parametrize(
    ("body", "value", "remedy"),
    [
        (b'{"batch_size": }', "'{\"batch_size\": }'", "malformed at its character 16 (Expecting value)"),
        (
            b"{'batch_size': 5}",
            "\"{'batch_size': 5}\"",
            "malformed at its character 2 (Expecting",
        ),
        (b" " * 90 + b"x" * 90, repr(" " * 20 + "x" * 20), "malformed at its character 91 (Expecting value)"),
    ],
)
def test_malformed_json_is_rejected_with_the_place_of_the_error(body: bytes, value: str, remedy: str) -> None:
    answer = post_config(body)
    found = problem(answer)
    (error,) = found["errors"]
    assert (answer.status_code, error["field"], error["value"]) == (422, "body", value)
    assert remedy in error["remedy"]
    assert remedy in found["detail"]


def test_a_body_that_is_no_text_is_rejected_with_the_form_to_send() -> None:
    answer = post_config(b"\xff\xff{}")
    assert "send one JSON object in UTF-8" in problem(answer)["detail"]


def test_a_body_without_a_length_is_limited_to_the_same_size() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b" " * 4_000

    answer = post_config(pieces())
    assert problem(answer)["type"].endswith("body-too-large")
    assert answer.status_code == 413

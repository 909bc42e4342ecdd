"""API Gateway's events as requests, and responses as its answers."""

import base64
from typing import Any

import pytest

from serving.aws_lambda.proxy_events import ProxyEventError, ProxyResponse, request_of
from tests.unit.serving.aws_lambda.proxy_events_of_tests import http_event, rest_event

JSON = (b"content-type", b"application/json")


def test_the_documented_event_of_a_rest_api_is_its_request() -> None:
    request = request_of(rest_event())
    scope = request.scope
    assert (scope["type"], scope["method"], scope["path"]) == ("http", "GET", "/my/path")
    assert scope["query_string"] == b"parameter1=value1&parameter1=value2&parameter2=value"
    assert scope["headers"] == [(b"header1", b"value1"), (b"header2", b"value1"), (b"header2", b"value2")]
    assert scope["client"] == ("192.0.2.1", 0)
    assert request.body == b"Hello from Lambda!"
    assert not request.is_version_2


def test_the_documented_event_of_an_http_api_is_its_request() -> None:
    request = request_of(http_event())
    scope = request.scope
    assert (scope["method"], scope["path"]) == ("POST", "/my/path")
    assert scope["query_string"] == b"parameter1=value1&parameter1=value2&parameter2=value"
    assert scope["headers"] == [
        (b"header1", b"value1"),
        (b"header2", b"value1,value2"),
        (b"cookie", b"cookie1; cookie2"),
    ]
    assert scope["client"] == ("192.0.2.1", 0)
    assert request.body == b"Hello from Lambda"
    assert request.is_version_2


@pytest.mark.parametrize("make", [rest_event, http_event])
def test_a_body_in_base64_is_its_bytes(make: Any) -> None:  # noqa: ANN401 - either function
    body = b"\xf3\x89\x00"
    assert request_of(make(body=base64.b64encode(body).decode(), isBase64Encoded=True)).body == body


@pytest.mark.parametrize("make", [rest_event, http_event])
def test_a_request_without_a_body_has_an_empty_one(make: Any) -> None:  # noqa: ANN401 - either function
    assert request_of(make(body=None)).body == b""


def test_a_rest_event_of_a_test_in_the_console_has_single_headers_only() -> None:
    event = rest_event(
        multiValueHeaders=None, multiValueQueryStringParameters=None, headers={"X-API-Key": "k"}
    )
    scope = request_of(event).scope
    assert scope["headers"] == [(b"x-api-key", b"k")]
    assert scope["query_string"] == b"parameter1=value1&parameter2=value"
    assert request_of(event | {"headers": None, "queryStringParameters": None}).scope["headers"] == []


@pytest.mark.parametrize(
    ("stage", "raw", "path"),
    [
        ("live", "/live/v1/decisions", "/v1/decisions"),
        ("live", "/live", "/"),
        ("live", "/livelier/x", "/livelier/x"),
        ("$default", "/live/x", "/live/x"),
    ],
)
def test_the_stage_is_no_part_of_the_path(stage: str, raw: str, path: str) -> None:
    context = http_event()["requestContext"] | {"stage": stage}
    assert request_of(http_event(rawPath=raw, requestContext=context)).scope["path"] == path


def test_an_encoded_path_is_decoded() -> None:
    scope = request_of(rest_event(path="/v1/accounts/A%20%C3%A9/transactions")).scope
    assert scope["path"] == "/v1/accounts/A é/transactions"
    assert scope["raw_path"] == b"/v1/accounts/A%20%C3%A9/transactions"


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"Records": []},
        {"version": "2.0"},
        rest_event(body="&&&", isBase64Encoded=True),
        http_event(headers=None),
        [],
    ],
)
def test_another_event_is_an_error_with_the_remedy(event: Any) -> None:  # noqa: ANN401 - any event
    with pytest.raises(ProxyEventError, match="give the API a Lambda proxy integration"):
        request_of(event)


def test_a_response_has_the_format_of_its_payload_version() -> None:
    response = ProxyResponse(
        202, [JSON, (b"Set-Cookie", b"a=1"), (b"set-cookie", b"b=2"), (b"Vary", b"Origin")], b'{"a":1}'
    )
    common = {"statusCode": 202, "body": '{"a":1}', "isBase64Encoded": False}
    assert response.answer(is_version_2=False) == common | {
        "multiValueHeaders": {
            "content-type": ["application/json"],
            "set-cookie": ["a=1", "b=2"],
            "vary": ["Origin"],
        }
    }
    assert response.answer(is_version_2=True) == common | {
        "headers": {"content-type": "application/json", "vary": "Origin"},
        "cookies": ["a=1", "b=2"],
    }


@pytest.mark.parametrize("headers", [[(b"content-type", b"image/png")], []])
def test_a_body_that_is_no_text_travels_as_base64(headers: list[tuple[bytes, bytes]]) -> None:
    answer = ProxyResponse(200, headers, b"\x89PNG").answer(is_version_2=True)
    assert (answer["body"], answer["isBase64Encoded"]) == ("iVBORw==", True)

"""A decision API with canned answers, and the use of both detectors on it."""

import asyncio
import dataclasses
from collections.abc import Callable
from typing import Any, Final

import httpx
import orjson

from fraudstream.sdk.async_fraud_detector import AsyncFraudDetector
from fraudstream.sdk.fraud_detector import FraudDetector

URL: Final = "http://decisions.test"
KEY: Final = "dec_Zq7vKd2mWz4R"
CHECKED: Final = {
    "transaction_id": "TXN123456",
    "fraud_score": 0.87,
    "is_fraud": True,
    "risk_level": "HIGH",
    "factors": ["Unusual transaction amount", "High velocity spending", "New merchant"],
    "processing_time_ms": 45,
}
"""The answer of the document that the route comes from."""

Canned = httpx.Response | Exception


@dataclasses.dataclass
class CannedService:
    """Answers each request with the next of ``answers``; an exception is raised instead."""

    answers: list[Canned]
    requests: list[httpx.Request] = dataclasses.field(default_factory=list)
    slept_s: list[float] = dataclasses.field(default_factory=list)

    def handle(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        # As from the network: a body that has not been read yet.
        return httpx.Response(
            answer.status_code, headers=answer.headers, stream=httpx.ByteStream(answer.content)
        )

    async def handle_async(self, request: httpx.Request) -> httpx.Response:
        return self.handle(request)

    async def sleep_async(self, seconds: float) -> None:
        self.slept_s.append(seconds)

    def bodies(self) -> list[Any]:
        return [orjson.loads(request.content) for request in self.requests]


Use = Callable[..., Any]
"""Calls a method of a detector: service, method, its arguments; ``options`` are the detector's."""


def use_blocking(
    service: CannedService,
    method: str,
    *arguments: object,
    options: dict[str, Any] | None = None,
    **named: object,
) -> Any:  # noqa: ANN401 - whatever the method returns
    transport = httpx.MockTransport(service.handle)
    made = FraudDetector(URL, KEY, transport=transport, sleep=service.slept_s.append, **(options or {}))
    with made as detector:
        return getattr(detector, method)(*arguments, **named)


def use_async(
    service: CannedService,
    method: str,
    *arguments: object,
    options: dict[str, Any] | None = None,
    **named: object,
) -> Any:  # noqa: ANN401 - whatever the method returns
    async def use() -> object:
        transport = httpx.MockTransport(service.handle_async)
        made = AsyncFraudDetector(URL, KEY, transport=transport, sleep=service.sleep_async, **(options or {}))
        async with made as detector:
            return await getattr(detector, method)(*arguments, **named)

    return asyncio.run(use())


def json_answer(body: object, status: int = 200, **headers: str) -> httpx.Response:
    return httpx.Response(status, content=orjson.dumps(body), headers=headers)


def problem(status: int, detail: str = "no", **members: object) -> httpx.Response:
    body = {"type": "urn:fraudstream:problem:x", "title": "No", "status": status, "detail": detail}
    return json_answer(body | members, status)


def decisions(*ids: str) -> httpx.Response:
    return json_answer({"decisions": [{"transaction_id": each} for each in ids]})

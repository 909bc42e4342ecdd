"""The gateway's routes over a Kinesis in memory, and requests to them."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import orjson

from fraudstream.runtime.metrics_registry import MetricsRegistry
from fraudstream.streams.stream_settings import StreamSettings
from fraudstream.web.guarded_app import guarded_app
from serving.gateway.gateway_routes import gateway_router
from serving.gateway.ingestion_gateway import IngestionGateway
from serving.serving_names import METRIC_PREFIX, NAMES, PROBLEMS
from serving.serving_settings import ServingSettings
from tests.unit.serving.stream_fakes import HeldKinesis

NOW_MS = 1_767_323_045_678
"""2026-01-02T03:04:05.678Z, the clock of the gateways of the tests."""
TRANSACTIONS = "/v1/transactions"
LABELS = "/v1/labels"
NO_HEADERS: Mapping[str, str] = {}


class GatewayBench:
    """A gateway with its application; ``now_ms`` is its clock, and each stream has a Kinesis of its own."""

    def __init__(self, kinesis: HeldKinesis | None = None, **values: Any) -> None:  # noqa: ANN401 - settings
        self.kinesis = kinesis or HeldKinesis()
        self.now_ms = NOW_MS
        self.settings = ServingSettings.load(env_file=None, **({"auth": "off"} | values))
        self.registry = MetricsRegistry(METRIC_PREFIX)
        self.gateway = IngestionGateway(
            self.settings,
            StreamSettings.load(env_file=None),
            self.registry,
            now_ms=lambda: self.now_ms,
            open_kinesis=lambda *_settings, **_options: self.kinesis.client,
        )
        self.app = guarded_app(
            NAMES,
            self.settings,
            [gateway_router(PROBLEMS, self.gateway)],
            registry=self.registry,
            problems=PROBLEMS,
        )

    def post(self, path: str, body: Any, key: str | None = None, **headers: str) -> httpx.Response:  # noqa: ANN401 - JSON
        """Send one request; ``body`` is bytes or a JSON value, ``key`` an Idempotency-Key."""
        return self.post_all((path, body, key), headers=headers)[0]

    def post_all(
        self,
        *requests: tuple[str, Any, str | None],
        while_sent: Callable[[], object] = list,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> list[httpx.Response]:
        """Send requests at the same time; ``while_sent`` runs in a thread meanwhile."""

        async def together() -> list[httpx.Response]:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://gateway.test") as client:
                sent = [
                    client.post(
                        path,
                        content=body if isinstance(body, bytes) else orjson.dumps(body),
                        headers={"Content-Type": "application/json"}
                        | ({} if key is None else {"Idempotency-Key": key})
                        | dict(headers),
                    )
                    for path, body, key in requests
                ]
                answers, _ = await asyncio.gather(asyncio.gather(*sent), asyncio.to_thread(while_sent))
            await self.gateway.drain()
            return list(answers)

        return asyncio.run(together())

    def metric(self, line: str) -> float:
        """Return the value of a metric, by its name and labels without the prefix; 0 if it has none."""
        found = [
            each.rpartition(" ")[2]
            for each in self.registry.text().decode().splitlines()
            if each.startswith(f"{METRIC_PREFIX}_{line} ")
        ]
        return float(found[0]) if found else 0.0

    @property
    def sent(self) -> list[bytes]:
        """The data that the stream has, in order."""
        return [data for data, _ in self.kinesis.taken]


def transaction(number: int = 1, **fields: object) -> dict[str, object]:
    """Return the record of a transaction that is valid unless the fields change that."""
    record = {
        "transaction_id": f"t{number}",
        "account_id": f"a{number}",
        "event_time": "2026-01-02T03:04:05.678Z",
        "transaction_amount_vnd": 1_000,
    }
    return record | fields


def label(number: int = 1, **fields: object) -> dict[str, object]:
    """Return the record of a label that is valid unless the fields change that."""
    record = transaction(number) | {"is_fraud": True, "available_at": "2026-01-09T00:00:00Z"}
    del record["transaction_amount_vnd"]
    return record | fields

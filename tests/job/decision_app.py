"""The decision API's routes over a SQLite store, the shipped model and a Kinesis in memory."""

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import orjson
from fastapi import FastAPI

from fraudstream.domain.catalogue import BUILT_IN
from fraudstream.online.online_kernel import KernelLimits, OnlineKernel
from fraudstream.profiles.profile_rows import ProfileKey, ProfileProgress, ProfileRow
from fraudstream.profiles.sqlite_profiles import SqliteProfiles
from fraudstream.runtime.metrics_registry import MetricsRegistry
from fraudstream.streams.stream_settings import StreamSettings
from fraudstream.web.guarded_app import guarded_app
from serving.decisions.decision_metrics import DecisionMetrics
from serving.decisions.decision_routes import decision_router
from serving.decisions.decision_service import DecisionService
from serving.gateway.gateway_routes import gateway_router
from serving.gateway.ingestion_gateway import IngestionGateway
from serving.serving_names import METRIC_PREFIX, NAMES, PROBLEMS
from serving.serving_settings import ServingSettings
from tests.unit.serving.stream_fakes import HeldKinesis

NOW_MS = 1_767_323_045_678
"""2026-01-02T03:04:05.678Z, the clock of everything here."""
HASH_KEY = "00112233445566778899aabbccddeeff"
FAR_MS = 2**60


Result = TypeVar("Result")


class DecisionBench:
    """A decision API over a store that `stream` keeps current."""

    def __init__(self, folder: Path, decisions: str = "off", **values: Any) -> None:  # noqa: ANN401 - settings
        streams = StreamSettings.load(env_file=None).model_copy(update={"decisions_stream": decisions})
        self.path = folder / "profiles.db"
        self.store = SqliteProfiles(self.path, timeout_s=5)
        self.kernel = OnlineKernel(BUILT_IN, KernelLimits(), HASH_KEY)
        self.written_until(NOW_MS)
        self.kinesis = HeldKinesis()
        self.registry = MetricsRegistry(METRIC_PREFIX)
        self.settings = ServingSettings.load(
            env_file=None,
            **(
                {
                    "auth": "off",
                    "profile_store": f"sqlite:{self.path}",
                    "hash_key": HASH_KEY,
                    "decision_threads": 1,
                }
                | values
            ),
        )
        self.gateway = IngestionGateway(
            self.settings,
            streams,
            self.registry,
            now_ms=lambda: NOW_MS,
            open_kinesis=lambda *_settings, **_options: self.kinesis.client,
        )
        self.service = DecisionService(
            self.settings,
            streams,
            DecisionMetrics(self.registry),
            self.gateway,
            now_ms=lambda: NOW_MS,
        )
        self._loop = asyncio.new_event_loop()
        self._client: httpx.AsyncClient

    @contextmanager
    def serving(self) -> Iterator["DecisionBench"]:
        """Start the threads, and end them with what they have begun."""

        @asynccontextmanager
        async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
            await self.service.open()
            yield
            await self.service.close()
            await self.gateway.close(5)

        app = guarded_app(
            NAMES,
            self.settings,
            [decision_router(PROBLEMS, self.service), gateway_router(PROBLEMS, self.gateway)],
            registry=self.registry,
            problems=PROBLEMS,
            lifespan=lifespan,
            why_not_ready=self.service.why_not_ready,
        )
        thread = threading.Thread(target=self._loop.run_forever)
        thread.start()
        running = app.router.lifespan_context(app)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=("127.0.0.1", 1))
        self._client = httpx.AsyncClient(transport=transport, base_url="http://decisions.test")
        try:
            self._run(running.__aenter__())
            yield self
            self._run(running.__aexit__(None, None, None))
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join()
            self._loop.close()

    def _run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def written_until(self, time_ms: int) -> None:
        """Report that all changes until then are in the store."""
        for entity in self.kernel.entities:
            self.store.report(
                ProfileProgress(entity=entity, task=0, tasks=1, epoch_ms=1, written_until_ms=time_ms)
            )

    def stream(self, record: bytes) -> None:
        """Let the stream count a transaction."""
        transaction = self.kernel.parse(record, NOW_MS)
        keys = [key for key in transaction.keys if key is not None]
        found = dict(zip(keys, self.store.read(keys), strict=True))
        rows = [None if key is None else found[key] for key in transaction.keys]
        _, changed = self.kernel.apply(transaction, [None if row is None else row.profile for row in rows])
        for key, row, profile in zip(transaction.keys, rows, changed, strict=True):
            if key is not None and profile is not None:
                self.store.write([_row(key, row, profile)], NOW_MS)

    def post(self, path: str, body: Any, **headers: str) -> httpx.Response:  # noqa: ANN401 - JSON
        """Send a request; ``body`` is bytes or a JSON value."""
        content = body if isinstance(body, bytes) else orjson.dumps(body)
        sent = {"Content-Type": "application/json"} | headers
        return self._run(self._client.post(path, content=content, headers=sent))

    def get(self, path: str) -> httpx.Response:
        """Send a GET request."""
        return self._run(self._client.get(path))

    def metric(self, line: str) -> float:
        """Return the value of a metric, by its name and labels without the prefix; 0 if it has none."""
        found = [
            each.rpartition(" ")[2]
            for each in self.registry.text().decode().splitlines()
            if each.startswith(f"{METRIC_PREFIX}_{line} ")
        ]
        return float(found[0]) if found else 0.0


def _row(key: ProfileKey, before: ProfileRow | None, profile: bytes) -> ProfileRow:
    ordinal = 1 if before is None else before.ordinal + 1
    return ProfileRow(
        key=key, epoch_ms=1, ordinal=ordinal, updated_ms=NOW_MS, expires_ms=FAR_MS, profile=profile
    )

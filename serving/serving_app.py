"""Assembly of the decision API's application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from fraudstream.runtime.metrics_registry import MetricsRegistry
from fraudstream.runtime.stop_signals import StopSignal
from fraudstream.streams.stream_settings import StreamSettings
from fraudstream.web.guarded_app import guarded_app
from serving.decisions.decision_metrics import DecisionMetrics
from serving.decisions.decision_routes import decision_router
from serving.decisions.decision_service import DecisionService
from serving.gateway.gateway_routes import gateway_router
from serving.gateway.ingestion_gateway import IngestionGateway
from serving.serving_names import METRIC_PREFIX, NAMES, PROBLEMS
from serving.serving_settings import ServingSettings
from serving.transaction_table.transaction_routes import reader_of, transaction_router


def create_app(settings: ServingSettings, streams: StreamSettings | None = None) -> FastAPI:
    """Return the application; ``streams`` are read from the environment by default.

    Raises `SettingsError` if the keys or the model that the settings name, or the settings of the streams,
    can't be used.
    """
    registry = MetricsRegistry(METRIC_PREFIX)
    streams = streams or StreamSettings.load()
    gateway = IngestionGateway(settings, streams, registry)
    stop = StopSignal()
    open_reader = reader_of(settings.transaction_table, streams, stop)
    service = DecisionService(settings, streams, DecisionMetrics(registry), gateway)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await service.open()
        yield
        stop.set()
        await service.close()
        await gateway.close(settings.shutdown_seconds)

    return guarded_app(
        NAMES,
        settings,
        [
            decision_router(PROBLEMS, service),
            gateway_router(PROBLEMS, gateway),
            transaction_router(PROBLEMS, open_reader),
        ],
        registry=registry,
        problems=PROBLEMS,
        lifespan=lifespan,
        why_not_ready=service.why_not_ready,
    )

"""Routes ``/health`` and ``/ready``, for the service's process manager, and ``/metrics``, for Prometheus."""

from collections.abc import Callable
from typing import Literal

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, ConfigDict

from fraudstream.runtime.metrics_registry import MEDIA_TYPE, MetricsRegistry
from fraudstream.web.guarded_routes import guarded_router
from fraudstream.web.problem_details import Problem, ProblemFormat
from fraudstream.web.problem_openapi import refusals


class Health(BaseModel):
    """Response of a process that is up and accepts clients."""

    model_config = ConfigDict(json_schema_extra={"example": {"status": "ok"}})

    status: Literal["ok"]


class Ready(BaseModel):
    """Response of a process that should get requests."""

    model_config = ConfigDict(json_schema_extra={"example": {"status": "ready"}})

    status: Literal["ready"]


def never_closing() -> bool:
    """Return False: default for services that don't announce their shutdown."""
    return False


def health_router(problems: ProblemFormat, is_closing: Callable[[], bool] = never_closing) -> APIRouter:
    """Return a router with ``GET /health``, which needs no key; its status is 503 once ``is_closing()``."""
    router = APIRouter()

    @router.get("/health", summary="Whether the process can serve", responses=refusals(problems, 413, 503))
    async def health() -> Health:
        """Report health without a key; the status is 503 once the process was asked to shut down."""
        if is_closing():
            raise Problem(503, "the server is shutting down", {"Retry-After": "5"})
        return Health(status="ok")

    return router


def readiness_router(problems: ProblemFormat, why_not: Callable[[], str | None]) -> APIRouter:
    """Return a router with ``GET /ready``, which needs no key; 503 if ``why_not()`` returns a reason."""
    router = APIRouter()

    @router.get(
        "/ready", summary="Whether to send requests to the process", responses=refusals(problems, 413, 503)
    )
    async def ready() -> Ready:
        """Report readiness without a key; a load balancer sends no requests while the status is 503."""
        reason = why_not()
        if reason is not None:
            raise Problem(503, reason, {"Retry-After": "1"})
        return Ready(status="ready")

    return router


def metrics_router(problems: ProblemFormat, registry: MetricsRegistry) -> APIRouter:
    """Return a router with ``GET /metrics``: the metrics of ``registry``, for any valid key or JWT."""
    router = guarded_router(problems)
    example = f"{registry.prefix}_request_seconds_count 2.0\n"

    @router.get(
        "/metrics",
        summary="Counters for Prometheus",
        response_class=PlainTextResponse,
        responses={200: {"content": {"text/plain": {"example": example}}}},
    )
    async def prometheus() -> PlainTextResponse:
        """Return the metrics of this process in Prometheus' text format."""
        return PlainTextResponse(registry.text(), media_type=MEDIA_TYPE)

    return router

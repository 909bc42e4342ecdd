"""Application factory of HTTP services, with authentication, limits, health and metrics."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.middleware.cors import CORSMiddleware

from fraudstream.runtime.metrics_registry import MetricsRegistry
from fraudstream.runtime.structured_logs import get_logger
from fraudstream.web.api_keys import KEY_HEADER
from fraudstream.web.authentication import Authenticator
from fraudstream.web.documentation_pages import documentation_router
from fraudstream.web.head_requests import HeadRequests
from fraudstream.web.health_routes import (
    health_router,
    metrics_router,
    never_closing,
    readiness_router,
)
from fraudstream.web.problem_details import ProblemFormat
from fraudstream.web.problem_openapi import PROBLEM_SCHEMA
from fraudstream.web.query_tokens import QueryTokens
from fraudstream.web.rate_limits import RateLimiter
from fraudstream.web.request_context import ID_HEADER, RequestContext
from fraudstream.web.request_guard import RequestGuard
from fraudstream.web.request_metrics import RequestMetrics
from fraudstream.web.security_headers import SecurityHeaders
from fraudstream.web.service_names import ServiceNames
from fraudstream.web.web_settings import WebSettings

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]
NO_SCHEMAS: Mapping[str, Any] = {}


def guarded_app(  # noqa: PLR0913 - the parts of a service
    names: ServiceNames,
    settings: WebSettings,
    routers: Sequence[APIRouter],
    *,
    registry: MetricsRegistry,
    problems: ProblemFormat,
    lifespan: Lifespan | None = None,
    is_closing: Callable[[], bool] = never_closing,
    untimed_routes: frozenset[str] = frozenset(),
    schemas: Mapping[str, Any] = NO_SCHEMAS,
    is_any_origin_allowed: bool = False,
    query_tokens: QueryTokens | None = None,
    why_not_ready: Callable[[], str | None] | None = None,
) -> FastAPI:
    """Return an application with the ``routers``, ``/health`` and ``/metrics``, all behind a `RequestGuard`.

    ``registry`` receives the request metrics; requests to ``untimed_routes`` are not timed. ``/health``
    responds with 503 once ``is_closing`` returns True. ``schemas`` are additional components of the OpenAPI
    document. ``is_any_origin_allowed`` lets every web page call the service, which no setting can.
    ``query_tokens`` are credentials for clients that can't send headers. ``why_not_ready`` adds ``/ready``,
    which responds with 503 and the reason that it returns, if it returns one. Raises
    `SettingsError` if the keys named in the settings can't be used.
    """
    logger = get_logger(names.logger)
    authenticator = Authenticator(settings) if settings.auth == "on" else None
    if authenticator is None:
        logger.warning(
            "authentication is off: anyone who can reach this port can read and change the configuration"
        )
    app = FastAPI(
        title=names.title,
        version=names.version,
        description=names.description,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        # A redirect would send the caller, with the key, to the scheme and host that this process sees.
        redirect_slashes=False,
    )
    own: tuple[APIRouter, ...] = (
        metrics_router(problems, registry),
        health_router(problems, is_closing),
        documentation_router(names.title),
    )
    if why_not_ready is not None:
        own = (*own, readiness_router(problems, why_not_ready))
    for router in (*routers, *own):
        app.include_router(router)
    problems.install(app)
    app.add_middleware(HeadRequests)
    # The middleware added last is the outermost: refusals of the guard also get an id and CORS headers.
    app.add_middleware(
        RequestGuard,
        authenticator=authenticator,
        limiter=RateLimiter(settings.rate_limit),
        max_body_bytes=settings.max_body_bytes,
        problems=problems,
        realm=names.realm,
        query_tokens=query_tokens,
    )
    origins = ("*",) if is_any_origin_allowed else settings.cors_origins
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["GET", "POST"],
            allow_headers=[
                KEY_HEADER,
                "Authorization",
                "Content-Type",
                "Last-Event-ID",
                ID_HEADER,
                "Idempotency-Key",
            ],
            expose_headers=[ID_HEADER, "Retry-After", "Idempotent-Replayed"],
        )
    app.add_middleware(
        RequestContext, logger=logger, metrics=RequestMetrics(registry, untimed_routes), problems=problems
    )
    app.add_middleware(SecurityHeaders, is_https=settings.tls_certificate_file is not None)
    components = {"Problem": PROBLEM_SCHEMA, **schemas}
    app.openapi = lambda: _openapi(app, components)  # type: ignore[method-assign]
    return app


def _openapi(app: FastAPI, schemas: Mapping[str, Any]) -> dict[str, Any]:
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        document.setdefault("components", {}).setdefault("schemas", {}).update(schemas)
        app.openapi_schema = document
    return app.openapi_schema

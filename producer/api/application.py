"""The application, put together from its parts."""

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from types import FrameType
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.middleware.cors import CORSMiddleware

from fraudstream.runtime.clock import AsyncClock
from producer.api.auth import KEY_HEADER, Authenticator
from producer.api.hub import Hub
from producer.api.limiting import RateLimiter
from producer.api.logs import LOGGER
from producer.api.middleware import ID_HEADER, Guard, RequestContext
from producer.api.problems import install
from producer.api.routes import open_router, router
from producer.api.schemas import COMPONENTS
from producer.api.service import Service
from producer.api.settings import ApiSettings

VERSION: Final = "1.0.0"
DESCRIPTION: Final = (
    "Synthetic transactions of a simulated Vietnamese bank, for the test of fraud detection. "
    "No transaction is anybody's, and none says whether it is fraud."
)


def create_app(settings: ApiSettings, clock: AsyncClock | None = None) -> FastAPI:
    """Return the application; raises `SettingsError` if the keys that the settings name can't be used."""
    authenticator = Authenticator(settings) if settings.auth == "on" else None
    if authenticator is None:
        LOGGER.warning("authentication is off: everybody who reaches this port may ask and configure")
    service = Service(settings, clock or AsyncClock())
    app = FastAPI(title="Transaction API", version=VERSION, description=DESCRIPTION, lifespan=_lifespan)
    app.state.service = service
    app.include_router(open_router)
    app.include_router(router)
    install(app)
    # The last one added is the outermost: a refusal of the guard has its id and its CORS headers too.
    app.add_middleware(
        Guard,
        authenticator=authenticator,
        limiter=RateLimiter(settings.rate_limit),
        max_body_bytes=settings.max_body_bytes,
    )
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST"],
            allow_headers=[KEY_HEADER, "Authorization", "Content-Type", "Last-Event-ID", ID_HEADER],
            expose_headers=[ID_HEADER, "Retry-After"],
        )
    app.add_middleware(RequestContext, metrics=service.metrics)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    service: Service = app.state.service
    LOGGER.info("starting", extra={"settings": dict(service.settings.table())})
    await service.source.open()
    with _goodbye_on_signals(service.hub):
        yield
    await service.hub.ended()
    LOGGER.info("ended", extra={"transactions_served": service.source.taken})


@contextmanager
def _goodbye_on_signals(hub: Hub) -> Iterator[None]:
    """Say goodbye to the stream's clients when the process is asked to end, then let the server end.

    A server waits for open answers before it ends the lifespan, and a stream is one without an end.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    previous = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(hub.close, "the server ends")
        server_handler = previous[signal.Signals(number)]
        if callable(server_handler):
            server_handler(number, frame)

    for number in previous:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        schema["components"]["schemas"] |= COMPONENTS
        app.openapi_schema = schema
    return app.openapi_schema

"""Assembly of the Transaction API's application."""

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from types import FrameType

from fastapi import FastAPI

from fraudstream.runtime.clock import AsyncClock
from fraudstream.web.guarded_app import guarded_app
from producer.api.api_log import log_end, log_start
from producer.api.api_settings import ApiSettings
from producer.api.hub import Hub
from producer.api.identity import NAMES, PROBLEMS
from producer.api.routes import router
from producer.api.schemas import COMPONENTS
from producer.api.service import STREAM_PATH, Service


def create_app(
    settings: ApiSettings, clock: AsyncClock | None = None, *, is_any_origin_allowed: bool = False
) -> FastAPI:
    """Return the application; raises `SettingsError` if the keys that the settings name can't be used.

    ``is_any_origin_allowed`` lets every web page call it: see `producer.api.development`.
    """
    service = Service(settings, clock or AsyncClock())
    app = guarded_app(
        NAMES,
        settings,
        [router],
        registry=service.metrics.registry,
        problems=PROBLEMS,
        lifespan=_lifespan,
        is_closing=lambda: service.hub.is_closing,
        untimed_routes=frozenset({STREAM_PATH}),
        schemas=COMPONENTS,
        is_any_origin_allowed=is_any_origin_allowed,
        query_tokens=service.stream_tokens,
    )
    app.state.service = service
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    service: Service = app.state.service
    log_start(service.settings)
    await service.source.open()
    with _goodbye_on_signals(service.hub):
        yield
    await service.hub.shut_down()
    log_end(service.source.taken)


@contextmanager
def _goodbye_on_signals(hub: Hub) -> Iterator[None]:
    """On SIGINT or SIGTERM, send the stream's clients their last event, then let the server end.

    A server waits for open responses before it ends the lifespan, and a stream never ends by itself.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    previous = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(hub.close, "the server is shutting down")
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

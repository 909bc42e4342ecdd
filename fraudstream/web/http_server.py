"""HTTP server: runs an application until a stop signal."""

from typing import Final

import uvicorn
from fastapi import FastAPI

from fraudstream.runtime.stop_signals import stop_on_signals
from fraudstream.runtime.structured_logs import configure_logging
from fraudstream.web.service_names import ServiceNames
from fraudstream.web.web_settings import WebSettings

SERVER_LOGGER: Final = "uvicorn"
ACCESS_LOGGER: Final = "uvicorn.access"
"""Logger of the server's access log; it is off, as `RequestContext` logs each request with its id."""


def configure_service_logging(names: ServiceNames, settings: WebSettings) -> None:
    """Log the service and the server to stderr as JSON; call this before creating the application."""
    configure_logging(settings.log_level, (names.logger, SERVER_LOGGER), silenced=(ACCESS_LOGGER,))


def run_server(app: FastAPI, settings: WebSettings) -> None:
    """Serve until Ctrl-C or SIGTERM; open requests then have ``shutdown_seconds`` to complete."""
    # The server stops on a signal and re-raises it when done; a handler lets the process exit with code 0.
    stop_on_signals()
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=settings.shutdown_seconds,
    )

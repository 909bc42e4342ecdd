"""Runs an application until it is asked to end."""

from typing import Final

import uvicorn
from fastapi import FastAPI

from fraudstream.runtime.stop_signals import stop_on_signals
from fraudstream.runtime.structured_logs import configure_logging
from fraudstream.web.service_names import ServiceNames
from fraudstream.web.web_settings import WebSettings

SERVER_LOGGER: Final = "uvicorn"
ACCESS_LOGGER: Final = "uvicorn.access"
"""Logger of the server's own line for each request; it is off, as `RequestContext` writes one with an id."""


def configure_service_logging(names: ServiceNames, settings: WebSettings) -> None:
    """Let the service and the server log to stderr, as JSON; call it before the application is made."""
    configure_logging(settings.log_level, (names.logger, SERVER_LOGGER), silenced=(ACCESS_LOGGER,))


def run_server(app: FastAPI, settings: WebSettings) -> None:
    """Serve until Ctrl-C or SIGTERM; open requests then have ``shutdown_seconds`` to end."""
    # The server ends on a signal and raises it again when it is done; the process then ends with code 0.
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

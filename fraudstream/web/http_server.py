"""HTTP server: runs an application until a stop signal, with the limits of its settings."""

import ipaddress
import logging
import socket
import ssl
from collections.abc import Callable
from typing import Final

import uvicorn
from fastapi import FastAPI

from fraudstream.runtime.loopback import occupied
from fraudstream.runtime.repeat_limit import RepeatFilter, RepeatLimit
from fraudstream.runtime.settings_sources import SettingsError
from fraudstream.runtime.stop_signals import stop_on_signals
from fraudstream.runtime.structured_logs import configure_logging
from fraudstream.web.bounded_connection import bounded_connections
from fraudstream.web.connection_limits import ConnectionLimits, reserve_descriptors
from fraudstream.web.server_loop import BoundedLoop
from fraudstream.web.service_names import ServiceNames
from fraudstream.web.tls import server_context
from fraudstream.web.web_settings import WebSettings

SERVER_LOGGER: Final = "uvicorn"
ERROR_LOGGER: Final = "uvicorn.error"
"""Logger of the server's own messages, among them one for each connection that it refuses."""
ACCESS_LOGGER: Final = "uvicorn.access"
"""Logger of the server's access log; it is off, as `RequestContext` logs each request with its id."""
REFUSALS_PER_MINUTE: Final = 60
START_FAILED: Final = 3
"""Exit code of a server whose application does not start, as Uvicorn has it."""
_ContextFactory = Callable[[uvicorn.Config, Callable[[], ssl.SSLContext]], ssl.SSLContext]


def configure_service_logging(names: ServiceNames, settings: WebSettings) -> None:
    """Log the service and the server to stderr as JSON; call this before creating the application."""
    configure_logging(settings.log_level, (names.logger, SERVER_LOGGER), silenced=(ACCESS_LOGGER,))
    logging.getLogger(ERROR_LOGGER).filters = [RepeatFilter(RepeatLimit(REFUSALS_PER_MINUTE))]


def connection_limits(settings: WebSettings) -> ConnectionLimits:
    """Return the limits of the settings; trusted proxies speak for many addresses."""
    return ConnectionLimits(
        head_s=settings.head_timeout_seconds,
        body_s=settings.body_timeout_seconds,
        idle_s=settings.idle_timeout_seconds,
        write_s=settings.write_timeout_seconds,
        head_bytes=settings.max_head_bytes,
        connections=settings.max_connections,
        per_address=settings.max_connections_per_address,
        exempt=tuple(ipaddress.ip_network(proxy) for proxy in settings.trusted_proxies),
    )


def run_server(app: FastAPI, settings: WebSettings, listening: socket.socket | None = None) -> None:
    """Serve until Ctrl-C or SIGTERM; open requests then have ``shutdown_seconds`` to complete.

    ``listening`` is a socket that several processes share, in place of the address of the settings. Raises
    `SettingsError` if the process may not open as many connections as the settings allow, or cannot listen
    on their address.
    """
    reserve_descriptors(settings.max_connections)
    if listening is None:
        check_port(settings)
    # The server stops on a signal and re-raises it when done; a handler lets the process exit with code 0.
    stop_on_signals()
    server = uvicorn.Server(server_config(app, settings))
    server.run(None if listening is None else [listening])
    if not server.started:
        raise SystemExit(START_FAILED)


def check_port(settings: WebSettings) -> None:
    """Raise `SettingsError` if another program has the port of the settings."""
    reason = occupied(settings.host, settings.port)
    if reason is not None:
        msg = f"port: {reason}; stop the program that uses it, or choose another one with --port"
        raise SettingsError(msg)


def server_config(app: FastAPI, settings: WebSettings) -> uvicorn.Config:
    """Return Uvicorn's configuration for the settings; it belongs to one server."""
    limits = connection_limits(settings)
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=bounded_connections(limits),
        ws="none",
        loop=f"{BoundedLoop.__module__}:{BoundedLoop.__name__}",
        log_config=None,
        access_log=False,
        server_header=False,
        # Uvicorn trusts the headers of proxies on this machine by default.
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_keep_alive=limits.idle_s,  # type: ignore[arg-type] # a loop's timers take fractions
        timeout_graceful_shutdown=settings.shutdown_seconds,
        h11_max_incomplete_event_size=limits.head_bytes,
        ssl_context_factory=_tls(settings),
    )


def _tls(settings: WebSettings) -> _ContextFactory | None:
    certificate, key = settings.tls_certificate_file, settings.tls_key_file
    if certificate is None or key is None:
        return None
    return lambda _config, _default: server_context(certificate, key)

"""A real server in a thread, on a free loopback port, for tests with raw sockets."""

import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
from fastapi import FastAPI

from fraudstream.runtime.repeat_limit import RepeatFilter
from fraudstream.web.http_server import ERROR_LOGGER, server_config
from tests.unit.web.tiny_service import settings

PATIENCE_S = 20.0
"""How long a test waits before it fails; nothing is measured."""


@dataclass(frozen=True)
class RunningServer:
    """A server that accepts connections."""

    port: int
    uvicorn: uvicorn.Server

    def connect(self, data: bytes = b"", *, receive_buffer: int | None = None) -> socket.socket:
        """Open a connection and send ``data``."""
        connection = socket.socket()
        if receive_buffer is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.settimeout(PATIENCE_S)
        connection.connect(("127.0.0.1", self.port))
        connection.sendall(data)
        return connection

    def ask(self, path: str, *headers: str) -> bytes:
        """Return the whole response to a request on a connection of its own."""
        lines = [f"GET {path} HTTP/1.1", "Host: tiny.test", "Connection: close", *headers]
        with self.connect(("\r\n".join(lines) + "\r\n\r\n").encode()) as connection:
            return everything(connection)

    @property
    def connections(self) -> int:
        """Number of connections that the server holds."""
        return len(self.uvicorn.server_state.connections)


def everything(connection: socket.socket) -> bytes:
    """Return what arrives until the server closes the connection; a reset counts as closing."""
    received = bytearray()
    try:
        while data := connection.recv(65_536):
            received += data
    except ConnectionResetError:
        pass
    return bytes(received)


@contextmanager
def running(app: FastAPI, **values: Any) -> Iterator[RunningServer]:  # noqa: ANN401 - those of the settings
    """Serve ``app`` for the duration of the block with the limits of the settings."""
    server = uvicorn.Server(server_config(app, settings(port=0, **values)))
    ready = threading.Event()
    start = server.startup

    async def startup(sockets: list[socket.socket] | None = None) -> None:
        await start(sockets)
        ready.set()

    server.startup = startup  # type: ignore[method-assign] # tells the test when it listens
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert ready.wait(PATIENCE_S)
        yield RunningServer(server.servers[0].sockets[0].getsockname()[1], server)
    finally:
        server.should_exit = True
        thread.join(PATIENCE_S)
        logger = logging.getLogger(ERROR_LOGGER)
        logger.filters = [each for each in logger.filters if not isinstance(each, RepeatFilter)]
    assert not thread.is_alive()

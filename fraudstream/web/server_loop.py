"""Event loop of a server: asyncio's, with a deadline for TLS handshakes that Uvicorn has no option for."""

import asyncio
from typing import Any, Final

HANDSHAKE_TIMEOUT_S: Final = 10.0
"""asyncio waits 60 s; a handshake is three messages."""
SHUTDOWN_TIMEOUT_S: Final = 5.0
"""Time in which a client must acknowledge that a TLS connection ends; asyncio waits 30 s."""


class BoundedLoop(asyncio.SelectorEventLoop):
    """An event loop whose servers end TLS handshakes that take too long."""

    async def create_server(self, *arguments: Any, **options: Any) -> asyncio.Server:  # noqa: ANN401 - asyncio's
        """Start a server; see `asyncio.loop.create_server`."""
        if options.get("ssl") is not None:
            options = {
                "ssl_handshake_timeout": HANDSHAKE_TIMEOUT_S,
                "ssl_shutdown_timeout": SHUTDOWN_TIMEOUT_S,
            } | options
        return await super().create_server(*arguments, **options)

"""TCP proxy on loopback whose network can be cut: bytes wait, as those of a partition that heals do."""

import contextlib
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from localrun.job_process import free_port

CHUNK_BYTES: Final = 65_536
CHECK_S: Final = 0.05


class TcpProxy:
    """Forwards connections of ``port`` to ``target_port``; both are free ports of loopback, chosen here.

    While it is cut, no byte passes in either direction, and connections are accepted and stay open.
    """

    def __init__(self) -> None:
        self.target_port = free_port()
        self._server = socket.create_server(("127.0.0.1", 0))
        # A caller may be gone before it is accepted; `close` must not wait for the next one.
        self._server.settimeout(CHECK_S)
        self.port: int = self._server.getsockname()[1]
        self._is_whole = threading.Event()
        self._is_whole.set()
        self._is_closed = threading.Event()
        self.held = 0
        """Number of times that bytes had to wait because the proxy was cut."""
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Close the port and all connections."""
        self._is_closed.set()
        self._is_whole.set()
        # The thread waits on the socket, which must stay open until it ends.
        self._thread.join()
        self._server.close()

    @contextmanager
    def cut(self) -> Iterator[None]:
        """Let no byte pass while the block runs."""
        self._is_whole.clear()
        try:
            yield
        finally:
            self._is_whole.set()

    def _accept(self) -> None:
        while not self._is_closed.is_set():
            if not select.select([self._server], [], [], CHECK_S)[0]:
                continue
            with contextlib.suppress(OSError):
                accepted, _ = self._server.accept()
                threading.Thread(target=self._serve, args=(accepted,), daemon=True).start()

    def _serve(self, accepted: socket.socket) -> None:
        with accepted:
            self._wait_until_whole()
            try:
                target = socket.create_connection(("127.0.0.1", self.target_port))
            except OSError:
                return
            with target, contextlib.suppress(OSError):
                self._relay({accepted: target, target: accepted})

    def _relay(self, other: dict[socket.socket, socket.socket]) -> None:
        """Forward bytes in both directions until one end closes."""
        while not self._is_closed.is_set():
            for source in select.select(list(other), [], [], CHECK_S)[0]:
                data = source.recv(CHUNK_BYTES)
                self._wait_until_whole()
                if not data:
                    return
                other[source].sendall(data)

    def _wait_until_whole(self) -> None:
        if not self._is_whole.is_set():
            self.held += 1
            self._is_whole.wait()

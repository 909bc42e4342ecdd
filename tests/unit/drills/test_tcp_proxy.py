"""The proxy between JobManager and TaskManager: forwards, holds bytes while it is cut, and closes."""

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from drills.tcp_proxy import TcpProxy


@pytest.fixture(name="proxy")
def fixture_proxy() -> Iterator[TcpProxy]:
    """Return a proxy of a server that sends everything back."""
    with closing(TcpProxy()) as proxy, socket.create_server(("127.0.0.1", proxy.target_port)) as server:
        threading.Thread(target=echo, args=(server,), daemon=True).start()
        yield proxy


def echo(server: socket.socket) -> None:
    while True:
        try:
            accepted, _ = server.accept()
        except OSError:
            return
        with accepted:
            while data := accepted.recv(1_000):
                accepted.sendall(data)


def connect(proxy: TcpProxy, timeout_s: float = 10) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout_s)


def test_bytes_pass_in_both_directions(proxy: TcpProxy) -> None:
    with connect(proxy) as caller:
        caller.sendall(b"one")
        assert caller.recv(10) == b"one"
    assert proxy.held == 0


def test_bytes_wait_while_it_is_cut_and_pass_afterwards(proxy: TcpProxy) -> None:
    with connect(proxy) as caller:
        caller.sendall(b"one")
        assert caller.recv(10) == b"one"
        with proxy.cut():
            caller.settimeout(0.3)
            caller.sendall(b"two")
            with pytest.raises(TimeoutError):
                caller.recv(10)
        caller.settimeout(10)
        assert caller.recv(10) == b"two"
    assert proxy.held == 1


def test_a_connection_that_is_made_while_it_is_cut_is_served_afterwards(proxy: TcpProxy) -> None:
    with proxy.cut():
        caller = connect(proxy)
        caller.sendall(b"one")
    with caller:
        assert caller.recv(10) == b"one"


def test_the_end_of_a_connection_passes(proxy: TcpProxy) -> None:
    with connect(proxy) as caller:
        caller.shutdown(socket.SHUT_WR)
        assert caller.recv(10) == b""


def test_closing_it_between_two_looks_at_its_port_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    about_to_wait = threading.Event()
    errors: list[threading.ExceptHookArgs] = []
    really_wait = select.select

    def wait_late(*of: Any) -> Any:  # noqa: ANN401 - the arguments and result of select
        about_to_wait.set()
        threading.Event().wait(0.2)
        return really_wait(*of)

    monkeypatch.setattr("select.select", wait_late)
    monkeypatch.setattr("threading.excepthook", errors.append)
    with closing(TcpProxy()):
        assert about_to_wait.wait(10)
    assert errors == []


def test_a_target_that_does_not_listen_ends_the_connection() -> None:
    with closing(TcpProxy()) as proxy, connect(proxy) as caller:
        assert caller.recv(10) == b""

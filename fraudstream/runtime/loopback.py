"""Loopback addresses, which are called directly: a proxy must never see what stays on this machine."""

import ipaddress
import socket
import urllib.request
from typing import IO
from urllib.parse import urlsplit


def is_loopback_host(host: str) -> bool:
    """Whether a host name or address is this machine's own."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"


def is_loopback_url(url: str) -> bool:
    """Whether a URL names this machine; False for an invalid URL."""
    try:
        host = urlsplit(url).hostname
    except ValueError:
        return False
    return host is not None and is_loopback_host(host)


def open_url(target: urllib.request.Request | str, timeout_s: float) -> IO[bytes]:
    """Open an HTTP URL as ``urllib.request.urlopen`` does, but without a proxy if it is on this machine."""
    url = target if isinstance(target, str) else target.full_url
    handlers = [urllib.request.ProxyHandler({})] if is_loopback_url(url) else []
    answer: IO[bytes] = urllib.request.build_opener(*handlers).open(target, timeout=timeout_s)
    return answer


def occupied(host: str, port: int) -> str | None:
    """Return why no program can listen on an address now, or None; port 0 is any free one.

    The answer is for a message to people: another program can take the port right after it.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as candidate:
            # As servers do: the connections of a predecessor that has ended do not keep a port.
            candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            candidate.bind(address)
    except OSError as error:
        return f"cannot listen on {host} port {port} ({error.strerror or error})"
    return None

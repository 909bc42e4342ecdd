"""Loopback addresses, which are called directly: a proxy must never see what stays on this machine."""

import ipaddress
import urllib.request
from typing import IO, Final
from urllib.parse import urlsplit

MAX_ANSWER_BYTES: Final = 16 * 1024 * 1024


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


def open_url(request: urllib.request.Request, timeout_s: float) -> IO[bytes]:
    """Open a URL as ``urllib.request.urlopen`` does, but without a proxy if it is on this machine."""
    handlers = [urllib.request.ProxyHandler({})] if is_loopback_url(request.full_url) else []
    answer: IO[bytes] = urllib.request.build_opener(*handlers).open(request, timeout=timeout_s)
    return answer

"""Limits of a server's connections, and the check that the process has the file descriptors for them."""

import resource
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from fraudstream.runtime.settings_sources import SettingsError

RESERVED_DESCRIPTORS: Final = 64
"""File descriptors for logs, files, the event loop, and connections that are being refused."""
CHECKS_PER_TIMEOUT: Final = 4
LONGEST_CHECK_INTERVAL_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Deadlines in seconds, sizes in bytes, and numbers of connections.

    ``head_s`` and ``body_s`` are totals from the first byte, however slowly the rest comes. ``write_s``
    is the time in which a client must read something of a response, and a closed connection must be gone.
    Addresses in networks of ``exempt`` (proxies) may have more than ``per_address`` connections.
    """

    head_s: float
    body_s: float
    idle_s: float
    write_s: float
    head_bytes: int
    connections: int
    per_address: int
    exempt: tuple[IPv4Network | IPv6Network, ...] = ()

    @property
    def check_interval_s(self) -> float:
        """Interval of the checks of a connection: a deadline is exceeded by at most a quarter of it."""
        shortest = min(self.head_s, self.body_s, self.write_s)
        return min(LONGEST_CHECK_INTERVAL_S, shortest / CHECKS_PER_TIMEOUT)

    def is_exempt(self, address: str) -> bool:
        """Whether an address (see `plain_address`) may have more than ``per_address`` connections.

        A text that is no IP address, as of a UNIX socket's peer, is not exempt.
        """
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self.exempt)


def plain_address(address: str) -> str:
    """Return the IPv4 address that an IPv6 socket shows as ``::ffff:10.0.0.1``; other texts unchanged."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return str(mapped or address)


def reserve_descriptors(connections: int) -> None:
    """Raise the soft limit of open files so that ``connections`` fit.

    Raises `SettingsError` if the hard limit forbids it: an attack could otherwise stop the server
    from accepting.
    """
    needed = connections + RESERVED_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    if hard != resource.RLIM_INFINITY and hard < needed:
        msg = (
            f"max_connections: {connections:,} connections need {needed:,} file descriptors, but the limit "
            f"of this process is {hard:,}: raise that, or set {hard - RESERVED_DESCRIPTORS:,}"
        )
        raise SettingsError(msg)
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))

import resource
from ipaddress import ip_network

import pytest

from fraudstream.runtime.settings_sources import SettingsError
from fraudstream.web.connection_limits import RESERVED_DESCRIPTORS, plain_address, reserve_descriptors
from fraudstream.web.http_server import connection_limits
from tests.unit.web.tiny_service import settings

Limits = tuple[int, int]


@pytest.fixture
def descriptors(monkeypatch: pytest.MonkeyPatch) -> list[Limits]:
    """Return the limits of open files, the last one in force."""
    limits = [(1_024, 4_096)]
    monkeypatch.setattr(resource, "getrlimit", lambda _what: limits[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda _what, pair: limits.append(pair))
    return limits


def test_the_soft_limit_of_open_files_is_raised_if_needed(descriptors: list[Limits]) -> None:
    reserve_descriptors(1_024 - RESERVED_DESCRIPTORS)
    assert descriptors == [(1_024, 4_096)]
    reserve_descriptors(2_000)
    assert descriptors[-1] == (2_064, 4_096)


def test_more_connections_than_open_files_are_refused_with_the_number_that_fits(
    descriptors: list[Limits],
) -> None:
    with pytest.raises(SettingsError, match=r"max_connections: 5,000 .* need 5,064 .* set 4,032"):
        reserve_descriptors(5_000)
    assert descriptors == [(1_024, 4_096)]


@pytest.mark.parametrize("limits", [(-1, -1), (512, -1)])
def test_unlimited_open_files_are_enough(
    descriptors: list[Limits], monkeypatch: pytest.MonkeyPatch, limits: Limits
) -> None:
    monkeypatch.setattr(resource, "RLIM_INFINITY", -1)
    descriptors.append(limits)
    reserve_descriptors(100_000)
    assert descriptors[-1] in {(-1, -1), (100_064, -1)}


def test_deadlines_are_checked_often_enough_and_not_too_often() -> None:
    limits = connection_limits(settings(head_timeout_seconds=2, body_timeout_seconds=30))
    assert limits.check_interval_s == 0.5
    assert connection_limits(settings()).check_interval_s == 1.0


@pytest.mark.parametrize(
    ("address", "plain"),
    [
        ("::ffff:10.0.0.9", "10.0.0.9"),
        ("::FFFF:a00:9", "10.0.0.9"),
        ("10.0.0.9", "10.0.0.9"),
        ("2001:db8::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("unknown", "unknown"),
    ],
)
def test_an_ipv4_client_of_an_ipv6_socket_has_its_ipv4_address(address: str, plain: str) -> None:
    assert plain_address(address) == plain


def test_a_trusted_proxy_is_exempt_from_the_limit_per_address() -> None:
    limits = connection_limits(settings(trusted_proxies="10.0.0.0/24"))
    assert limits.exempt == (ip_network("10.0.0.0/24"),)
    assert limits.is_exempt("10.0.0.9")
    assert not limits.is_exempt("10.0.1.9")


@pytest.mark.parametrize("address", ["unknown", "", "testclient", "/run/api.sock"])
def test_a_peer_without_an_ip_address_is_not_exempt(address: str) -> None:
    limits = connection_limits(settings(trusted_proxies="10.0.0.0/24,2001:db8::/32"))
    assert not limits.is_exempt(address)
